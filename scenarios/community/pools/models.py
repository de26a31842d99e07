"""Pools of shared costs, their invoices, and each unit's share."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise import fields

from billing.names import localized
from tenants.models.base import TenantRow


class CostPool(TenantRow):
    """Costs of one month that some units bear together.

    ``names`` are by language. ``basis`` is what they are divided by; ``usage_of`` names the meters where that is usage.
    ``buildings`` are those whose units take part (all where it is empty), ``excluded`` the accounts that do not. A
    closed pool has its shares.
    """

    names: dict[str, str] = fields.JSONField()
    period: date = fields.DateField()
    basis = fields.CharField(max_length=10)
    usage_of = fields.CharField(max_length=10, db_default="")
    buildings: list[str] = fields.JSONField()
    excluded: list[str] = fields.JSONField()
    currency = fields.CharField(max_length=3)
    total_minor = fields.BigIntField(db_default=0)
    budget_minor: int | None = fields.BigIntField(null=True)
    status = fields.CharField(max_length=10, db_default="open")
    working: dict[str, Any] = fields.JSONField()
    closed_by_name = fields.CharField(max_length=100, db_default="")
    closed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "community_pool"

    @property
    def name(self) -> str:
        """What it is called in the reader's language."""
        return localized(self.names)


class PoolInvoice(TenantRow):
    """One invoice in a pool, with its paper; those who bear it may see it."""

    pool_id: UUID = fields.UUIDField()
    supplier = fields.CharField(max_length=100)
    number = fields.CharField(max_length=60, db_default="")
    invoiced_on: date = fields.DateField()
    amount_minor = fields.BigIntField()
    notes: dict[str, str] = fields.JSONField()
    """What it is for, by language."""
    file_key = fields.CharField(max_length=200, db_default="")
    file_name = fields.CharField(max_length=200, db_default="")
    file_type = fields.CharField(max_length=60, db_default="")

    class Meta:
        table = "community_pool_invoice"


class PoolShare(TenantRow):
    """What one account bears of a closed pool, and the weight it was found by."""

    pool_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    weight: Decimal = fields.DecimalField(max_digits=20, decimal_places=6)
    amount_minor = fields.BigIntField()

    class Meta:
        table = "community_pool_share"
