"""What guardians have agreed among themselves."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class SchoolSharing(TenantRow):
    """How guardians share a child's bills. It holds once each of them has agreed; the school is owed the whole."""

    account_id: UUID = fields.UUIDField()
    status = fields.CharField(max_length=10, db_default="proposed")
    proposed_by: UUID = fields.UUIDField()
    proposed_by_name = fields.CharField(max_length=100)
    agreed_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    ended_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "education_sharing"


class SchoolSharingPart(TenantRow):
    """One guardian's part of it, in per cent; all parts of one sharing are a hundred."""

    sharing_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=100)
    percent = fields.SmallIntField()
    position = fields.SmallIntField()
    agreed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "education_sharing_part"


class SchoolPartner(TenantRow):
    """What is between this school and another of its bank: whether brothers and sisters count at both.

    Each of the two has a row of its own; ``partner_name`` is all that it knows of the other.
    """

    partner_id: UUID = fields.UUIDField()
    partner_name = fields.CharField(max_length=200)
    status = fields.CharField(max_length=10)
    moved_by_name = fields.CharField(max_length=100)
    moved_at: datetime = fields.DatetimeField()

    class Meta:
        table = "education_partner"
