"""Names for what had none, or one that did not say it: from one day until another, and the count of institutions.

Of what is from one day until another both days belong to it, and an open end is empty.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.columns import Renamed

SPANS = """
create function lasts(until date, day date) returns boolean language sql immutable parallel safe as
  $$ select until is null or until >= day $$;

create function covers(since date, until date, day date) returns boolean language sql immutable parallel safe as
  $$ select daterange(since, until, '[]') @> day $$;
"""
"""PostgreSQL writes both into the statement that asks, as if it stood there: that is why each names a day once."""

COUNT = """
alter index billing_stage_pkey rename to tenants_tenant_count_pkey;
alter index billing_stage_key rename to tenants_tenant_count_key;
alter function count_stage() rename to count_tenants;
create or replace function count_tenants() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    update tenants_tenant_count set n = n - 1 where bank_id = old.bank_id and branch_id = old.branch_id
       and scenario = coalesce(old.scenarios[1], '') and status = old.status;
  end if;
  insert into tenants_tenant_count as s (id, bank_id, branch_id, scenario, status, n)
  values (new_id(), new.bank_id, new.branch_id, coalesce(new.scenarios[1], ''), new.status, 1)
  on conflict (bank_id, branch_id, scenario, status) do update set n = s.n + 1;
  return null;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0042_paying")]

    operations = [
        ops.RunSQL(SPANS),
        Renamed("Stage", "billing_stage", "TenantCount", "tenants_tenant_count"),
        ops.RunSQL(COUNT),
    ]
