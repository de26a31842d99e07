"""Whether anything is known of a month is read off an index, however many months of readings there are."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEX = "create index billing_quantity_month_idx on billing_quantity (tenant_id, period, name);"


class Migration(migrations.Migration):
    dependencies = [("cloud", "0053_grown_tables")]

    operations = [ops.RunSQL(INDEX)]
