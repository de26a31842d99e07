"""What an institution and those who pay agree on: its terms, and the credit that accounts have."""

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

    ``left_minor`` is what of ``amount_minor`` has neither been used nor gone back; ``refunding_minor`` of it is
    reserved by refunds under way. ``source`` says where it comes from, ``source_id`` names what (an attempt, a sum
    of unassigned money, a credit note): the same cause gives credit once.
    """

    account_id: UUID = fields.UUIDField()
    payment_id: UUID = fields.UUIDField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    left_minor = fields.BigIntField()
    refunded_minor = fields.BigIntField(db_default=0)
    refunding_minor = fields.BigIntField(db_default=0)
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
