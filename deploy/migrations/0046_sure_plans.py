"""What holds lines and postings to their parents looks these up by index, whatever PostgreSQL takes the tables for."""

from tortoise import migrations
from tortoise.migrations import operations as ops

SURE = "".join(
    f"alter function {check}() set enable_seqscan = off;"
    f" alter function {check}() set cpu_tuple_cost = 0.1; alter function {check}() set cpu_index_tuple_cost = 0.1;"
    for check in ("refuse_unbalanced", "refuse_stray_lines", "refuse_stray_bills")
)
"""Their plans are made once for each connection, whoever it is that first writes there; made for tables that looked
small, they read all entries for each posting: 5,000 bills with lasting adjustments took 80 s."""

DRAFT_LINES = """
create or replace function refuse_line_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if exists (select 1 from billing_bill b where b.id = old.bill_id and (b.status <> 'draft') is true offset 0) then
      raise exception 'an issued bill line never goes away' using errcode = 'restrict_violation';
    end if;
    return old;
  end if;
  if (new.bill_id, new.account_id, new.fee_item_id, new.fee_rule_id, new.period, new.currency, new.amount_minor,
      new.inputs::text) is distinct from
     (old.bill_id, old.account_id, old.fee_item_id, old.fee_rule_id, old.period, old.currency, old.amount_minor,
      old.inputs::text) then
    raise exception 'a bill line never changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
"""
"""A line's bill is found by its id alone: by its state, all issued bills were read for each line of a draft."""


GROWN = """
create function statistics_renew(tables regclass[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare grown text;
begin
  for grown in
    select c.relname from pg_class c
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
       and (c.oid = any (tables) or c.oid in (
             select unnest(array[k.conrelid, k.confrelid]) from pg_constraint k
              where k.contype = 'f' and (k.conrelid = any (tables) or k.confrelid = any (tables))))
       and pg_relation_size(c.oid) / current_setting('block_size')::int > 2 * c.relpages
     order by c.relname
  loop
    execute format('analyze (skip_locked) %I', grown);
  end loop;
end $$;
revoke all on function statistics_renew(regclass[]) from public;
grant execute on function statistics_renew(regclass[]) to cloud_app;
"""
"""Have PostgreSQL look again at those of some tables, and of all that are held to them, that have more than doubled since
it last did: only the owner may, and it tells nobody anything."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0045_refunds")]

    operations = [ops.RunSQL(SURE), ops.RunSQL(DRAFT_LINES), ops.RunSQL(GROWN)]
