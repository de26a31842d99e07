"""Tables and walls of what schools do beside teaching: offers with places, consents, and what follows."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import TODAY, Wall, build, holds, policy, visible
from tenants.ids import new_id

NOW = holds(period=TODAY)
"""Those who hold the account today."""
OFFERS = [
    Wall(
        "education_offer",
        refs={"fee_item_id": "billing_fee_item"},
        person="t.status <> 'draft'",
        indexes=["status, closes_at"],
        checks={
            "kind": "kind in ('trip', 'club', 'care', 'shop')",
            "status": "status in ('draft', 'open', 'closed', 'cancelled')",
            "span": "closes_at > opens_at and most_each > 0",
        },
    ),
    Wall(
        "education_offer_option",
        refs={"offer_id": "education_offer"},
        person=visible("education_offer", "offer_id"),
        indexes=["offer_id"],
        checks={"places": "taken >= 0 and taken <= places", "price": "price_minor >= 0"},
    ),
    Wall(
        "education_consent",
        refs={"account_id": "tenants_account"},
        person=NOW,
        indexes=["account_id, purpose, created_at"],
        is_append_only=True,
    ),
    Wall(
        "education_booking",
        refs={
            "offer_id": "education_offer",
            "option_id": "education_offer_option",
            "account_id": "tenants_account",
            "hold_id": "billing_hold",
            "consent_id": "education_consent",
        },
        person=NOW,
        uniques=["offer_id, account_id where is_single and status in ('held', 'kept', 'offered', 'waiting')"],
        indexes=["option_id, status, created_at", "account_id", "hold_id where hold_id is not null"],
        checks={
            "status": "status in ('held', 'kept', 'waiting', 'offered', 'let_go', 'cancelled')",
            "quantity": "quantity > 0",
        },
    ),
]
DAYS = [
    Wall(
        "education_leave",
        refs={"account_id": "tenants_account"},
        person=NOW,
        indexes=["account_id, first_on", "status, created_at"],
        checks={
            "status": "status in ('requested', 'approved', 'refused', 'cancelled')",
            "span": "last_on >= first_on and meals_minor >= 0",
        },
    ),
    Wall(
        "education_notice",
        indexes=["created_at"],
        checks={"status": "status in ('draft', 'sent')"},
    ),
    Wall(
        "education_receipt",
        refs={
            "notice_id": "education_notice",
            "account_id": "tenants_account",
            "holder_id": "tenants_holder",
        },
        person=NOW,
        uniques=["notice_id, holder_id"],
        indexes=["holder_id where read_at is null", "account_id"],
    ),
]
READERS = policy(
    "education_notice",
    "by_family",
    "for select using ((select scope_is('person')) and exists (select 1 from education_receipt r"
    " where r.tenant_id = t.tenant_id and r.notice_id = t.id))",
)
"""A family reads the notices that have gone to it: whose receipts it sees."""
TABLES = [*OFFERS, *DAYS]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0020_hospital")]

    operations = [
        ops.CreateModel(
            name="SchoolBooking",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("offer_id", fields.UUIDField()),
                ("option_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("quantity", fields.SmallIntField(db_default=1)),
                ("status", fields.CharField(max_length=10)),
                ("is_single", fields.BooleanField(db_default=True)),
                ("hold_id", fields.UUIDField(null=True)),
                ("consent_id", fields.UUIDField(null=True)),
                ("until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("person_id", fields.UUIDField(null=True)),
                ("person_name", fields.CharField(max_length=100)),
                ("ended_reason", fields.CharField(db_default="", max_length=200)),
            ],
            options={
                "table": "education_booking",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What a pupil has of an offer: held, kept, waiting. ``until`` ends a held or offered one.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolConsent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("purpose", fields.CharField(max_length=20)),
                ("subject_id", fields.UUIDField(null=True)),
                ("account_id", fields.UUIDField()),
                ("person_id", fields.UUIDField()),
                ("person_name", fields.CharField(max_length=100)),
                ("relation", fields.CharField(max_length=20)),
                ("words", fields.TextField(unique=False)),
                ("is_given", fields.BooleanField()),
                ("method", fields.CharField(db_default="", max_length=20)),
                ("level", fields.SmallIntField(db_default=0)),
            ],
            options={
                "table": "education_consent",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What a guardian has signed, or taken back, for a child: the words as they read them, and how they were known.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolLeave",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("first_on", fields.DateField()),
                ("last_on", fields.DateField()),
                ("cause", fields.CharField(max_length=10)),
                ("reason", fields.TextField(db_default="", unique=False)),
                ("status", fields.CharField(db_default="requested", max_length=10)),
                ("asked_by", fields.UUIDField(null=True)),
                ("asked_by_name", fields.CharField(max_length=100)),
                ("decided_by_name", fields.CharField(db_default="", max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answer", fields.TextField(db_default="", unique=False)),
                ("meals", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("meals_minor", fields.BigIntField(db_default=0)),
            ],
            options={
                "table": "education_leave",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Days on which a pupil stays away: asked for by the family, decided by the class teacher.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolNotice",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("titles", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("bodies", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("audience", fields.CharField(max_length=10)),
                ("targets", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("needs_confirming", fields.BooleanField(db_default=False)),
                ("questions", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("files", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("status", fields.CharField(db_default="draft", max_length=10)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("sent_count", fields.IntField(db_default=0)),
                ("reminded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_by", fields.UUIDField(null=True)),
                ("created_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_notice",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What the school tells: to all, to grades, to classes, or to pupils by name. Titles and bodies are by locale.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolOffer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=10)),
                ("titles", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("texts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("consent", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("grades", fields.CharField(db_default="", max_length=100)),
                ("fee_item_id", fields.UUIDField(null=True)),
                ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("happens_on", fields.DateField(null=True)),
                ("minutes", fields.SmallIntField(db_default=30)),
                ("most_each", fields.SmallIntField(db_default=1)),
                ("has_waiting", fields.BooleanField(db_default=True)),
                ("status", fields.CharField(db_default="draft", max_length=10)),
                ("created_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "education_offer",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A trip, a club, after-school care, or something to buy with sizes and stock.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolOption",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("offer_id", fields.UUIDField()),
                ("names", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("price_minor", fields.BigIntField()),
                ("places", fields.IntField()),
                ("taken", fields.IntField(db_default=0)),
                ("position", fields.SmallIntField(db_default=0)),
            ],
            options={
                "table": "education_offer_option",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One price and number of places of an offer: the trip itself, a size, a day of the week.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SchoolReceipt",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("notice_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("holder_id", fields.UUIDField()),
                ("ways", fields.CharField(db_default="", max_length=20)),
                ("read_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("confirmed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("reminded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "education_receipt",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One member of a pupil's family whom a notice has gone to: when they read it, confirmed it, what they answered.",
            },
            bases=["TenantRow"],
        ),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        ops.RunSQL(READERS),
    ]
