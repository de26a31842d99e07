"""What an institution and those who pay agree on: its terms, and the credit that accounts have."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Terms(TenantRow):
    """One section of an institution's terms (credit, answers, mandates, reminders) as its officer saved it.

    ``document`` is what the section's own model reads; a section never saved has that model's defaults.
    """

    section = fields.CharField(max_length=20)
    document: dict[str, Any] = fields.JSONField()
    saved_by_name = fields.CharField(max_length=100, db_default="")
    saved_at = fields.DatetimeField()

    class Meta:
        table = "billing_terms"


class Credit(TenantRow):
    """Money of one payment that an account has at its institution and that pays no bill yet.

    ``left_minor`` is what of ``amount_minor`` has neither been used nor gone back nor been lost; ``refunding_minor`` of
    it is reserved by refunds under way. ``is_frozen`` while its payment is in a dispute, so that nobody spends what the
    payer's bank has taken back; ``lost_minor`` is what it kept. ``source`` says where it comes from, ``source_id``
    names what (an attempt, a sum of unassigned money, a credit note): the same cause gives credit once.
    """

    account_id: UUID = fields.UUIDField()
    payment_id: UUID = fields.UUIDField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    left_minor = fields.BigIntField()
    refunded_minor = fields.BigIntField(db_default=0)
    refunding_minor = fields.BigIntField(db_default=0)
    is_frozen = fields.BooleanField(db_default=False)
    lost_minor = fields.BigIntField(db_default=0)
    lost_at = fields.DatetimeField(null=True)
    source = fields.CharField(max_length=20)
    source_id: UUID = fields.UUIDField()
    note = fields.TextField(db_default="")
    given_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_credit"


class CreditUse(TenantRow):
    """Credit put to a bill; its allocations name the credit. ``used_by_name`` is empty when it went by itself."""

    credit_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    bill_id: UUID = fields.UUIDField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    used_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_credit_use"


class Answer(TenantRow):
    """What a payer says to a bill: a promise to pay by a day, a dispute, or that they decline a voluntary item.

    ``closed_at`` is set when nothing is expected of it any more. ``bill_line_id`` is the line that was declined,
    ``outcome`` what an accepted dispute led to.
    """

    bill_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    status = fields.CharField(max_length=12)
    person_id: UUID | None = fields.UUIDField(null=True)
    person_name = fields.CharField(max_length=100)
    topic = fields.CharField(max_length=20, db_default="")
    promised_on: date | None = fields.DateField(null=True)
    bill_line_id: UUID | None = fields.UUIDField(null=True)
    amount_minor: int | None = fields.BigIntField(null=True)
    outcome = fields.CharField(max_length=20, db_default="")
    owner_id: UUID | None = fields.UUIDField(null=True)
    owner_name = fields.CharField(max_length=100, db_default="")
    closed_by_name = fields.CharField(max_length=100, db_default="")
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_answer"


class AnswerNote(TenantRow):
    """One message of an answer's conversation. ``files`` are kept files (key, filename, content_type, size)."""

    answer_id: UUID = fields.UUIDField()
    is_staff = fields.BooleanField()
    name = fields.CharField(max_length=100)
    text = fields.TextField()
    files: list[dict[str, Any]] = fields.JSONField()

    class Meta:
        table = "billing_answer_note"


class Reminder(TenantRow):
    """That a bill's holder was reminded at one step of the plan (or by hand); (bill, step) is unique.

    ``channels`` says how (``in_app``, ``email``, ``sms``); ``offset_days`` counts from the due day.
    """

    bill_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    holder_id: UUID = fields.UUIDField()
    step = fields.CharField(max_length=30)
    offset_days = fields.IntField()
    is_final = fields.BooleanField(db_default=False)
    channels = fields.CharField(max_length=30)
    recipient = fields.CharField(max_length=200)
    sent_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_reminder"


class ReminderStop(TenantRow):
    """A holder who wants no reminders; final notices they get all the same."""

    holder_id: UUID = fields.UUIDField()

    class Meta:
        table = "billing_reminder_stop"
