"""Money that a payer's bank asks back, and what we answer."""

from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Dispute(TenantRow):
    """A payer's objection at their bank to one payment, as its channel tells of it.

    ``reference`` is the channel's own id. While ``is_withdrawn`` the channel has taken ``amount_minor`` back;
    ``fee_minor`` is what it charges for that and ``fee_returned_minor`` what it gave back of it. A lost one is
    decided by a person: ``decision`` is ``owed`` (its bills are owed again) or ``borne`` (the institution bears the
    loss), ``asked`` while the latter waits for a second person. ``suspense_minor``, ``credit_minor``,
    ``reopened_minor`` and ``borne_minor`` are where the lost money was taken from. ``evidence`` is the answer as typed.
    """

    payment_id: UUID = fields.UUIDField()
    attempt_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=40)
    channel = fields.CharField(max_length=20)
    reference = fields.CharField(max_length=255)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    fee_minor = fields.BigIntField(db_default=0)
    fee_returned_minor = fields.BigIntField(db_default=0)
    reason = fields.CharField(max_length=60, db_default="")
    status = fields.CharField(max_length=20, db_default="opened")
    is_withdrawn = fields.BooleanField(db_default=False)
    evidence_due_at = fields.DatetimeField(null=True)
    evidence: dict[str, Any] = fields.JSONField()
    version = fields.IntField(db_default=0)
    sending = fields.CharField(max_length=20, db_default="")
    sent_by_name = fields.CharField(max_length=100, db_default="")
    error = fields.TextField(db_default="")
    submitted_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    decision = fields.CharField(max_length=20, db_default="")
    decision_reason = fields.TextField(db_default="")
    asked_by: UUID | None = fields.UUIDField(null=True)
    asked_by_name = fields.CharField(max_length=100, db_default="")
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)
    suspense_minor = fields.BigIntField(db_default=0)
    credit_minor = fields.BigIntField(db_default=0)
    reopened_minor = fields.BigIntField(db_default=0)
    borne_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "billing_dispute"

    @property
    def claim_minor(self) -> int:
        """What it takes from neither unassigned money nor credit: a person decides who bears that."""
        return int(self.amount_minor - self.suspense_minor - self.credit_minor)


class DisputeFile(TenantRow):
    """A file of the evidence: where it is kept, what it shows, and the channel's id once it is there."""

    dispute_id: UUID = fields.UUIDField()
    purpose = fields.CharField(max_length=40)
    filename = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=100)
    size = fields.IntField()
    storage_key = fields.CharField(max_length=200)
    channel_file = fields.CharField(max_length=255, db_default="")
    added_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_dispute_file"
