"""Bills in the order in which they are gone through to be reminded of: a batch begins behind the one before."""

from tortoise import migrations
from tortoise.migrations import operations as ops

IN_ORDER = """
drop index billing_bill_status_due_on_idx;
create index billing_bill_status_due_on_idx on billing_bill (tenant_id, status, due_on, id) where status <> 'draft';
"""
"""Of a million bills that are due on one day each batch would otherwise read all that were reminded before."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0050_applicants_consent")]

    operations = [ops.RunSQL(IN_ORDER)]
