"""A vendor's sandbox is no institution of the bank: it is marked as one, and counted nowhere."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

TABLES = ("tenants_tenant", "tenants_tenant_count", "tenants_live_count", "integrations_vendor")
OPENED = "\n".join(f"alter table {table} no force row level security;" for table in TABLES)
CLOSED = "\n".join(f"alter table {table} force row level security;" for table in TABLES)
"""The owner marks and counts every bank's at once, and is bound by the walls again afterwards."""
MARKED = """
update tenants_tenant set is_sandbox = true where id in (select unnest(sandbox_tenant_ids) from integrations_vendor);
update tenants_tenant_count s set n = s.n - t.n from (
  select bank_id, branch_id, coalesce(scenarios[1], '') scenario, status, count(*)::int n from tenants_tenant
   where is_sandbox group by 1, 2, 3, 4) t
 where (s.bank_id, s.branch_id, s.scenario, s.status) = (t.bank_id, t.branch_id, t.scenario, t.status);
update tenants_live_count s set n = s.n - t.n from (
  select bank_id, branch_id, (live_at at time zone 'UTC')::date as day, count(*)::int n from tenants_tenant
   where is_sandbox and live_at is not null group by 1, 2, 3) t
 where (s.bank_id, s.branch_id, s.day) = (t.bank_id, t.branch_id, t.day);
"""
COUNTED = """
drop trigger tenants_tenant_born on tenants_tenant;
create trigger tenants_tenant_born after insert on tenants_tenant for each row
  when (not new.is_sandbox) execute function count_tenants();
drop trigger tenants_tenant_moved on tenants_tenant;
create trigger tenants_tenant_moved after update of status, branch_id, scenarios on tenants_tenant for each row
  when (not new.is_sandbox and (old.status, old.branch_id, old.scenarios[1])
        is distinct from (new.status, new.branch_id, new.scenarios[1])) execute function count_tenants();
drop trigger tenants_tenant_lives on tenants_tenant;
create trigger tenants_tenant_lives after insert on tenants_tenant for each row
  when (new.live_at is not null and not new.is_sandbox) execute function count_live();
drop trigger tenants_tenant_lives_elsewhere on tenants_tenant;
create trigger tenants_tenant_lives_elsewhere after update of live_at, branch_id on tenants_tenant for each row
  when (not new.is_sandbox and (old.live_at, old.branch_id) is distinct from (new.live_at, new.branch_id))
  execute function count_live();
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0046_sure_plans")]

    operations = [
        ops.AddField(model_name="Tenant", name="is_sandbox", field=fields.BooleanField(db_default=False)),
        ops.RunSQL(OPENED + MARKED + CLOSED),
        ops.RunSQL(COUNTED),
    ]
