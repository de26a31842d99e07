"""Holds: what is kept while it is being paid for, with its walls and what PostgreSQL itself refuses of it."""

from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.hot_path import PAYMENTS
from deploy.walls import Wall, build, visible
from tenants.ids import new_id

OF_BILL = visible("billing_bill", "bill_id")
HOLD = ops.CreateModel(
    name="Hold",
    fields=[
        ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
        ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
        ("tenant_id", fields.UUIDField()),
        ("kind", fields.CharField(max_length=40)),
        ("subject_id", fields.UUIDField()),
        ("account_id", fields.UUIDField()),
        ("bill_id", fields.UUIDField()),
        ("renews_id", fields.UUIDField(null=True)),
        ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
        ("status", fields.CharField(db_default="held", max_length=20)),
        ("why", fields.CharField(db_default="", max_length=40)),
        ("is_told", fields.BooleanField(db_default=True)),
        ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
    ],
    options={
        "table": "billing_hold",
        "app": "cloud",
        "pk_attr": "id",
        "table_description": "Something of a scenario's that is kept for an account until its bill is paid, or"
        " until a moment.",
    },
    bases=["TenantRow"],
)
WALLS = [
    Wall(
        "billing_hold",
        refs={"account_id": "tenants_account", "bill_id": "billing_bill", "renews_id": "billing_hold"},
        person=OF_BILL,
        link=OF_BILL,
        uniques=[
            "bill_id",
            "kind, subject_id where status = 'held'",
            "renews_id where renews_id is not null",
        ],
        indexes=["account_id", "status, until"],
        checks={
            "status": "status in ('held', 'kept', 'let_go')",
            "ended": "(status = 'held') = (ended_at is null)",
        },
    ),
]
WHOLE = """
alter table billing_bill add constraint billing_bill_held_check
  check (held_until is null or paid_minor in (0, total_minor - adjusted_minor));
"""
"""A bill that is held is paid whole or not at all."""
AGAIN = PAYMENTS.replace("create function", "create or replace function")


class Migration(migrations.Migration):
    dependencies = [("cloud", "0013_provider")]
    operations = [
        ops.AddField(
            model_name="Bill",
            name="held_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(model_name="Refund", name="bill_id", field=fields.UUIDField(null=True)),
        HOLD,
        *(ops.RunSQL(build(wall)) for wall in WALLS),
        ops.RunSQL(WHOLE),
        ops.RunSQL(AGAIN),
    ]
