"""What is from one day until another, asked in one way: both days belong to it, and an open end is empty."""

from tortoise import migrations
from tortoise.migrations import operations as ops

SPANS = """
create function lasts(until date, day date) returns boolean language sql immutable parallel safe as
  $$ select until is null or until >= day $$;

create function covers(since date, until date, day date) returns boolean language sql immutable parallel safe as
  $$ select daterange(since, until, '[]') @> day $$;
"""
"""PostgreSQL writes both into the statement that asks, as if it stood there: that is why each names a day once."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0041_sandboxes")]

    operations = [ops.RunSQL(SPANS)]
