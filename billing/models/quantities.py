"""Numbers of a month that fee rules charge by: usage of meters, shares of common costs, meals eaten."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Quantity(TenantRow):
    """So much of something for one account and month; a run adds up all rows of a name.

    ``source_id`` is what it was found by (a reading, a pool of costs): each source counts once.
    """

    account_id: UUID = fields.UUIDField()
    period: date = fields.DateField()
    name = fields.CharField(max_length=40)
    amount: Decimal = fields.DecimalField(max_digits=18, decimal_places=6)
    source_kind = fields.CharField(max_length=30)
    source_id: UUID = fields.UUIDField()

    class Meta:
        table = "billing_quantity"
