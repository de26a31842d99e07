"""Complaints between payers, institutions and their bank: tables and walls."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build
from tenants.ids import new_id

OF_BANK = "t.bank_id = (select scope_bank())"
TABLES = [
    Wall(
        "billing_complaint",
        refs={
            "bill_id": "billing_bill",
            "payment_id": "billing_payment",
            "refund_id": "billing_refund",
            "repeat_of": "billing_complaint",
        },
        extra={"bank": OF_BANK},
        uniques=["number"],
        indexes=["created_at", "status, due_at"],
        checks={
            "by": "by in ('payer', 'tenant', 'caller')",
            "status": "status in ('received', 'working', 'waiting', 'answered', 'closed', 'withdrawn')",
            "outcome": "(outcome <> '') = (answered_at is not null)",
            "refund": "refund_minor is null or (refund_minor > 0 and payment_id is not null)",
        },
    ),
    Wall(
        "billing_complaint_message",
        refs={"complaint_id": "billing_complaint"},
        extra={"bank": OF_BANK},
        indexes=["complaint_id, created_at"],
    ),
]
READERS = """
create policy own on billing_complaint for select using (person_id = (select scope_person()));
create policy own on billing_complaint_message for select using (person_id = (select scope_person()));
create policy internal on billing_complaint_message as restrictive for select
  using (not is_internal or (select scope_is('bank')));
create index billing_complaint_bank_idx on billing_complaint (bank_id, status, due_at);
create index billing_complaint_branch_idx on billing_complaint (bank_id, branch_id, created_at);
create index billing_complaint_person_idx on billing_complaint (person_id, created_at) where person_id is not null;
create index billing_complaint_message_person_idx on billing_complaint_message (person_id)
  where person_id is not null;
"""
"""What the bank notes for itself nobody else reads, whatever another policy would let them see."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0024_placing")]

    operations = [
        ops.CreateModel(
            name="Complaint",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("bank_id", fields.UUIDField()),
                ("branch_id", fields.UUIDField()),
                ("desk_id", fields.UUIDField()),
                ("number", fields.CharField(max_length=20)),
                ("kind", fields.CharField(max_length=20)),
                ("by", fields.CharField(max_length=10)),
                ("person_id", fields.UUIDField(null=True)),
                ("person_name", fields.CharField(max_length=100)),
                ("contact", fields.CharField(db_default="", max_length=200)),
                ("summary", fields.CharField(max_length=150)),
                ("bill_id", fields.UUIDField(null=True)),
                ("payment_id", fields.UUIDField(null=True)),
                ("number_about", fields.CharField(db_default="", max_length=40)),
                ("currency", fields.CharField(db_default="", max_length=3)),
                ("amount_minor", fields.BigIntField(null=True)),
                ("status", fields.CharField(db_default="received", max_length=10)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("escalation", fields.SmallIntField(db_default=0)),
                ("escalated_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("assigned_to", fields.UUIDField(null=True)),
                ("assigned_to_name", fields.CharField(db_default="", max_length=100)),
                ("outcome", fields.CharField(db_default="", max_length=12)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by_name", fields.CharField(db_default="", max_length=100)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("refund_minor", fields.BigIntField(null=True)),
                ("refund_id", fields.UUIDField(null=True)),
                ("reopened", fields.SmallIntField(db_default=0)),
                ("repeat_of", fields.UUIDField(null=True)),
            ],
            options={
                "table": "billing_complaint",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What somebody complains about, as the bank, the institution and whoever complains see it together.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="ComplaintMessage",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("bank_id", fields.UUIDField()),
                ("complaint_id", fields.UUIDField()),
                ("person_id", fields.UUIDField(null=True)),
                ("side", fields.CharField(max_length=10)),
                ("name", fields.CharField(max_length=100)),
                ("text", fields.TextField(unique=False)),
                ("files", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("is_internal", fields.BooleanField(db_default=False)),
            ],
            options={
                "table": "billing_complaint_message",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One message of a complaint, with its files. An internal one is the bank's own: nobody else ever reads it.",
            },
            bases=["TenantRow"],
        ),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        ops.RunSQL(READERS),
    ]
