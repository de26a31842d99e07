"""Complaints: who says what about which institution, by when somebody answers, and what was said."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import Row, TenantRow


class Complaint(TenantRow):
    """What somebody complains about, as the bank, the institution and whoever complains see it together.

    ``by`` is ``payer``, ``tenant`` (the institution, about the bank) or ``caller`` (written down by the bank).
    ``branch_id`` is the branch at the time, which the scorecard counts it for; ``desk_id`` the branch that has to
    work it, which rises when it is overdue. ``number_about``, ``currency`` and ``amount_minor`` are what the bill
    or payment said when it was named, so that the bank reads no table of the institution.
    """

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    desk_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=20)
    kind = fields.CharField(max_length=20)
    by = fields.CharField(max_length=10)
    person_id: UUID | None = fields.UUIDField(null=True)
    person_name = fields.CharField(max_length=100)
    contact = fields.CharField(max_length=200, db_default="")
    summary = fields.CharField(max_length=150)
    bill_id: UUID | None = fields.UUIDField(null=True)
    payment_id: UUID | None = fields.UUIDField(null=True)
    number_about = fields.CharField(max_length=40, db_default="")
    currency = fields.CharField(max_length=3, db_default="")
    amount_minor: int | None = fields.BigIntField(null=True)
    status = fields.CharField(max_length=10, db_default="received")
    due_at: datetime = fields.DatetimeField()
    escalation = fields.SmallIntField(db_default=0)
    escalated_at: datetime | None = fields.DatetimeField(null=True)
    assigned_to: UUID | None = fields.UUIDField(null=True)
    assigned_to_name = fields.CharField(max_length=100, db_default="")
    outcome = fields.CharField(max_length=12, db_default="")
    answered_at: datetime | None = fields.DatetimeField(null=True)
    answered_by_name = fields.CharField(max_length=100, db_default="")
    closed_at: datetime | None = fields.DatetimeField(null=True)
    refund_minor: int | None = fields.BigIntField(null=True)
    refund_id: UUID | None = fields.UUIDField(null=True)
    reopened = fields.SmallIntField(db_default=0)
    repeat_of: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "billing_complaint"


class ComplaintMessage(TenantRow):
    """One message of a complaint, with its files. An internal one is the bank's own: nobody else ever reads it."""

    bank_id: UUID = fields.UUIDField()
    complaint_id: UUID = fields.UUIDField()
    person_id: UUID | None = fields.UUIDField(null=True)
    side = fields.CharField(max_length=10)
    name = fields.CharField(max_length=100)
    text = fields.TextField()
    files: list[dict[str, Any]] = fields.JSONField()
    is_internal = fields.BooleanField(db_default=False)

    class Meta:
        table = "billing_complaint_message"


class ComplaintTerms(Row):
    """A bank's days to answer by kind, from the moment they were set; the newest row is in force, none is changed."""

    bank_id: UUID = fields.UUIDField()
    days: dict[str, int] = fields.JSONField()
    closes_after = fields.SmallIntField()
    reopens_within = fields.SmallIntField()
    escalates_again = fields.SmallIntField()
    reason = fields.CharField(max_length=300)
    set_by_name = fields.CharField(max_length=100)

    class Meta:
        table = "billing_complaint_terms"
