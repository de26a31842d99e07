"""Who may not buy for a while: strikes and blocks of documents."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Strike(TenantRow):
    """Something held against a document: a day that was booked and not come to, a refund on the day itself."""

    document_key: bytes = fields.BinaryField()
    ticket_id: UUID = fields.UUIDField()
    reason = fields.CharField(max_length=20)
    day: date = fields.DateField()
    lifted_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "tourism_strike"


class Block(TenantRow):
    """A document that may not buy until a day. Its holder may appeal; lifting it clears the strikes as well."""

    document_key: bytes = fields.BinaryField()
    reason = fields.CharField(max_length=20)
    note = fields.CharField(max_length=200, db_default="")
    since: date = fields.DateField()
    until: date = fields.DateField()
    appeal = fields.TextField(db_default="")
    appeal_contact: bytes | None = fields.BinaryField(null=True)
    appealed_at: datetime | None = fields.DatetimeField(null=True)
    lifted_at: datetime | None = fields.DatetimeField(null=True)
    lifted_by_name = fields.CharField(max_length=100, db_default="")
    answer = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "tourism_block"
