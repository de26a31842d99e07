"""What large numbers need: indexes without drafts, and the newest institutions."""

from tortoise import migrations
from tortoise.migrations import operations as ops

NEWEST = """
drop index tenants_tenant_newest_idx;
create index tenants_tenant_newest_idx on tenants_tenant (bank_id, live_at desc nulls last, id) include (branch_id);
"""
"""Who went live lately is counted branch by branch from the index alone."""

ISSUED = """
drop index billing_bill_number_key;
drop index billing_bill_status_due_on_idx;
drop index billing_bill_period_place_idx;
create unique index billing_bill_number_key on billing_bill (tenant_id, number) where status <> 'draft';
create index billing_bill_status_due_on_idx on billing_bill (tenant_id, status, due_on) where status <> 'draft';
create index billing_bill_period_place_idx on billing_bill (tenant_id, period, place) where status <> 'draft';
"""
"""Drafts are looked up by run, account and id only. Kept out of the others, they are not written there twice, and what
is issued is added at these indexes' ends, where a million rows between full pages would split each of them."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0038_board_clouds")]

    operations = [ops.RunSQL(NEWEST), ops.RunSQL(ISSUED)]
