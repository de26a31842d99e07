"""Travel agencies: what was agreed with each, the lists of their groups, and what they are billed by the month."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Contract(TenantRow):
    """What a site has agreed with one agency; the agency has one at a time.

    ``uscc`` is the credit code of the company by whose login its staff come in. ``prices`` lists ``{"product", "kind",
    "price_minor"}``: what the agency pays for one, and what nobody else is shown. ``counts`` is what it is billed by:
    what was sold, or what was redeemed at the gate. ``limit_minor`` is how far it may run up beyond its deposit.
    ``cancel_tiers`` are the refund tiers of its tickets, ``moves_hours`` how long before the visit a booking may be
    moved. ``allotment`` is how many places of each slot are kept for it, until ``release_days`` before the day.
    """

    site_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    uscc = fields.CharField(max_length=18)
    since: date = fields.DateField()
    until: date = fields.DateField()
    prices: list[dict[str, Any]] = fields.JSONField()
    counts = fields.CharField(max_length=10, db_default="redeemed")
    limit_minor = fields.BigIntField(db_default=0)
    due_days = fields.SmallIntField(db_default=15)
    cancel_tiers: list[dict[str, Any]] = fields.JSONField()
    moves_hours = fields.SmallIntField(db_default=24)
    allotment = fields.IntField(db_default=0)
    release_days = fields.SmallIntField(db_default=3)
    status = fields.CharField(max_length=10, db_default="active")

    class Meta:
        table = "tourism_contract"


class AgencyStatement(TenantRow):
    """What an agency owes for the visits of one month: a draft that somebody looks at, then a bill.

    ``lines`` lists ``{"product", "kind", "quantity", "amount_minor"}``; ``product`` is empty for what was cancelled too
    late to cost nothing. The tickets that it counts say so (``Ticket.statement_id``).
    """

    contract_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    period: date = fields.DateField()
    counts = fields.CharField(max_length=10)
    lines: list[dict[str, Any]] = fields.JSONField()
    total_minor = fields.BigIntField(db_default=0)
    currency = fields.CharField(max_length=3)
    status = fields.CharField(max_length=10, db_default="draft")
    bill_id: UUID | None = fields.UUIDField(null=True)
    worked_out_at: datetime = fields.DatetimeField()
    issued_at: datetime | None = fields.DatetimeField(null=True)
    issued_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "tourism_statement"


class GroupList(TenantRow):
    """A group's names as an agency has uploaded them: for which visit, which column is which, what came of it.

    ``content`` is the file, encrypted, and goes once it is booked; ``refused`` are the rows that were not booked with
    what is wrong with them, encrypted as well.
    """

    contract_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    product_id: UUID = fields.UUIDField()
    slot_id: UUID = fields.UUIDField()
    day: date = fields.DateField()
    filename = fields.CharField(max_length=200)
    content: bytes | None = fields.BinaryField(null=True)
    columns: dict[str, str] = fields.JSONField()
    header: list[str] = fields.JSONField()
    refused: bytes | None = fields.BinaryField(null=True)
    status = fields.CharField(max_length=10, db_default="uploaded")
    order_id: UUID | None = fields.UUIDField(null=True)
    by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "tourism_group_list"
