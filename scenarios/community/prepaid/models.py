"""Who pays ahead for what meters say, and what each reading has spent."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Prepaid(TenantRow):
    """An account pays ahead for what its meters of a kind say; below ``warn_minor`` its holders are told, once.

    Nothing follows from an empty wallet but that word, and the next bill.
    """

    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    wallet_id: UUID = fields.UUIDField()
    warn_minor = fields.BigIntField(db_default=0)
    is_active = fields.BooleanField(db_default=True)
    warned_at: datetime | None = fields.DatetimeField(null=True)
    begun_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_prepaid"


class PrepaidUse(TenantRow):
    """What one reading has spent: the usage, by which rule it was priced, and what it came to.

    ``before`` is what the month had used until then, so that tiers go on where they were.
    """

    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    reading_id: UUID = fields.UUIDField()
    period: date = fields.DateField()
    usage: Decimal = fields.DecimalField(max_digits=18, decimal_places=3)
    before: Decimal = fields.DecimalField(max_digits=18, decimal_places=3)
    amount_minor = fields.BigIntField()
    fee_rule_id: UUID = fields.UUIDField()
    movement_id: UUID | None = fields.UUIDField(null=True)
    is_undone = fields.BooleanField(db_default=False)

    class Meta:
        table = "community_prepaid_use"
