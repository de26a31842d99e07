"""What a look at an institution from outside came to."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import document, tenant_row
from deploy.walls import Wall, build


class Migration(migrations.Migration):
    dependencies = [("cloud", "0051_reminding")]

    operations = [
        tenant_row(
            "IsolationCheck",
            "tenants_isolation_check",
            "One look at an institution from outside: how many tables, how many tries, and which showed a row.",
            tables=fields.IntField(),
            tried=fields.IntField(),
            seen=document(),
        ),
        ops.RunSQL(build(Wall("tenants_isolation_check", indexes=["created_at desc"]))),
    ]
