"""Payouts on hold, devices that pay, thresholds tried, and a bank's own days to answer a complaint."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import append_only, shared
from tenants.ids import new_id

BANK = "using (bank_id = (select scope_bank()))"
TENANT = "for select using (tenant_id = (select scope_tenant()))"
TELLING = "for update using (tenant_id = (select scope_tenant()))"
OF_MY_BANK = (
    "for select using (bank_id = (select bank_id from tenants_tenant where id = (select scope_tenant())))"
)
OF_MY_COMPLAINTS = "for select using (bank_id in (select c.bank_id from billing_complaint c where c.person_id = (select scope_person())))"
WALLS = [
    shared(
        "billing_payout_hold",
        {"bank": BANK, "tenant": TENANT, "telling": TELLING},
        rights="select, insert, update",
    ),
    shared("billing_risk_trial", {"bank": BANK}, rights="select, insert"),
    append_only("billing_risk_trial"),
    shared(
        "billing_complaint_terms",
        {"bank": BANK, "tenant": OF_MY_BANK, "complainant": OF_MY_COMPLAINTS},
        rights="select, insert",
    ),
    append_only("billing_complaint_terms"),
    """
    create unique index billing_payout_hold_open_key on billing_payout_hold (tenant_id) where status <> 'released';
    create unique index billing_payout_hold_number_key on billing_payout_hold (bank_id, number);
    create index billing_payout_hold_bank_idx on billing_payout_hold (bank_id, status, created_at);
    create index billing_payout_hold_tenant_idx on billing_payout_hold (tenant_id, created_at);
    alter table billing_payout_hold
      add constraint billing_payout_hold_status_check check (status in ('placing', 'held', 'releasing', 'released')),
      add constraint billing_payout_hold_two_check check (released_by is null or released_by is distinct from asked_by),
      add constraint billing_payout_hold_reason_check
        check ((status in ('releasing', 'released')) = (release_reason <> ''));
    create index billing_risk_trial_idx on billing_risk_trial (bank_id, key, created_at);
    create index billing_complaint_terms_idx on billing_complaint_terms (bank_id, created_at);
    create index billing_payment_device_idx on billing_payment (tenant_id, created_at) where device_mark is not null;
    """,
]
"""An institution reads what is held of its own; what a bank has tried and set is never changed afterwards."""


def _table(name: str, table: str, description: str, **columns: fields.Field[Any]) -> ops.CreateModel:
    return ops.CreateModel(
        name=name,
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            *columns.items(),
        ],
        options={"table": table, "app": "cloud", "pk_attr": "id", "table_description": description},
        bases=["Row"],
    )


def _json() -> fields.Field[Any]:
    found: fields.Field[Any] = fields.JSONField(encoder=JSON_DUMPS, decoder=loads)
    return found


def _moment() -> fields.Field[Any]:
    found: fields.Field[Any] = fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)
    return found


TABLES = [
    _table(
        "PayoutHold",
        "billing_payout_hold",
        "What channels would pay out to an institution stays with them, until somebody else lets it go.",
        tenant_id=fields.UUIDField(),
        bank_id=fields.UUIDField(),
        branch_id=fields.UUIDField(),
        alert_id=fields.UUIDField(null=True),
        number=fields.CharField(max_length=20),
        reason=fields.TextField(unique=False),
        status=fields.CharField(db_default="placing", max_length=10),
        legs=_json(),
        asked_by=fields.UUIDField(null=True),
        asked_by_name=fields.CharField(max_length=100),
        held_at=_moment(),
        released_by=fields.UUIDField(null=True),
        released_by_name=fields.CharField(db_default="", max_length=100),
        release_reason=fields.TextField(db_default="", unique=False),
        ended_at=_moment(),
    ),
    _table(
        "RiskTrial",
        "billing_risk_trial",
        "Thresholds tried on the past year: what they would have said. None come into force untried.",
        bank_id=fields.UUIDField(),
        key=fields.CharField(max_length=30),
        thresholds=_json(),
        institutions=fields.IntField(),
        alerts=fields.IntField(),
        tried_by_name=fields.CharField(max_length=100),
    ),
    _table(
        "ComplaintTerms",
        "billing_complaint_terms",
        "A bank's days to answer by kind, from the moment they were set; the newest row is in force, none is changed.",
        bank_id=fields.UUIDField(),
        days=_json(),
        closes_after=fields.SmallIntField(),
        reopens_within=fields.SmallIntField(),
        escalates_again=fields.SmallIntField(),
        reason=fields.CharField(max_length=300),
        set_by_name=fields.CharField(max_length=100),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0030_neighbourhood")]

    operations = [
        *TABLES,
        ops.AddField(
            model_name="RiskRule", name="holds_payouts", field=fields.BooleanField(db_default=False)
        ),
        ops.AddField(model_name="Payment", name="device_mark", field=fields.BinaryField(null=True)),
        ops.AddField(model_name="DayFigure", name="device_payers", field=fields.IntField(db_default=0)),
        ops.AddField(model_name="DayFigure", name="device_minor", field=fields.BigIntField(db_default=0)),
        ops.AddField(model_name="DayFigure", name="paid_out_minor", field=fields.BigIntField(db_default=0)),
        *(ops.RunSQL(sql) for sql in WALLS),
    ]
