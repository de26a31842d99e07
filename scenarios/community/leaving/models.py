"""Deposits, and who has moved out."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class UnitDeposit(TenantRow):
    """A deposit asked of an account: its money is in a wallet (``billing.wallets``), which the institution owes.

    ``top_up_id`` says whether it was paid. What was kept of it has a reason.
    """

    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    label = fields.CharField(max_length=100, db_default="")
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    wallet_id: UUID = fields.UUIDField()
    top_up_id: UUID = fields.UUIDField()
    kept_minor = fields.BigIntField(db_default=0)
    kept_reason = fields.CharField(max_length=200, db_default="")
    asked_by_name = fields.CharField(max_length=100, db_default="")
    returned_at: datetime | None = fields.DatetimeField(null=True)
    returned_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_deposit"


class MoveOut(TenantRow):
    """Somebody has moved out: the account's last day, and the bill of what it still had to be charged until then."""

    account_id: UUID = fields.UUIDField()
    last_on: date = fields.DateField()
    bill_id: UUID | None = fields.UUIDField(null=True)
    address = fields.CharField(max_length=200, db_default="")
    by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_move_out"
