"""What is kept for somebody while they pay for it."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Hold(TenantRow):
    """Something of a scenario's that is kept for an account until its bill is paid, or until a moment.

    ``kind`` says whose it is and ``subject_id`` which of theirs. ``renews_id`` is the hold whose money came after its
    end and that this one takes the place of. ``is_told`` is false while its scenario has still to hear that it was
    kept, because its own part failed when the money was taken.
    """

    kind = fields.CharField(max_length=40)
    subject_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    bill_id: UUID = fields.UUIDField()
    renews_id: UUID | None = fields.UUIDField(null=True)
    until: datetime = fields.DatetimeField()
    status = fields.CharField(max_length=20, db_default="held")
    why = fields.CharField(max_length=40, db_default="")
    is_told = fields.BooleanField(db_default=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_hold"
