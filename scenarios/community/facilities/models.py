"""What can be booked, and the bookings."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Facility(TenantRow):
    """Something that residents book by whole hours, from ``opens`` to ``closes``, so many days ahead."""

    names: dict[str, str] = fields.JSONField()
    opens = fields.SmallIntField()
    closes = fields.SmallIntField()
    days_ahead = fields.SmallIntField()
    fee_minor = fields.BigIntField(db_default=0)
    deposit_minor = fields.BigIntField(db_default=0)
    currency = fields.CharField(max_length=3)
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "community_facility"


class FacilityBooking(TenantRow):
    """One hour of a facility. ``held`` while it is being paid, then ``booked`` or ``free``; fee and deposit of then."""

    facility_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=20)
    starts_at: datetime = fields.DatetimeField()
    status = fields.CharField(max_length=10)
    fee_minor = fields.BigIntField()
    deposit_minor = fields.BigIntField()
    returned_minor = fields.BigIntField(db_default=0)
    kept_reason = fields.CharField(max_length=200, db_default="")
    deposit_status = fields.CharField(max_length=10, db_default="")
    hold_id: UUID | None = fields.UUIDField(null=True)
    booked_by: UUID | None = fields.UUIDField(null=True)
    booked_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_facility_booking"
