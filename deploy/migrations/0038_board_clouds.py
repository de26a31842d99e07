"""How institutions stand, by industry cloud too, so that a board of one cloud says what that cloud's come to."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

STANDING = """
update billing_standing s set scenario = coalesce(t.scenarios[1], '') from tenants_tenant t where t.id = s.tenant_id;
delete from billing_branch_standing;
insert into billing_branch_standing (id, bank_id, branch_id, scenario, currency, accounts, payers, mandates, breaks,
  billed_minor, collected_minor, arrears_minor)
select new_id(), bank_id, branch_id, scenario, currency, sum(accounts), sum(payers), sum(mandates), sum(breaks),
       sum(billed_minor), sum(collected_minor), sum(arrears_minor)
  from billing_standing group by bank_id, branch_id, scenario, currency;
drop index billing_branch_standing_key;
create unique index billing_branch_standing_key on billing_branch_standing (bank_id, branch_id, scenario, currency);
"""
STAGES = """
delete from billing_stage;
insert into billing_stage (id, bank_id, branch_id, scenario, status, n)
select new_id(), bank_id, branch_id, coalesce(scenarios[1], ''), status, count(*) from tenants_tenant
 group by 2, 3, 4, 5;
drop index billing_stage_key;
create unique index billing_stage_key on billing_stage (bank_id, branch_id, scenario, status);
"""
APPS = """
update billing_app_use u set scenario = coalesce(t.scenarios[1], '') from tenants_tenant t where t.id = u.tenant_id;
"""
COUNTING = """
create or replace function count_stage() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    update billing_stage set n = n - 1 where bank_id = old.bank_id and branch_id = old.branch_id
       and scenario = coalesce(old.scenarios[1], '') and status = old.status;
  end if;
  insert into billing_stage as s (id, bank_id, branch_id, scenario, status, n)
  values (new_id(), new.bank_id, new.branch_id, coalesce(new.scenarios[1], ''), new.status, 1)
  on conflict (bank_id, branch_id, scenario, status) do update set n = s.n + 1;
  return null;
end $$;
drop trigger tenants_tenant_moved on tenants_tenant;
create trigger tenants_tenant_moved after update of status, branch_id, scenarios on tenants_tenant for each row
  when ((old.status, old.branch_id, coalesce(old.scenarios[1], ''))
        is distinct from (new.status, new.branch_id, coalesce(new.scenarios[1], ''))) execute function count_stage();
create or replace function note_app_use() returns trigger language plpgsql as $$
begin
  if new.is_test or not scope_is('tenant') then return null; end if;
  insert into billing_app_use (id, tenant_id, bank_id, branch_id, scenario, app_id, name, is_active)
  select new_id(), t.id, t.bank_id, t.branch_id, coalesce(t.scenarios[1], ''), new.app_id,
         coalesce((select a.name from integrations_app a where a.id = new.app_id), ''), new.status = 'active'
    from tenants_tenant t where t.id = new.tenant_id
  on conflict (tenant_id, app_id) do update set is_active = excluded.is_active;
  return null;
end $$;
"""
_WRITTEN = (
    "tenants_tenant",
    "billing_standing",
    "billing_branch_standing",
    "billing_stage",
    "billing_app_use",
)


def _unwalled(sql: str) -> str:
    """Return statements as the owner runs them over everybody's rows."""
    opened = "".join(f"alter table {table} no force row level security;\n" for table in _WRITTEN)
    return opened + sql + "".join(f"alter table {table} force row level security;\n" for table in _WRITTEN)


class Migration(migrations.Migration):
    dependencies = [("cloud", "0037_bank_risk")]

    operations = [
        *(
            ops.AddField(
                model_name=model, name="scenario", field=fields.CharField(db_default="", max_length=30)
            )
            for model in ("Standing", "BranchStanding", "Stage", "AppUse")
        ),
        ops.RunSQL(_unwalled(STANDING + STAGES + APPS)),
        ops.RunSQL(COUNTING),
    ]
