"""Tables and walls of schools."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import TODAY, Wall, build, holds
from tenants.ids import new_id

MONEY = "amount_minor >= 0"
NOW = holds(period=TODAY)
"""Those who hold the account today."""
PEOPLE = [
    Wall("education_org", uniques=["sourced_id"]),
    Wall("education_session", uniques=["sourced_id"], checks={"span": "ends_on >= starts_on"}),
    Wall("education_course", uniques=["sourced_id"]),
    Wall(
        "education_class",
        refs={"course_id": "education_course", "org_id": "education_org"},
        uniques=["sourced_id"],
        indexes=["sort_key"],
        checks={"kind": "kind in ('homeroom', 'scheduled')"},
    ),
    Wall(
        "education_class_session",
        refs={"class_id": "education_class", "session_id": "education_session"},
        uniques=["class_id, session_id"],
    ),
    Wall(
        "education_user",
        refs={"account_id": "tenants_account"},
        uniques=["sourced_id"],
        indexes=["account_id"],
    ),
    Wall(
        "education_role",
        refs={"user_id": "education_user", "org_id": "education_org"},
        uniques=["sourced_id"],
        indexes=["user_id, role"],
    ),
    Wall(
        "education_agent",
        refs={"user_id": "education_user", "agent_id": "education_user"},
        uniques=["user_id, agent_id"],
    ),
    Wall(
        "education_enrolment",
        refs={"class_id": "education_class", "user_id": "education_user"},
        uniques=["sourced_id"],
        indexes=["class_id, role", "user_id"],
    ),
    Wall("education_bundle", indexes=["created_at"]),
    Wall("education_bundle_part", refs={"bundle_id": "education_bundle"}, indexes=["bundle_id, file"]),
    Wall("education_fee", uniques=["fee_key"]),
]
TABLES = [*PEOPLE]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0011_apps")]

    operations = [
        ops.CreateModel(
            name="RosterBundle",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("filename", fields.CharField(max_length=200)),
                ("sha256", fields.CharField(max_length=64)),
                ("state", fields.CharField(db_default="checking", max_length=20)),
                ("modes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("counts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("problems", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("closes_many", fields.BooleanField(db_default=False)),
                ("task_id", fields.UUIDField(null=True)),
                ("created_by", fields.UUIDField(null=True)),
                ("created_by_name", fields.CharField(db_default="", max_length=100)),
                ("applied_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "education_bundle",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A OneRoster bundle on its way in: read, looked at, brought in.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="RosterBundlePart",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("bundle_id", fields.UUIDField()),
                ("file", fields.CharField(max_length=40)),
                ("records", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "education_bundle_part",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Records of one of a bundle's files, many in each; ``seen:`` before the file's name: the ids that it holds.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolAgent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("agent_id", fields.UUIDField()),
                ("closed_on", fields.DateField(null=True)),
            ],
            options={
                "table": "education_agent",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Who acts for a pupil: a guardian, parent or relative of the roster.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolClass",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sourced_id", fields.CharField(max_length=200)),
                ("closed_on", fields.DateField(null=True)),
                ("title", fields.CharField(max_length=100)),
                ("code", fields.CharField(db_default="", max_length=60)),
                ("kind", fields.CharField(max_length=10)),
                ("grades", fields.CharField(db_default="", max_length=100)),
                ("location", fields.CharField(db_default="", max_length=100)),
                ("course_id", fields.UUIDField(null=True)),
                ("org_id", fields.UUIDField(null=True)),
                ("sort_key", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_class",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Pupils who are taught together. Of a ``homeroom`` a pupil has one at a time, of ``scheduled`` ones many.",
            },
            bases=["_Rostered"],
        ),
        ops.CreateModel(
            name="SchoolClassSession",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("class_id", fields.UUIDField()),
                ("session_id", fields.UUIDField()),
            ],
            options={
                "table": "education_class_session",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A class in one of its terms.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolCourse",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sourced_id", fields.CharField(max_length=200)),
                ("closed_on", fields.DateField(null=True)),
                ("title", fields.CharField(max_length=200)),
                ("code", fields.CharField(db_default="", max_length=100)),
                ("grades", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_course",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What is taught, whoever it is taught to.",
            },
            bases=["_Rostered"],
        ),
        ops.CreateModel(
            name="SchoolEnrolment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sourced_id", fields.CharField(max_length=200)),
                ("closed_on", fields.DateField(null=True)),
                ("class_id", fields.UUIDField()),
                ("user_id", fields.UUIDField()),
                ("role", fields.CharField(max_length=20)),
                ("is_primary", fields.BooleanField(db_default=False)),
                ("begins_on", fields.DateField(null=True)),
                ("ends_on", fields.DateField(null=True)),
            ],
            options={
                "table": "education_enrolment",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A person in a class as student, teacher or administrator, from–until.",
            },
            bases=["_Rostered"],
        ),
        ops.CreateModel(
            name="SchoolFee",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("fee_key", fields.CharField(max_length=60)),
                ("group", fields.CharField(source_field="fee_group", max_length=20)),
                ("basis", fields.CharField(db_default="school", max_length=20)),
                ("authority", fields.CharField(db_default="", max_length=200)),
                ("approval_number", fields.CharField(db_default="", max_length=100)),
                ("approved_on", fields.DateField(null=True)),
                ("note", fields.TextField(db_default="", unique=False)),
            ],
            options={
                "table": "education_fee",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What the law wants to be known of a school's fee: its group, and by whom its price was approved.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolOrg",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sourced_id", fields.CharField(max_length=200)),
                ("closed_on", fields.DateField(null=True)),
                ("name", fields.CharField(max_length=200)),
                ("kind", fields.CharField(max_length=20)),
                ("identifier", fields.CharField(db_default="", max_length=100)),
                ("parent_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "education_org",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A district, a school, a campus or a department of one.",
            },
            bases=["_Rostered"],
        ),
        ops.CreateModel(
            name="SchoolRole",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sourced_id", fields.CharField(max_length=200)),
                ("closed_on", fields.DateField(null=True)),
                ("user_id", fields.UUIDField()),
                ("role", fields.CharField(max_length=40)),
                ("kind", fields.CharField(db_default="primary", max_length=10)),
                ("org_id", fields.UUIDField(null=True)),
                ("begins_on", fields.DateField(null=True)),
                ("ends_on", fields.DateField(null=True)),
            ],
            options={
                "table": "education_role",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What a person is at an org, from–until: student, teacher, guardian, principal ….",
            },
            bases=["_Rostered"],
        ),
        ops.CreateModel(
            name="SchoolSession",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sourced_id", fields.CharField(max_length=200)),
                ("closed_on", fields.DateField(null=True)),
                ("title", fields.CharField(max_length=200)),
                ("kind", fields.CharField(max_length=20)),
                ("starts_on", fields.DateField()),
                ("ends_on", fields.DateField()),
                ("parent_id", fields.UUIDField(null=True)),
                ("school_year", fields.SmallIntField(db_default=0)),
            ],
            options={
                "table": "education_session",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A school year, semester, term or grading period.",
            },
            bases=["_Rostered"],
        ),
        ops.CreateModel(
            name="SchoolUser",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("sourced_id", fields.CharField(max_length=200)),
                ("closed_on", fields.DateField(null=True)),
                ("username", fields.CharField(db_default="", max_length=100)),
                ("given_name", fields.CharField(db_default="", max_length=100)),
                ("middle_name", fields.CharField(db_default="", max_length=100)),
                ("family_name", fields.CharField(db_default="", max_length=100)),
                ("name", fields.CharField(max_length=200)),
                ("number", fields.CharField(db_default="", max_length=60)),
                ("email", fields.CharField(db_default="", max_length=200)),
                ("phone", fields.CharField(db_default="", max_length=40)),
                ("grade", fields.CharField(db_default="", max_length=20)),
                ("born_on", fields.DateField(null=True)),
                ("account_id", fields.UUIDField(null=True)),
                ("is_enabled", fields.BooleanField(db_default=True)),
            ],
            options={
                "table": "education_user",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A human being of the roster: pupil, teacher, guardian. A pupil's ``account_id`` is who is billed.",
            },
            bases=["_Rostered"],
        ),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
    ]
