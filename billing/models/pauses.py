"""Days for which an account is not charged, because somebody else is."""

from datetime import date
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class ChargePause(TenantRow):
    """From one day to another (open where empty) these fee items do not charge the account.

    With ``is_all_but`` they are the only ones that do. ``source_id`` is what somebody else pays by: a lease.
    """

    account_id: UUID = fields.UUIDField()
    first_on: date = fields.DateField()
    last_on: date | None = fields.DateField(null=True)
    fee_item_ids: list[str] = fields.JSONField()
    is_all_but = fields.BooleanField(db_default=False)
    source_id: UUID = fields.UUIDField()

    class Meta:
        table = "billing_charge_pause"
