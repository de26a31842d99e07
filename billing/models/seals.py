"""What proves the journal: sealed batches of entries, the bank's chain over them, and closed months."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import Row, TenantRow


class Seal(TenantRow):
    """A batch of one tenant's entries under one Merkle root, chained to the batch before and signed; append-only.

    ``hash`` is SHA-256 over the header (see ``billing/ledger/README.md``), which names ``root`` and ``previous``.
    """

    number = fields.IntField()
    entry_count = fields.IntField()
    root: bytes = fields.BinaryField()
    previous: bytes = fields.BinaryField()
    hash: bytes = fields.BinaryField()
    key_id = fields.CharField(max_length=16)
    signature: bytes = fields.BinaryField()
    sealed_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "billing_seal"


class SealedEntry(TenantRow):
    """Which seal an entry is in, and where; ``id`` is the entry's own, so that none is ever sealed twice."""

    seal_id: UUID = fields.UUIDField()
    position = fields.IntField()
    leaf: bytes = fields.BinaryField()

    class Meta:
        table = "billing_sealed_entry"


class BankSeal(Row):
    """The bank's chain: one link for each seal of any of its institutions. Hashes alone, so that all may see it."""

    bank_id: UUID = fields.UUIDField()
    number = fields.IntField()
    seal_hash: bytes = fields.BinaryField()
    previous: bytes = fields.BinaryField()
    hash: bytes = fields.BinaryField()
    key_id = fields.CharField(max_length=16)
    signature: bytes = fields.BinaryField()
    sealed_at = fields.DatetimeField()

    class Meta:
        table = "billing_bank_seal"


class Period(TenantRow):
    """A month of the books that somebody wants closed, has closed, or wants opened again.

    ``starts_at`` and ``ends_at`` are the month's ends in the tenant's zone. While ``is_locked``, PostgreSQL refuses
    entries of that month or any before. ``totals`` are the balances as they stood when it was closed.
    """

    month: date = fields.DateField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    status = fields.CharField(max_length=20, db_default="closing")
    is_locked = fields.BooleanField(db_default=False)
    totals: list[Any] = fields.JSONField()
    reason = fields.TextField(db_default="")
    asked_by: UUID | None = fields.UUIDField(null=True)
    asked_by_name = fields.CharField(max_length=100, db_default="")
    asked_at = fields.DatetimeField(db_default=Now())
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_period"
