"""A table that holds more rows than PostgreSQL knows of is looked at again, though it has hardly grown."""

from tortoise import migrations
from tortoise.migrations import operations as ops

GROWN = """
create or replace function statistics_renew(tables regclass[]) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare grown text;
begin
  for grown in
    select c.relname from pg_class c
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
       and (c.oid = any (tables) or c.oid in (
             select unnest(array[k.conrelid, k.confrelid]) from pg_constraint k
              where k.contype = 'f' and (k.conrelid = any (tables) or k.confrelid = any (tables))))
       and (pg_relation_size(c.oid) / current_setting('block_size')::int > 2 * c.relpages
            or pg_stat_get_mod_since_analyze(c.oid) + pg_stat_get_xact_tuples_inserted(c.oid) > greatest(c.reltuples, 0))
     order by c.relname
  loop
    execute format('analyze (skip_locked) %I', grown);
  end loop;
end $$;
"""
"""A table also has to be looked at again where more rows were written than it was known to have: those of a large
institution may have found room where others' had been, so that it has hardly grown."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0052_isolation_checks")]

    operations = [ops.RunSQL(GROWN)]
