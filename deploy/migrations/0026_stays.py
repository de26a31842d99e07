"""Stays in the hospital: beds, daily lists, what insurance bears, and credit."""

from importlib import import_module

from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build
from tenants.ids import new_id

SEEN = import_module("deploy.migrations.0020_hospital").stands_by("stays")
"""Those who may act for the patient today, a trusted one by a live grant for stays."""
LIVE = "status in ('admitted', 'leaving')"
STAY = {"stay_id": "hospital_stay", "account_id": "tenants_account"}
WALLS = [
    Wall(
        "hospital_stay",
        refs={"account_id": "tenants_account", "wallet_id": "billing_wallet"},
        person=SEEN,
        uniques=[
            "reference",
            "his_id where his_id <> ''",
            f"account_id where {LIVE}",
            f"bed, ward where bed <> '' and {LIVE}",
        ],
        indexes=["status, admitted_at", "account_id, admitted_at", "ended_at where status = 'discharged'"],
        checks={
            "status": "status in ('admitted', 'leaving', 'discharged', 'cancelled')",
            "ended": "(status in ('discharged', 'cancelled')) = (ended_at is not null)",
            "threshold": "coalesce(threshold_minor, 0) >= 0 and unbilled >= 0 and round > 0",
        },
    ),
    Wall(
        "hospital_stay_charge",
        refs=STAY,
        person=SEEN,
        uniques=["stay_id, his_id, step"],
        indexes=["stay_id, day"],
        checks={"step": "step >= 0 and amount_minor <> 0 or step = 0"},
        is_append_only=True,
    ),
    Wall(
        "hospital_settlement",
        refs={**STAY, "bill_id": "billing_bill"},
        person=SEEN,
        uniques=[
            "stay_id, round, kind where kind in ('settle', 'reverse')",
            "stay_id, his_id where his_id <> '' and kind <> 'presettle'",
        ],
        indexes=["stay_id, created_at"],
        checks={
            "kind": "kind in ('presettle', 'settle', 'reverse', 'readjudicate')",
            "shares": "insurer_minor + patient_minor = total_minor",
            "again": "kind <> 'readjudicate' or total_minor = 0",
        },
        is_append_only=True,
    ),
    Wall(
        "hospital_billed_charge",
        refs={
            "charge_id": "hospital_stay_charge",
            "settlement_id": "hospital_settlement",
            "stay_id": "hospital_stay",
        },
        uniques=["charge_id where is_live"],
        indexes=["stay_id", "settlement_id"],
    ),
    Wall(
        "hospital_stay_credit",
        refs=STAY,
        uniques=["stay_id where status = 'asked'"],
        indexes=["stay_id, status", "status, created_at"],
        checks={
            "status": "status in ('asked', 'approved', 'refused', 'ended')",
            "amount": "amount_minor > 0",
            "two": "status not in ('approved', 'refused') or decided_by is null or decided_by is distinct from asked_by",
        },
    ),
    Wall(
        "hospital_consent",
        refs={"account_id": "tenants_account"},
        person=import_module("deploy.migrations.0020_hospital").stands_by(),
        uniques=["account_id, purpose where withdrawn_at is null"],
        checks={"purpose": "purpose in ('insurance', 'reports')", "way": "way in ('self', 'desk')"},
    ),
    Wall("hospital_his_day", uniques=["day"], checks={"count": "open_count >= 0"}),
]

TABLES = [
    ops.CreateModel(
        name="Stay",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("reference", fields.CharField(max_length=40)),
            ("his_id", fields.CharField(db_default="", max_length=64)),
            ("ward", fields.CharField(db_default="", max_length=20)),
            ("bed", fields.CharField(db_default="", max_length=20)),
            ("status", fields.CharField(db_default="admitted", max_length=20)),
            ("currency", fields.CharField(max_length=3)),
            ("wallet_id", fields.UUIDField()),
            ("threshold_minor", fields.BigIntField(null=True)),
            ("round", fields.SmallIntField(db_default=1)),
            ("unbilled", fields.IntField(db_default=0)),
            ("listed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("short_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("admitted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("leaving_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("admitted_by_name", fields.CharField(db_default="", max_length=100)),
        ],
        options={
            "table": "hospital_stay",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One stay of a patient; its row is the lock under which its charges come in and it is settled.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="StayCharge",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("stay_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("his_id", fields.CharField(max_length=64)),
            ("step", fields.SmallIntField()),
            ("day", fields.DateField()),
            ("what", fields.BinaryField()),
            ("amount_minor", fields.BigIntField()),
            ("currency", fields.CharField(max_length=3)),
        ],
        options={
            "table": "hospital_stay_charge",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One line of a day's list, never changed. ``step`` 0 is the charge itself, each later one corrects it.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="StaySettlement",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("stay_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("kind", fields.CharField(max_length=20)),
            ("round", fields.SmallIntField()),
            ("his_id", fields.CharField(max_length=64)),
            ("total_minor", fields.BigIntField()),
            ("insurer_minor", fields.BigIntField()),
            ("patient_minor", fields.BigIntField()),
            ("currency", fields.CharField(max_length=3)),
            ("bill_id", fields.UUIDField(null=True)),
            ("by_name", fields.CharField(db_default="", max_length=100)),
            ("note", fields.CharField(db_default="", max_length=200)),
        ],
        options={
            "table": "hospital_settlement",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "What insurance and patient bear of a stay, never changed: pre-settled, settled, reversed, decided again.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="BilledCharge",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("charge_id", fields.UUIDField()),
            ("settlement_id", fields.UUIDField()),
            ("stay_id", fields.UUIDField()),
            ("is_live", fields.BooleanField(db_default=True)),
        ],
        options={
            "table": "hospital_billed_charge",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "A charge stands in a settlement. A unique index keeps it out of two live ones.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="StayCredit",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("stay_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("amount_minor", fields.BigIntField()),
            ("currency", fields.CharField(max_length=3)),
            ("until", fields.DateField()),
            ("reason", fields.CharField(max_length=300)),
            ("status", fields.CharField(db_default="asked", max_length=20)),
            ("asked_by", fields.UUIDField(null=True)),
            ("asked_by_name", fields.CharField(db_default="", max_length=100)),
            ("decided_by", fields.UUIDField(null=True)),
            ("decided_by_name", fields.CharField(db_default="", max_length=100)),
            ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_stay_credit",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "How far a stay may go below what was deposited: asked by one person, agreed by another, until a day.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="HisDay",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("day", fields.DateField()),
            ("ours_minor", fields.BigIntField()),
            ("theirs_minor", fields.BigIntField()),
            ("bank_minor", fields.BigIntField()),
            ("waiting_minor", fields.BigIntField()),
            ("currency", fields.CharField(max_length=3)),
            ("open_count", fields.IntField(db_default=0)),
            ("matched_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("matched_by_name", fields.CharField(db_default="", max_length=100)),
        ],
        options={
            "table": "hospital_his_day",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One day's match: what is paid here, posted at the system, seen by the bank, and what waits for a statement.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="CareConsent",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("purpose", fields.CharField(max_length=20)),
            ("way", fields.CharField(max_length=10)),
            ("given_by_name", fields.CharField(max_length=100)),
            ("given_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("withdrawn_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("withdrawn_by_name", fields.CharField(db_default="", max_length=100)),
        ],
        options={
            "table": "hospital_consent",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One agreement for one purpose (``kinds.CONSENTS``): by the patient or who cares for them, or signed at the desk.",
        },
        bases=["TenantRow"],
    ),
]
TONIGHT = ops.AddField(
    model_name="OrderBasket", name="is_tonight", field=fields.BooleanField(db_default=False)
)
KINDS = """
alter table hospital_his_break drop constraint hospital_his_break_kind_check;
alter table hospital_his_break add constraint hospital_his_break_kind_check check (kind in ('paid_not_posted',
  'posted_not_paid', 'amount_differs', 'refund_one_side', 'cut_off', 'bank_differs'));
"""
"""What the bank's side has otherwise is a difference too."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0025_money_depth")]
    operations = [*TABLES, TONIGHT, *(ops.RunSQL(build(wall)) for wall in WALLS), ops.RunSQL(KINDS)]
