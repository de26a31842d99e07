"""What an account has stored at its institution for one purpose, and how it came and went."""

from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Wallet(TenantRow):
    """Stored value of one account for one purpose: lunches, a deposit for treatment, prepaid power.

    PostgreSQL checks that ``balance_minor`` never falls below ``floor_minor``; whoever moves it holds its row.
    """

    kind = fields.CharField(max_length=40)
    account_id: UUID = fields.UUIDField()
    currency = fields.CharField(max_length=3)
    balance_minor = fields.BigIntField(db_default=0)
    floor_minor = fields.BigIntField(db_default=0)
    status = fields.CharField(max_length=20, db_default="open")
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_wallet"


class WalletTopUp(TenantRow):
    """Money asked for to be stored. Its bill is held (``billing.holds``): paid whole, or it never happened."""

    wallet_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()
    status = fields.CharField(max_length=20, db_default="asked")
    bill_id: UUID | None = fields.UUIDField(null=True)
    asked_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_wallet_top_up"


class WalletMovement(TenantRow):
    """One movement of a wallet, never changed: what, why, and what there was afterwards.

    (wallet, kind, source) is unique, so that a cause moves it once. ``of_id`` is the spending that a giving back is of.
    """

    wallet_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    balance_minor = fields.BigIntField()
    fee_item_id: UUID | None = fields.UUIDField(null=True)
    source_kind = fields.CharField(max_length=40)
    source_id: UUID = fields.UUIDField()
    of_id: UUID | None = fields.UUIDField(null=True)
    note = fields.CharField(max_length=200, db_default="")
    by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_wallet_movement"
