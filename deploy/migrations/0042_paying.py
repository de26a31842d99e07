"""What those who pay read: the notes of an invoice in every language."""

from tortoise import migrations

from deploy.columns import Rewritten, document

BOTH = """
alter table community_pool_invoice add column notes jsonb not null default '{}';
alter table community_pool_invoice no force row level security;
update community_pool_invoice set notes = jsonb_build_object('en', note) where note <> '';
alter table community_pool_invoice force row level security;
alter table community_pool_invoice drop column note, alter column notes drop default;
"""
"""What was written once is taken for English, which is shown where there is nothing else."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0041_sandboxes")]

    operations = [Rewritten("PoolInvoice", "note", "notes", document(), BOTH)]
