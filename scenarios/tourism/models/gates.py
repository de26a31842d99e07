"""Where people come in and go out, with what they are let in, and every scan with its reason."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Gate(TenantRow):
    """A place where people pass. ``way`` is both, entry or exit; ``products`` are those it lets in, all when empty."""

    site_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=60)
    way = fields.CharField(max_length=10, db_default="both")
    products: list[str] = fields.JSONField()
    is_open = fields.BooleanField(db_default=True)

    class Meta:
        table = "tourism_gate"


class Device(TenantRow):
    """A phone or turnstile at a gate. Its key is known to it alone; we keep the hash. A lost one is revoked."""

    gate_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=60)
    key_hash: bytes = fields.BinaryField()
    added_by_name = fields.CharField(max_length=100)
    seen_at: datetime | None = fields.DatetimeField(null=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "tourism_device"


class Redemption(TenantRow):
    """One scan, whatever came of it. ``nonce`` is the device's own, so that a batch sent twice counts once.

    ``verdict`` is accepted, rejected, conflict (let in without a network although it should not have been: a person
    looks at it) or annulled. ``fault`` is what was wrong with the ticket as such, whoever else used it; ``reason`` is
    what the verdict says. ``is_repeat`` is the same entry once more.
    """

    site_id: UUID = fields.UUIDField()
    gate_id: UUID = fields.UUIDField()
    device_id: UUID = fields.UUIDField()
    ticket_id: UUID | None = fields.UUIDField(null=True)
    nonce = fields.CharField(max_length=40)
    direction = fields.CharField(max_length=10)
    mode = fields.CharField(max_length=10)
    people = fields.IntField(db_default=1)
    day = fields.DateField()
    scanned_at: datetime = fields.DatetimeField()
    received_at: datetime = fields.DatetimeField()
    has_let_in = fields.BooleanField(db_default=False)
    fault = fields.CharField(max_length=20, db_default="")
    verdict = fields.CharField(max_length=10)
    reason = fields.CharField(max_length=20, db_default="")
    is_repeat = fields.BooleanField(db_default=False)
    settled_by_name = fields.CharField(max_length=100, db_default="")
    settled_at: datetime | None = fields.DatetimeField(null=True)
    settled_reason = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "tourism_redemption"
