"""What somebody holds, and what touched them, is found by who they are: asked once, as the walls do.

Written out in a statement, the function is not something that PostgreSQL looks up by: it went through all holders, or
all payments, of the person's institution, at every request of a payer.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

ASKED_ONCE = """
do $$
declare each record;
begin
  for each in
    select pg_get_functiondef(oid) definition from pg_proc
     where pronamespace = 'public'::regnamespace and prosrc ~ '= scope_person\\(\\)'
  loop
    execute replace(each.definition, '= scope_person()', '= (select scope_person())');
  end loop;
end $$;
"""
EVERY_MEMBERSHIP = """
drop index tenants_membership_person_idx;
create index tenants_membership_person_idx on tenants_membership (person_id);
"""
"""Those that have ended touched a person too: without them in the index, all memberships there are were read."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0056_instalment_debits")]

    operations = [ops.RunSQL(ASKED_ONCE), ops.RunSQL(EVERY_MEMBERSHIP)]
