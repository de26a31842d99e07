"""What proves the audit trail: sealed batches of its rows, and each bank's chain over them."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import Row


class AuditSeal(Row):
    """A batch of one place's rows under one Merkle root, chained to the batch before and signed; append-only.

    The place is a tenant, a bank (for what touches no tenant) or a person (for what touches neither).
    """

    place_kind = fields.CharField(max_length=10)
    place_id: UUID = fields.UUIDField()
    number = fields.IntField()
    row_count = fields.IntField()
    root: bytes = fields.BinaryField()
    previous: bytes = fields.BinaryField()
    hash: bytes = fields.BinaryField()
    key_id = fields.CharField(max_length=16)
    signature: bytes = fields.BinaryField()
    sealed_at: datetime = fields.DatetimeField()

    class Meta:
        table = "tenants_audit_seal"


class SealedAudit(Row):
    """Which seal a row of the trail is in, and where; ``id`` is the row's own, so that none is ever sealed twice."""

    place_id: UUID = fields.UUIDField()
    seal_id: UUID = fields.UUIDField()
    position = fields.IntField()
    leaf: bytes = fields.BinaryField()

    class Meta:
        table = "tenants_sealed_audit"


class AuditLink(Row):
    """A bank's chain: one link for each seal of its own trail or an institution's. Hashes alone, for all to see."""

    bank_id: UUID = fields.UUIDField()
    number = fields.IntField()
    seal_hash: bytes = fields.BinaryField()
    previous: bytes = fields.BinaryField()
    hash: bytes = fields.BinaryField()
    key_id = fields.CharField(max_length=16)
    signature: bytes = fields.BinaryField()
    sealed_at: datetime = fields.DatetimeField()

    class Meta:
        table = "tenants_audit_link"
