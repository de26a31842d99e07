"""What the outside says of the tenant's money: its statements, their lines, payouts, and where they differ from us."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class StatementSource(TenantRow):
    """Where statements of one settlement account come from, how they are read, and how far that has got.

    ``settings`` holds what a file does not say of itself (column mapping of tables). ``fee_bps`` and
    ``fee_fixed_minor`` are the agreed fee of a payment, against which each line is held; none means not held.
    """

    settlement_account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    settings: dict[str, Any] = fields.JSONField()
    fee_bps: int | None = fields.IntField(null=True)
    fee_fixed_minor = fields.BigIntField(db_default=0)
    is_automatic = fields.BooleanField(db_default=True)
    cursor = fields.CharField(max_length=255, db_default="")
    read_at = fields.DatetimeField(null=True)
    failed_at = fields.DatetimeField(null=True)
    error = fields.TextField(db_default="")

    class Meta:
        table = "billing_statement_source"


class Statement(TenantRow):
    """One file of the outside, read whole and never changed: the same bytes come in once.

    ``channel`` is ``stripe``, ``bank`` (the rail) or ``account`` (the settlement account at the bank itself). It tells
    everything that happened from ``covers_from`` up to ``covers_until``. ``fee_minor`` is what the channel kept, booked
    as ``fee.charged``. ``payout_id`` is the payout of all its lines, where a channel pays out by the day.
    """

    settlement_account_id: UUID = fields.UUIDField()
    source = fields.CharField(max_length=20)
    channel = fields.CharField(max_length=20)
    reference = fields.CharField(max_length=100)
    day_from: date = fields.DateField()
    day_until: date = fields.DateField()
    covers_from = fields.DatetimeField()
    covers_until = fields.DatetimeField()
    zone = fields.CharField(max_length=60)
    currency = fields.CharField(max_length=3)
    filename = fields.CharField(max_length=200)
    storage_key = fields.CharField(max_length=200, db_default="")
    sha256 = fields.CharField(max_length=64)
    line_count = fields.IntField(db_default=0)
    in_minor = fields.BigIntField(db_default=0)
    out_minor = fields.BigIntField(db_default=0)
    fee_minor = fields.BigIntField(db_default=0)
    opening_minor: int | None = fields.BigIntField(null=True)
    closing_minor: int | None = fields.BigIntField(null=True)
    is_provisional = fields.BooleanField(db_default=False)
    payout_id: UUID | None = fields.UUIDField(null=True)
    read_by: UUID | None = fields.UUIDField(null=True)
    read_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_statement"


class StatementLine(TenantRow):
    """One line of a statement as the outside wrote it (never changed), and what it was matched with.

    ``amount_minor`` is signed, positive to the institution, before ``fee_minor``. ``reference`` is ours as they
    repeat it, ``channel_reference`` what their side calls the payment, ``line_key`` the line itself.
    """

    statement_id: UUID = fields.UUIDField()
    settlement_account_id: UUID = fields.UUIDField()
    channel = fields.CharField(max_length=20)
    position = fields.IntField()
    kind = fields.CharField(max_length=20)
    occurred_at = fields.DatetimeField()
    day: date = fields.DateField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    fee_minor = fields.BigIntField()
    reference = fields.CharField(max_length=140)
    channel_reference = fields.CharField(max_length=140)
    line_key = fields.CharField(max_length=140)
    text = fields.CharField(max_length=300)
    status = fields.CharField(max_length=20, db_default="open")
    matched_by = fields.CharField(max_length=20, db_default="")
    attempt_id: UUID | None = fields.UUIDField(null=True)
    refund_id: UUID | None = fields.UUIDField(null=True)
    payout_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "billing_statement_line"


class Payout(TenantRow):
    """Money that a channel pays into the settlement account, for many payments at once.

    ``amount_minor`` is what arrives: payments less refunds and fees. ``bank_line_id`` is the bank's credit, and
    ``receipt_id`` names its booking, a new one each time a match was taken back and made again.
    """

    settlement_account_id: UUID = fields.UUIDField()
    channel = fields.CharField(max_length=20)
    reference = fields.CharField(max_length=140)
    trace = fields.CharField(max_length=140, db_default="")
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    day_from: date = fields.DateField()
    day_until: date = fields.DateField()
    arrives_on: date = fields.DateField()
    status = fields.CharField(max_length=20, db_default="on_the_way")
    bank_line_id: UUID | None = fields.UUIDField(null=True)
    receipt_id: UUID | None = fields.UUIDField(null=True)
    received_on: date | None = fields.DateField(null=True)

    class Meta:
        table = "billing_payout"


class MatchSuggestion(TenantRow):
    """A line and what it might be, with a score out of 100; a person confirms or refuses it, and neither is forgotten.

    ``subject_kind`` is ``payment``, ``refund`` or ``payout``; ``subject_id`` the attempt, refund or payout.
    """

    line_id: UUID = fields.UUIDField()
    subject_kind = fields.CharField(max_length=20)
    subject_id: UUID = fields.UUIDField()
    score = fields.SmallIntField()
    reasons: list[str] = fields.JSONField()
    status = fields.CharField(max_length=20, db_default="proposed")
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_match_suggestion"


class Break(TenantRow):
    """Where the outside and we differ: a worked item with a kind, an owner, an end and a reason.

    ``subject_id`` is the line, attempt, refund or payout it is about; one of each kind is open at a time.
    """

    kind = fields.CharField(max_length=20)
    status = fields.CharField(max_length=20, db_default="open")
    settlement_account_id: UUID = fields.UUIDField()
    channel = fields.CharField(max_length=20)
    subject_kind = fields.CharField(max_length=20)
    subject_id: UUID = fields.UUIDField()
    line_id: UUID | None = fields.UUIDField(null=True)
    day: date = fields.DateField()
    currency = fields.CharField(max_length=3)
    expected_minor: int | None = fields.BigIntField(null=True)
    found_minor: int | None = fields.BigIntField(null=True)
    facts: dict[str, Any] = fields.JSONField()
    owner_id: UUID | None = fields.UUIDField(null=True)
    owner_name = fields.CharField(max_length=100, db_default="")
    resolution = fields.CharField(max_length=30, db_default="")
    reason = fields.TextField(db_default="")
    closed_at = fields.DatetimeField(null=True)
    closed_by: UUID | None = fields.UUIDField(null=True)
    closed_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_break"
