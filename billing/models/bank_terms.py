"""What a bank offers its institutions: which ways to pay, its fee and its limits, version by version."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import Row


class BankTermsVersion(Row):
    """One version of a bank's terms: asked for by one person, decided by another, in force until the next.

    ``document`` is a ``billing.bank_terms.document.BankTerms`` and never changes. One version of a bank is in force,
    and one at most waits.
    """

    bank_id: UUID = fields.UUIDField()
    number = fields.IntField()
    status = fields.CharField(max_length=20, db_default="asked")
    document: dict[str, Any] = fields.JSONField()
    reason = fields.TextField()
    asked_by: UUID = fields.UUIDField()
    asked_by_name = fields.CharField(max_length=100)
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)
    decision_reason = fields.TextField(db_default="")
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_bank_terms"
