"""What a bank gives its institutions: its logo on their pages."""

from tortoise import migrations
from tortoise.migrations import operations as ops

LOGO = """
do $do$
declare was text := pg_get_functiondef('enter(bytea,text,text)'::regprocedure);
declare known text := 'b.accent bank_accent into tenant';
begin
  if strpos(was, known) = 0 then
    raise exception 'enter() is not as expected';
  end if;
  execute replace(was, known, 'b.accent bank_accent, b.logo_key bank_logo into tenant');
end $do$;
"""
"""Whoever comes into an institution learns its bank's logo in the same breath as its name and colour."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0030_neighbourhood")]

    operations = [ops.RunSQL(LOGO)]
