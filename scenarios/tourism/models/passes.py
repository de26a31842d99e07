"""Pass holders, tickets that were passed on, and counters that differ."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class PassHolder(TenantRow):
    """Who holds an annual pass: a photograph, encrypted, that somebody has compared with the document.

    ``status`` is waiting, registered, refused or stopped (a gate doubted that it is the holder who came).
    """

    ticket_id: UUID = fields.UUIDField()
    photo: bytes = fields.BinaryField()
    photo_type = fields.CharField(max_length=20)
    status = fields.CharField(max_length=12, db_default="waiting")
    reason = fields.CharField(max_length=200, db_default="")
    by_name = fields.CharField(max_length=100, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)
    renews_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "tourism_pass_holder"


class TicketTransfer(TenantRow):
    """A ticket that was passed on: which issue of it, and where its new holder is told. A later issue ends it."""

    ticket_id: UUID = fields.UUIDField()
    serial = fields.SmallIntField()
    contact: bytes = fields.BinaryField()
    contact_kind = fields.CharField(max_length=10)
    contact_hint = fields.CharField(max_length=60)

    class Meta:
        table = "tourism_transfer"


class CounterIncident(TenantRow):
    """A pool whose counters differ from what they count: found by the daily work, worked by a person, then settled."""

    pool_id: UUID = fields.UUIDField()
    held = fields.IntField()
    sold = fields.IntField()
    held_counted = fields.IntField()
    sold_counted = fields.IntField()
    status = fields.CharField(max_length=10, db_default="open")
    reason = fields.CharField(max_length=200, db_default="")
    settled_by_name = fields.CharField(max_length=100, db_default="")
    settled_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "tourism_incident"
