"""What was bought: an order and its tickets."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Order(TenantRow):
    """Tickets bought together; its bill is their price. See ``orders/states.py`` for its life.

    ``contact`` is the encrypted address that its one-time code goes to, ``contact_hint`` what pages show of it.
    ``channel`` is web, desk or agency. ``pools`` freezes what it takes: ``{pool id: people}``. ``told_slot_id`` is the
    slot whose closing its buyer was told of. ``contract_id`` is the agency's contract that it was booked under: it has
    no bill of its own then, and ``by_name`` is who of the agency booked it.
    """

    number = fields.CharField(max_length=20)
    site_id: UUID = fields.UUIDField()
    slot_id: UUID | None = fields.UUIDField(null=True)
    day: date = fields.DateField()
    account_id: UUID = fields.UUIDField()
    bill_id: UUID | None = fields.UUIDField(null=True)
    channel = fields.CharField(max_length=20)
    status = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    total_minor = fields.BigIntField()
    refunded_minor = fields.BigIntField(db_default=0)
    people = fields.IntField()
    pools: dict[str, int] = fields.JSONField()
    name: bytes = fields.BinaryField()
    contact: bytes = fields.BinaryField()
    contact_kind = fields.CharField(max_length=10)
    contact_hint = fields.CharField(max_length=60)
    locale = fields.CharField(max_length=10, db_default="")
    held_until: datetime | None = fields.DatetimeField(null=True)
    paid_at: datetime | None = fields.DatetimeField(null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)
    told_slot_id: UUID | None = fields.UUIDField(null=True)
    contract_id: UUID | None = fields.UUIDField(null=True)
    by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "tourism_order"


class Ticket(TenantRow):
    """One right to come in, for ``people`` (more than one on a group's). The gate and a refund contend for this row.

    ``product_id`` is what it lets in to, ``bought_id`` what was bought: a combined ticket is a ticket for each part.
    ``serial`` is part of the signed code: a change of slot makes it one more, and older codes are then revoked.
    ``begins_at`` is the moment that its refund tiers count back from; ``policy`` is those tiers as they were at sale.
    ``document_key`` is a keyed hash of the visitor's document. ``places`` is how many of its order's places it stands
    for, ``inside`` how many of its people are on site. ``is_closed`` when the site has closed its time: all of it may
    go back, or it moves without paying more. ``used_on`` is the day of the last entry, for passes.
    ``statement_id`` is the agency's monthly statement that counts it, ``transfer_id`` how it was passed on last.
    """

    order_id: UUID = fields.UUIDField()
    site_id: UUID = fields.UUIDField()
    product_id: UUID = fields.UUIDField()
    bought_id: UUID = fields.UUIDField()
    slot_id: UUID | None = fields.UUIDField(null=True)
    number = fields.CharField(max_length=20)
    day: date = fields.DateField()
    valid_from: datetime = fields.DatetimeField()
    valid_until: datetime = fields.DatetimeField()
    begins_at: datetime = fields.DatetimeField()
    kind = fields.CharField(max_length=20)
    visitor_kind = fields.CharField(max_length=20)
    visitor: bytes | None = fields.BinaryField(null=True)
    document: bytes | None = fields.BinaryField(null=True)
    document_key: bytes | None = fields.BinaryField(null=True)
    people = fields.IntField(db_default=1)
    places = fields.IntField(db_default=0)
    price_minor = fields.BigIntField()
    policy: list[dict[str, Any]] = fields.JSONField()
    status = fields.CharField(max_length=20)
    serial = fields.SmallIntField(db_default=1)
    uses = fields.SmallIntField(db_default=1)
    uses_per_day = fields.SmallIntField(db_default=0)
    used = fields.IntField(db_default=0)
    used_on: date | None = fields.DateField(null=True)
    inside = fields.IntField(db_default=0)
    refund_minor = fields.BigIntField(db_default=0)
    is_closed = fields.BooleanField(db_default=False)
    changed_at: datetime | None = fields.DatetimeField(null=True)
    statement_id: UUID | None = fields.UUIDField(null=True)
    transfer_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "tourism_ticket"
