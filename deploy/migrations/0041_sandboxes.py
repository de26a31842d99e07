"""A sandbox of a vendor for each scenario: an app for classes is tried at a class, one for patients at a patient."""

from tortoise import migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

from deploy.columns import Rewritten

FIRST = """
alter table integrations_vendor add column sandbox_tenant_ids uuid[] not null default '{}';
alter table integrations_vendor no force row level security;
update integrations_vendor set sandbox_tenant_ids = array[sandbox_tenant_id] where sandbox_tenant_id is not null;
alter table integrations_vendor force row level security;
alter table integrations_vendor drop column sandbox_tenant_id;
"""
"""What was the one sandbox is the first of them."""

OPEN_ONE = """
create or replace function sandbox_of(vendor uuid) returns uuid language plpgsql stable parallel safe as
  $$ begin return (select scope_tenant() from integrations_vendor v
                    where v.id = vendor and scope_tenant() = any (v.sandbox_tenant_ids)); end $$;
"""
"""The open tenant, if it is one of this vendor's sandboxes."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0040_estate_words")]

    operations = [
        Rewritten(
            "Vendor",
            "sandbox_tenant_id",
            "sandbox_tenant_ids",
            ArrayField(db_default=SqlDefault("'{}'"), element_type="UUID"),
            FIRST,
        ),
        ops.RunSQL(OPEN_ONE),
    ]
