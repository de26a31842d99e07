"""Patients beyond their account: who they are by document, whom they trust with what, whether they may book."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Patient(TenantRow):
    """What the hospital knows of an account's patient; its row is the lock under which the patient books.

    The document's number is kept encrypted and found by a keyed hash; ``document_mask`` is what pages show.
    """

    account_id: UUID = fields.UUIDField()
    sex = fields.CharField(max_length=10)
    born_on: date = fields.DateField()
    document_kind = fields.CharField(max_length=30)
    document_hash: bytes = fields.BinaryField()
    document: bytes = fields.BinaryField()
    document_mask = fields.CharField(max_length=30)
    phone: bytes = fields.BinaryField()
    agreed_at: datetime = fields.DatetimeField()
    his_number = fields.CharField(max_length=64, db_default="")
    """What the hospital's own system calls the patient by; empty where it has not said so."""

    class Meta:
        table = "hospital_patient"


class CareGrant(TenantRow):
    """What a patient lets a trusted person see and do (``purpose`` of ``kinds.GRANTS``); ended, it is gone at once."""

    holder_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    purpose = fields.CharField(max_length=20)
    granted_by_name = fields.CharField(max_length=100)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "hospital_grant"


class BookingBlock(TenantRow):
    """A patient may not book until ``until``: after too many missed appointments. An appeal can lift it."""

    account_id: UUID = fields.UUIDField()
    since: date = fields.DateField()
    until: date = fields.DateField()
    missed = fields.SmallIntField(db_default=0)
    appeal = fields.CharField(max_length=500, db_default="")
    appealed_at: datetime | None = fields.DatetimeField(null=True)
    decision = fields.CharField(max_length=500, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    is_lifted = fields.BooleanField(db_default=False)

    class Meta:
        table = "hospital_block"
