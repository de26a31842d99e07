"""What is let off: adjustments of issued bills, the lasting ones behind them, and what each took off which line."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class _Decided(TenantRow):
    """What is asked for by one person with a reason and evidence, and decided by another above the asker's limit.

    ``evidence`` is a kept file (key, filename, content_type, size, sha256), or empty.
    """

    number = fields.CharField(max_length=40)
    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    reason = fields.TextField()
    evidence: dict[str, Any] = fields.JSONField()
    status = fields.CharField(max_length=20, db_default="requested")
    requested_by: UUID | None = fields.UUIDField(null=True)
    requested_by_name = fields.CharField(max_length=100, db_default="")
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decision_reason = fields.TextField(db_default="")
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        abstract = True


class StandingAdjustment(_Decided):
    """An adjustment that every bill of an account gets while it lasts: a percentage or an amount off its lines.

    ``fee_item_id`` is the one charge it concerns, none for all charges; ``effective_from`` and ``effective_until``
    (the last day) are compared with the first day of a line's period. Exactly one of ``percent`` and
    ``amount_minor`` is set; an amount is for each line.
    """

    fee_item_id: UUID | None = fields.UUIDField(null=True)
    percent: Decimal | None = fields.DecimalField(max_digits=7, decimal_places=4, null=True)
    amount_minor: int | None = fields.BigIntField(null=True)
    effective_from: date = fields.DateField()
    effective_until: date | None = fields.DateField(null=True)

    class Meta:
        table = "billing_standing_adjustment"


class Adjustment(_Decided):
    """So much less to pay of one issued bill. Reversing it makes the bill owed again; nothing is ever deleted.

    ``standing_id`` is the lasting adjustment it came from. ``fee_item_id`` narrows it to one charge's lines.
    """

    bill_id: UUID = fields.UUIDField()
    standing_id: UUID | None = fields.UUIDField(null=True)
    fee_item_id: UUID | None = fields.UUIDField(null=True)
    amount_minor = fields.BigIntField()
    applied_at = fields.DatetimeField(null=True)
    reversed_by: UUID | None = fields.UUIDField(null=True)
    reversed_by_name = fields.CharField(max_length=100, db_default="")
    reversal_reason = fields.TextField(db_default="")
    reversed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_adjustment"


class AdjustmentPart(TenantRow):
    """What was taken off one bill line; negative when that was reversed. Append-only, like an allocation.

    ``cause`` is the kind of thing that did it (``adjustment``, ``credit_note``) and ``source_id`` that thing.
    """

    bill_id: UUID = fields.UUIDField()
    bill_line_id: UUID = fields.UUIDField()
    cause = fields.CharField(max_length=20)
    source_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()

    class Meta:
        table = "billing_adjustment_part"
