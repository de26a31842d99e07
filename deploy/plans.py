"""What PostgreSQL is told of institutions in place of what it would find: a bank has many, and some are large.

What it finds by itself is the average, and it multiplies what a wall and a statement each say of the institution. One
that is large among many tiny ones then seems to have one row, and any small index that begins with the institution to
be as good as the primary key: all its rows were read for each that is looked up by its key, and by each check of a
foreign key. Planned as if there were two institutions in every table, each large, a tiny one loses nothing, since every
index begins with it and the application never reads a table whole.

It is told with every migration, of every table with a ``tenant_id``, and not asked to look for itself: how often the
most common institution occurs would count again. Before version 18 it cannot be told; it then takes a table that it
was never let look at to have rows of two hundred institutions.
"""

SETTINGS = {"enable_seqscan": "off", "max_parallel_workers_per_gather": "0"}
"""Of the application's role: it finds rows by their institution, since reading a table whole takes as long as there are
others in it, and without helpers, which cost a tiny institution five milliseconds to start."""
LARGE = """
do $$
declare each record;
begin
  for each in
    select c.relname::text as name, a.attstattarget as target from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attname = 'tenant_id' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
  loop
    if each.target is distinct from 0 then
      execute format('alter table %I alter column tenant_id set statistics 0', each.name);
    end if;
    if current_setting('server_version_num')::int >= 180000 then
      perform pg_clear_attribute_stats('public', each.name, 'tenant_id', false);
      perform pg_restore_attribute_stats('schemaname', 'public', 'relname', each.name, 'attname', 'tenant_id',
        'inherited', false, 'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 2::real);
    end if;
  end loop;
end $$;
"""
