"""Tables of travel agencies, pass holders and what a site works on, and their walls."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build
from tenants.ids import new_id

WALLS = [
    Wall(
        "tourism_contract",
        refs={"site_id": "tourism_site", "account_id": "tenants_account"},
        uniques=["account_id where status = 'active'"],
        indexes=["site_id", "account_id, created_at"],
        checks={
            "span": "until >= since",
            "counts": "counts in ('redeemed', 'sold') and status in ('active', 'ended')",
            "terms": "limit_minor >= 0 and due_days >= 0 and allotment >= 0 and release_days >= 0",
        },
    ),
    Wall(
        "tourism_statement",
        refs={
            "contract_id": "tourism_contract",
            "account_id": "tenants_account",
            "bill_id": "billing_bill",
        },
        uniques=["contract_id, period"],
        indexes=["account_id, status", "period"],
        checks={
            "status": "status in ('draft', 'issued') and total_minor >= 0",
            "month": "extract(day from period) = 1",
        },
    ),
    Wall(
        "tourism_group_list",
        refs={
            "contract_id": "tourism_contract",
            "account_id": "tenants_account",
            "product_id": "tourism_product",
            "slot_id": "tourism_slot",
            "order_id": "tourism_order",
        },
        indexes=["account_id, created_at"],
        checks={"status": "status in ('uploaded', 'checked', 'booked')"},
    ),
    Wall(
        "tourism_pass_holder",
        refs={"ticket_id": "tourism_ticket", "renews_id": "tourism_ticket"},
        indexes=["ticket_id, created_at", "status, created_at"],
        checks={"status": "status in ('waiting', 'registered', 'refused', 'stopped')"},
    ),
    Wall("tourism_transfer", refs={"ticket_id": "tourism_ticket"}, indexes=["ticket_id"]),
    Wall(
        "tourism_incident",
        refs={"pool_id": "tourism_pool"},
        uniques=["pool_id where status = 'open'"],
        indexes=["status, created_at"],
        checks={"status": "status in ('open', 'settled')"},
    ),
]
MORE = """
alter table tourism_order add constraint tourism_order_contract_id_fkey foreign key (tenant_id, contract_id)
  references tourism_contract (tenant_id, id);
alter table tourism_ticket add constraint tourism_ticket_statement_id_fkey foreign key (tenant_id, statement_id)
  references tourism_statement (tenant_id, id);
alter table billing_receiver no force row level security;
alter table tourism_product add constraint tourism_product_receiver_id_fkey foreign key (tenant_id, receiver_id)
  references billing_receiver (tenant_id, id);
alter table billing_receiver force row level security;
create index tourism_order_contract_id_idx on tourism_order (tenant_id, contract_id, created_at)
 where contract_id is not null;
create index tourism_ticket_statement_id_idx on tourism_ticket (tenant_id, statement_id)
 where statement_id is not null;
"""
"""Bookings and tickets that were there before have neither contract nor statement. Which transfer of a ticket is the last
is no key: each transfer points to its ticket, and never goes."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0027_fhir")]

    operations = [
        ops.CreateModel(
            name="AgencyStatement",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("contract_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("period", fields.DateField()),
                ("counts", fields.CharField(max_length=10)),
                ("lines", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("total_minor", fields.BigIntField(db_default=0)),
                ("currency", fields.CharField(max_length=3)),
                ("status", fields.CharField(db_default="draft", max_length=10)),
                ("bill_id", fields.UUIDField(null=True)),
                ("worked_out_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("issued_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("issued_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "tourism_statement",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What an agency owes for the visits of one month: a draft that somebody looks at, then a bill.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="Contract",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("site_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("uscc", fields.CharField(max_length=18)),
                ("since", fields.DateField()),
                ("until", fields.DateField()),
                ("prices", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("counts", fields.CharField(db_default="redeemed", max_length=10)),
                ("limit_minor", fields.BigIntField(db_default=0)),
                ("due_days", fields.SmallIntField(db_default=15)),
                ("cancel_tiers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("moves_hours", fields.SmallIntField(db_default=24)),
                ("allotment", fields.IntField(db_default=0)),
                ("release_days", fields.SmallIntField(db_default=3)),
                ("status", fields.CharField(db_default="active", max_length=10)),
            ],
            options={
                "table": "tourism_contract",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What a site has agreed with one agency; the agency has one at a time.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="GroupList",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("contract_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("product_id", fields.UUIDField()),
                ("slot_id", fields.UUIDField()),
                ("day", fields.DateField()),
                ("filename", fields.CharField(max_length=200)),
                ("content", fields.BinaryField(null=True)),
                ("columns", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("header", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("refused", fields.BinaryField(null=True)),
                ("status", fields.CharField(db_default="uploaded", max_length=10)),
                ("order_id", fields.UUIDField(null=True)),
                ("by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "tourism_group_list",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A group's names as an agency has uploaded them: for which visit, which column is which, what came of it.",
            },
            bases=["TenantRow"],
        ),
        ops.AddField(
            model_name="Order",
            name="by_name",
            field=fields.CharField(db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="Order",
            name="contract_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Pool",
            name="is_reserved",
            field=fields.BooleanField(db_default=False),
        ),
        ops.AddField(
            model_name="Ticket",
            name="statement_id",
            field=fields.UUIDField(null=True),
        ),
        ops.CreateModel(
            name="CounterIncident",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("pool_id", fields.UUIDField()),
                ("held", fields.IntField()),
                ("sold", fields.IntField()),
                ("held_counted", fields.IntField()),
                ("sold_counted", fields.IntField()),
                ("status", fields.CharField(db_default="open", max_length=10)),
                ("reason", fields.CharField(db_default="", max_length=200)),
                ("settled_by_name", fields.CharField(db_default="", max_length=100)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tourism_incident",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A pool whose counters differ from what they count: found by the daily work, worked by a person, then settled.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="PassHolder",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("ticket_id", fields.UUIDField()),
                ("photo", fields.BinaryField()),
                ("photo_type", fields.CharField(max_length=20)),
                ("status", fields.CharField(db_default="waiting", max_length=12)),
                ("reason", fields.CharField(db_default="", max_length=200)),
                ("by_name", fields.CharField(db_default="", max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("renews_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "tourism_pass_holder",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Who holds an annual pass: a photograph, encrypted, that somebody has compared with the document.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="TicketTransfer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("ticket_id", fields.UUIDField()),
                ("serial", fields.SmallIntField()),
                ("contact", fields.BinaryField()),
                ("contact_kind", fields.CharField(max_length=10)),
                ("contact_hint", fields.CharField(max_length=60)),
            ],
            options={
                "table": "tourism_transfer",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A ticket that was passed on: which issue of it, and where its new holder is told. A later issue ends it.",
            },
            bases=["TenantRow"],
        ),
        ops.AddField(
            model_name="Product",
            name="opens_days",
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name="Product",
            name="opens_minute",
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name="Product",
            name="receiver_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="SlotTemplate",
            name="opens_days",
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name="SlotTemplate",
            name="opens_minute",
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name="Ticket",
            name="transfer_id",
            field=fields.UUIDField(null=True),
        ),
        *(ops.RunSQL(build(wall)) for wall in WALLS),
        ops.RunSQL(MORE),
    ]
