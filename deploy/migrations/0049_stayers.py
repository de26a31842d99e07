"""Pupils who do not go up with their class when a school year is closed."""

from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build
from tenants.ids import new_id

EXCEPTIONS = Wall(
    "education_year_exception",
    refs={"account_id": "tenants_account", "roll_over_id": "education_roll_over"},
    uniques=["account_id where roll_over_id is null"],
    indexes=["account_id", "roll_over_id"],
    checks={
        "outcome": "outcome in ('repeat', 'other', 'skip', 'leave')",
        "class": "(outcome = 'leave') = (title = '')",
    },
)


class Migration(migrations.Migration):
    dependencies = [("cloud", "0048_branch_speed")]

    operations = [
        ops.AddField(model_name="SchoolRollOver", name="stayed", field=fields.IntField(db_default=0)),
        ops.CreateModel(
            name="SchoolYearException",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("outcome", fields.CharField(max_length=10)),
                ("title", fields.CharField(db_default="", max_length=60)),
                ("by_name", fields.CharField(max_length=100)),
                ("roll_over_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "education_year_exception",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A pupil who does not go up with their class: what becomes of them, and the ``title`` of their next class.",
            },
            bases=["TenantRow"],
        ),
        ops.RunSQL(build(EXCEPTIONS)),
    ]
