"""Tables and walls of what guardians agree among themselves, and two schools with each other."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import TODAY, Wall, build, holds, visible
from tenants.ids import new_id

NOW = holds(period=TODAY)
"""Those who hold the account today."""
FAMILY = [
    Wall(
        "education_sharing",
        refs={"account_id": "tenants_account"},
        person=NOW,
        uniques=["account_id where status = 'agreed'", "account_id, status where status = 'proposed'"],
        checks={"status": "status in ('proposed', 'agreed', 'refused', 'taken_back', 'ended')"},
    ),
    Wall(
        "education_sharing_part",
        refs={"sharing_id": "education_sharing"},
        person=visible("education_sharing", "sharing_id"),
        uniques=["sharing_id, person_id"],
        checks={"percent": "percent between 0 and 100"},
    ),
]
PARTNERS = [
    Wall(
        "education_partner",
        uniques=["partner_id where status in ('asked', 'waiting', 'agreed')"],
        checks={
            "status": "status in ('asked', 'waiting', 'agreed', 'refused', 'taken_back', 'ended')",
            "other": "partner_id <> tenant_id",
        },
    ),
]
ATTENDANCE = [
    Wall(
        "education_attendance",
        uniques=["month"],
        checks={"month": "extract(day from month) = 1", "counts": "school_days >= 0 and pupils >= 0"},
    ),
]
REFILLS = [
    Wall(
        "education_refill",
        refs={"account_id": "tenants_account"},
        person=NOW,
        uniques=["account_id where status = 'active'"],
        checks={
            "status": "status in ('active', 'stopped')",
            "amounts": "level_minor > 0 and amount_minor > 0 and month_minor >= amount_minor",
        },
    ),
    Wall(
        "education_refill_run",
        refs={"refill_id": "education_refill", "bill_id": "billing_bill"},
        person=visible("education_refill", "refill_id"),
        indexes=["refill_id, month"],
        uniques=["bill_id"],
    ),
]
TABLES = [*FAMILY, *PARTNERS, *ATTENDANCE, *REFILLS]
ROSTERED = {
    "SchoolOrg": "education_org",
    "SchoolSession": "education_session",
    "SchoolCourse": "education_course",
    "SchoolClass": "education_class",
    "SchoolUser": "education_user",
    "SchoolRole": "education_role",
    "SchoolEnrolment": "education_enrolment",
}
"""What a roster knows by its own id, of which consumers ask for what has changed."""
TOUCH = """
create function education_touch() returns trigger language plpgsql as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end $$;
"""


def touch(table: str) -> str:
    """Return the trigger that notes when a row changes; one that says the same again is no change."""
    return (
        f"create trigger {table}_touch before update on {table} for each row"
        " when (old.* is distinct from new.*) execute function education_touch();"
    )


class Migration(migrations.Migration):
    dependencies = [("cloud", "0022_campus")]

    operations = [
        ops.CreateModel(
            name="SchoolAttendance",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("month", fields.DateField()),
                ("closed_days", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("school_days", fields.SmallIntField()),
                ("pupils", fields.IntField()),
                ("taken_by_name", fields.CharField(max_length=100)),
                ("taken_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "education_attendance",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "That a month's days attended were taken for billing: on which days the school was closed, for how many pupils.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolPartner",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField()),
                ("partner_name", fields.CharField(max_length=200)),
                ("status", fields.CharField(max_length=10)),
                ("moved_by_name", fields.CharField(max_length=100)),
                ("moved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "education_partner",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What is between this school and another of its bank: whether brothers and sisters count at both.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolRefill",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("person_id", fields.UUIDField()),
                ("person_name", fields.CharField(max_length=100)),
                ("level_minor", fields.BigIntField()),
                ("amount_minor", fields.BigIntField()),
                ("month_minor", fields.BigIntField()),
                ("status", fields.CharField(db_default="active", max_length=10)),
                ("word", fields.CharField(db_default="", max_length=20)),
                ("told_for", fields.DateField(null=True)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_refill",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "That a pupil's card is filled by autopay below a level: so much at once, at most so much in a month.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolRefillRun",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("refill_id", fields.UUIDField()),
                ("bill_id", fields.UUIDField()),
                ("amount_minor", fields.BigIntField()),
                ("month", fields.DateField()),
            ],
            options={
                "table": "education_refill_run",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One top-up that a card's own refill has asked for.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolSharing",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("status", fields.CharField(db_default="proposed", max_length=10)),
                ("proposed_by", fields.UUIDField()),
                ("proposed_by_name", fields.CharField(max_length=100)),
                ("agreed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_sharing",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "How guardians share a child's bills. It holds once each of them has agreed; the school is owed the whole.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolSharingPart",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sharing_id", fields.UUIDField()),
                ("person_id", fields.UUIDField()),
                ("name", fields.CharField(max_length=100)),
                ("percent", fields.SmallIntField()),
                ("position", fields.SmallIntField()),
                ("agreed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "education_sharing_part",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One guardian's part of it, in per cent; all parts of one sharing are a hundred.",
            },
            bases=["TenantRow"],
        ),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        *(
            ops.AddField(
                model_name=model,
                name="updated_at",
                field=fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False),
            )
            for model in ROSTERED
        ),
        ops.RunSQL(TOUCH),
        *(ops.RunSQL(touch(table)) for table in ROSTERED.values()),
    ]
