"""Tables and walls of what schools sell at noon, whom they take in, and how a year ends."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import TODAY, Wall, build, holds
from tenants.ids import new_id

NOW = holds(period=TODAY)
"""Those who hold the account today."""
READERS = """
create index education_applicant_person_idx on education_applicant (person_id);
"""
"""An applicant is found by who applied."""
CANTEEN = [
    Wall("education_dish", indexes=["position"], checks={"price": "price_minor > 0"}),
    Wall(
        "education_card",
        refs={"account_id": "tenants_account"},
        person=NOW,
        uniques=["account_id", "number where number <> ''"],
        checks={"limits": "coalesce(daily_limit_minor, 1) > 0 and coalesce(alert_minor, 1) > 0"},
    ),
    Wall(
        "education_meal_right",
        refs={"account_id": "tenants_account"},
        indexes=["account_id, status", "created_at"],
        checks={
            "share": "percent between 1 and 100 and last_on >= first_on",
            "status": "status in ('requested', 'approved', 'refused', 'ended')",
            "two": "status <> 'approved' or decided_by is distinct from requested_by",
        },
    ),
    Wall(
        "education_sale",
        refs={
            "account_id": "tenants_account",
            "right_id": "education_meal_right",
            "movement_id": "billing_wallet_movement",
        },
        person=NOW,
        uniques=["key"],
        indexes=["account_id, day", "day, created_at"],
        checks={"price": "price_minor > 0 and paid_minor between 0 and price_minor"},
    ),
]
ENROLMENT = [
    Wall(
        "education_round",
        refs={"fee_item_id": "billing_fee_item"},
        indexes=["status, closes_at"],
        checks={
            "status": "status in ('draft', 'open', 'closed')",
            "span": "closes_at > opens_at and places > 0 and deposit_minor >= 0",
        },
    ),
    Wall(
        "education_applicant",
        refs={"round_id": "education_round", "account_id": "tenants_account", "hold_id": "billing_hold"},
        extra={"person": "t.person_id = (select scope_person())"},
        uniques=["number"],
        indexes=["round_id, status, submitted_at"],
        checks={
            "status": "status in ('draft', 'submitted', 'waiting', 'offered', 'accepted', 'enrolled',"
            " 'rejected', 'withdrawn')"
        },
    ),
]
YEAR = [Wall("education_roll_over", uniques=["year"], checks={"counts": "promoted >= 0 and graduated >= 0"})]
TABLES = [*CANTEEN, *ENROLMENT, *YEAR]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0021_school")]

    operations = [
        ops.CreateModel(
            name="SchoolApplicant",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("round_id", fields.UUIDField()),
                ("number", fields.CharField(max_length=40)),
                ("status", fields.CharField(db_default="draft", max_length=12)),
                ("child_name", fields.CharField(max_length=100)),
                ("born_on", fields.DateField()),
                ("answers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("files", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("person_id", fields.UUIDField()),
                ("person_name", fields.CharField(max_length=100)),
                ("email", fields.CharField(db_default="", max_length=200)),
                ("phone", fields.CharField(db_default="", max_length=40)),
                ("has_sibling", fields.BooleanField(db_default=False)),
                ("account_id", fields.UUIDField(null=True)),
                ("hold_id", fields.UUIDField(null=True)),
                ("submitted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answer_by", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.TextField(db_default="", unique=False)),
                ("decided_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_applicant",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A child for whom somebody applies. ``account_id`` is who owes the deposit, and the pupil once enrolled.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolCard",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("number", fields.CharField(db_default="", max_length=60)),
                ("daily_limit_minor", fields.BigIntField(null=True)),
                ("alert_minor", fields.BigIntField(null=True)),
                ("allergies", fields.CharField(db_default="", max_length=200)),
                ("is_blocked", fields.BooleanField(db_default=False)),
            ],
            options={
                "table": "education_card",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What a pupil's family has set for the canteen. ``number`` is what a scanner reads, the pupil's own where empty.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolDish",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("names", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("price_minor", fields.BigIntField()),
                ("is_meal", fields.BooleanField(db_default=False)),
                ("allergens", fields.CharField(db_default="", max_length=200)),
                ("is_active", fields.BooleanField(db_default=True)),
                ("position", fields.SmallIntField(db_default=0)),
            ],
            options={
                "table": "education_dish",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Something sold at the till. ``is_meal`` is what a meal right reaches; ``allergens`` are keys, by comma.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolMealRight",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("percent", fields.SmallIntField()),
                ("first_on", fields.DateField()),
                ("last_on", fields.DateField()),
                ("reason", fields.TextField(unique=False)),
                ("evidence", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("status", fields.CharField(db_default="requested", max_length=10)),
                ("requested_by", fields.UUIDField(null=True)),
                ("requested_by_name", fields.CharField(max_length=100)),
                ("decided_by", fields.UUIDField(null=True)),
                ("decided_by_name", fields.CharField(db_default="", max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "education_meal_right",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "That a pupil's meals cost less, or nothing, for a time; asked for by one person, approved by another.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolRollOver",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("year", fields.SmallIntField()),
                ("last_on", fields.DateField()),
                ("promoted", fields.IntField()),
                ("graduated", fields.IntField()),
                ("by_name", fields.CharField(max_length=100)),
            ],
            options={
                "table": "education_roll_over",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "That all pupils have gone up a grade after a school year: how many, how many have left, who did it.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolRound",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("titles", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("texts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("grade", fields.CharField(max_length=20)),
                ("places", fields.IntField()),
                ("questions", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("papers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("deposit_minor", fields.BigIntField(db_default=0)),
                ("fee_item_id", fields.UUIDField(null=True)),
                ("answer_days", fields.SmallIntField(db_default=7)),
                ("status", fields.CharField(db_default="draft", max_length=10)),
                ("created_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_round",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One round: for which grade, how many places, and the form that families fill in.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolSale",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("day", fields.DateField()),
                ("items", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("price_minor", fields.BigIntField()),
                ("paid_minor", fields.BigIntField()),
                ("right_id", fields.UUIDField(null=True)),
                ("movement_id", fields.UUIDField(null=True)),
                ("key", fields.CharField(max_length=80)),
                ("is_undone", fields.BooleanField(db_default=False)),
                ("served_by_name", fields.CharField(max_length=100)),
            ],
            options={
                "table": "education_sale",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One pupil served at the till. ``price_minor`` is what everybody sees, ``paid_minor`` what left the wallet.",
            },
            bases=["TenantRow"],
        ),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        ops.RunSQL(READERS),
    ]
