"""The bank's overview with very many institutions: who went live is counted as it happens, applications by index."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import row
from deploy.walls import shared

WALL = shared(
    "tenants_live_count",
    {
        "bank": "using (bank_id = (select scope_bank()))",
        "tenant": "using (bank_id = (select home_bank()))",
    },
)
COUNTING = """
create unique index tenants_live_count_key on tenants_live_count (bank_id, branch_id, day);
alter table tenants_tenant no force row level security;
alter table tenants_live_count no force row level security;
insert into tenants_live_count (id, bank_id, branch_id, day, n)
  select new_id(), bank_id, branch_id, (live_at at time zone 'UTC')::date, count(*) from tenants_tenant
   where live_at is not null group by 2, 3, 4;
alter table tenants_tenant force row level security;
alter table tenants_live_count force row level security;
create function count_live() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and old.live_at is not null then
    update tenants_live_count set n = n - 1 where bank_id = old.bank_id and branch_id = old.branch_id
       and day = (old.live_at at time zone 'UTC')::date;
  end if;
  if new.live_at is not null then
    insert into tenants_live_count as w (id, bank_id, branch_id, day, n)
    values (new_id(), new.bank_id, new.branch_id, (new.live_at at time zone 'UTC')::date, 1)
    on conflict (bank_id, branch_id, day) do update set n = w.n + 1;
  end if;
  return null;
end $$;
create trigger tenants_tenant_lives after insert on tenants_tenant for each row
  when (new.live_at is not null) execute function count_live();
create trigger tenants_tenant_lives_elsewhere after update of live_at, branch_id on tenants_tenant for each row
  when ((old.live_at, old.branch_id) is distinct from (new.live_at, new.branch_id)) execute function count_live();
"""
APPLICATIONS = """
create index tenants_application_latest_idx on tenants_application
  (bank_id, (status = 'submitted') desc, (coalesce(decided_at, submitted_at, created_at)) desc, id);
create index tenants_application_tenant_idx on tenants_application (bank_id, approved_tenant_id)
  where approved_tenant_id is not null;
"""

BALANCED = """
create or replace function refuse_unbalanced() returns trigger language plpgsql as $$
declare wrong record;
begin
  select entry_id, currency, sum(amount_minor) total into wrong from added
   group by tenant_id, entry_id, currency having sum(amount_minor) <> 0 limit 1;
  if found then
    raise exception 'entry % does not balance: % % minor units', wrong.entry_id, wrong.total, wrong.currency
      using errcode = 'check_violation';
  end if;
  if not row_security_active('billing_posting') then return null; end if;
  select p.entry_id into wrong from (select distinct tenant_id, entry_id, account_id, bill_id from added) p
    left join lateral (
      select b.account_id from billing_bill b where b.id = p.bill_id and (b.status <> 'draft') is true offset 0) b on true
   where not exists (select 1 from billing_entry e where e.tenant_id = p.tenant_id and e.id = p.entry_id offset 0)
      or (p.bill_id is not null and b.account_id is null)
      or (p.account_id is distinct from b.account_id and p.account_id is not null and not exists (
            select 1 from tenants_account a where a.id = p.account_id offset 0))
   limit 1;
  if found then
    raise exception 'entry % names itself, an account or an issued bill that is not there', wrong.entry_id
      using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
"""
"""An entry is looked for in its institution: its wall also opens it to whoever seals, and so names no institution that an
index could begin with. By its id alone eight million entries were gone through for every booking, half a second."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0043_names")]

    operations = [
        row(
            "LiveCount",
            "tenants_live_count",
            "How many institutions of a branch went live on one day (UTC); kept by a trigger on institutions.",
            bank_id=fields.UUIDField(),
            branch_id=fields.UUIDField(),
            day=fields.DateField(),
            n=fields.IntField(db_default=0),
        ),
        ops.RunSQL(WALL),
        ops.RunSQL(COUNTING),
        ops.RunSQL(APPLICATIONS),
        ops.RunSQL(BALANCED),
    ]
