"""A table that PostgreSQL knows to hold next to nothing is one that it was never let look at.

Of such a one it thinks carefully, as of ten pages. Where it knew of three rows, or none, the thousands that a run's
first step wrote were found by going through all of them, since a plan once made is kept while the table grows.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

FEW = """
create or replace function statistics_renew(tables regclass[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare each record;
begin
  for each in
    select c.oid, c.relname::text as name,
           pg_relation_size(c.oid) / current_setting('block_size')::int > 2 * c.relpages
           or pg_stat_get_mod_since_analyze(c.oid) + pg_stat_get_xact_tuples_inserted(c.oid) > greatest(c.reltuples, 0)
             as is_grown
      from pg_class c
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
       and (c.oid = any (tables) or c.oid in (
             select unnest(array[k.conrelid, k.confrelid]) from pg_constraint k
              where k.contype = 'f' and (k.conrelid = any (tables) or k.confrelid = any (tables))))
     order by c.relname
  loop
    if each.is_grown then
      execute format('analyze (skip_locked) %I', each.name);
    end if;
    if current_setting('server_version_num')::int >= 180000
       and (select c.reltuples between 0 and 100 from pg_class c where c.oid = each.oid) then
      begin
        execute format('lock table %I in share update exclusive mode nowait', each.name);
        perform pg_clear_relation_stats('public', each.name);
      exception when lock_not_available then  -- whoever holds it looks at the table too
        null;
      end;
    end if;
  end loop;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0057_by_person")]

    operations = [ops.RunSQL(FEW)]
