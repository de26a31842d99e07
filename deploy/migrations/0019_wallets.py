"""Wallets: what accounts have stored, how it came and went, with their walls and what PostgreSQL itself refuses."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import tenant_row
from deploy.walls import TODAY, Wall, build, holds

TABLES = [
    tenant_row(
        "Wallet",
        "billing_wallet",
        "Stored value of one account for one purpose: lunches, a deposit for treatment, prepaid power.",
        kind=fields.CharField(max_length=40),
        account_id=fields.UUIDField(),
        currency=fields.CharField(max_length=3),
        balance_minor=fields.BigIntField(db_default=0),
        floor_minor=fields.BigIntField(db_default=0),
        status=fields.CharField(db_default="open", max_length=20),
        closed_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
    ),
    tenant_row(
        "WalletTopUp",
        "billing_wallet_top_up",
        "Money asked for to be stored. Its bill is held (``billing.holds``): paid whole, or it never happened.",
        wallet_id=fields.UUIDField(),
        amount_minor=fields.BigIntField(),
        status=fields.CharField(db_default="asked", max_length=20),
        bill_id=fields.UUIDField(null=True),
        asked_by_name=fields.CharField(db_default="", max_length=100),
    ),
    tenant_row(
        "WalletMovement",
        "billing_wallet_movement",
        "One movement of a wallet, never changed: what, why, and what there was afterwards.",
        wallet_id=fields.UUIDField(),
        account_id=fields.UUIDField(),
        kind=fields.CharField(max_length=20),
        currency=fields.CharField(max_length=3),
        amount_minor=fields.BigIntField(),
        balance_minor=fields.BigIntField(),
        fee_item_id=fields.UUIDField(null=True),
        source_kind=fields.CharField(max_length=40),
        source_id=fields.UUIDField(),
        of_id=fields.UUIDField(null=True),
        note=fields.CharField(db_default="", max_length=200),
        by_name=fields.CharField(db_default="", max_length=100),
    ),
]
WALLET = {"wallet_id": "billing_wallet"}
WALLS = [
    Wall(
        "billing_wallet",
        refs={"account_id": "tenants_account"},
        person=holds(period=TODAY),
        uniques=["account_id, kind, currency"],
        indexes=["kind, status"],
        checks={
            "floor": "balance_minor >= floor_minor",
            "status": "status in ('open', 'closed') and (status = 'open' or balance_minor = 0)",
        },
    ),
    Wall(
        "billing_wallet_top_up",
        refs={**WALLET, "bill_id": "billing_bill"},
        person="exists (select 1 from billing_wallet w where w.tenant_id = t.tenant_id and w.id = t.wallet_id)",
        uniques=["bill_id where bill_id is not null"],
        indexes=["wallet_id, created_at"],
        checks={"amount": "amount_minor > 0", "status": "status in ('asked', 'paid', 'let_go')"},
    ),
    Wall(
        "billing_wallet_movement",
        refs={**WALLET, "account_id": "tenants_account"},
        person=holds(period="day_of(t.tenant_id, t.created_at)"),
        uniques=["wallet_id, kind, source_kind, source_id"],
        indexes=["wallet_id, created_at", "of_id where of_id is not null"],
        checks={"amount": "amount_minor <> 0"},
        is_append_only=True,
    ),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0018_tourism")]
    operations = [*TABLES, *(ops.RunSQL(build(wall)) for wall in WALLS)]
