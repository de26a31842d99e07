"""What large numbers need: indexes without drafts, fewer looks at what an entry names, and the newest institutions."""

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
  select p.entry_id into wrong from (select distinct entry_id, account_id, bill_id from added) p
    left join lateral (
      select b.account_id from billing_bill b where b.id = p.bill_id and (b.status <> 'draft') is true offset 0) b on true
   where not exists (select 1 from billing_entry e where e.id = p.entry_id offset 0)
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
"""As before, but an account that is the bill's own is not looked up: the bill could not be there without it."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0038_board_clouds")]

    operations = [ops.RunSQL(NEWEST), ops.RunSQL(ISSUED), ops.RunSQL(BALANCED)]
