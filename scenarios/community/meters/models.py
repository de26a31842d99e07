"""Meters and what was read on them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Meter(TenantRow):
    """A meter of a unit, or of a building where ``unit_id`` is empty.

    What it shows times ``multiplier`` is what was used. It shows ``digits`` digits before the point, so that it begins
    again at ten to that power. One that was replaced keeps its last day and what it showed then.
    """

    kind = fields.CharField(max_length=10)
    unit_id: UUID | None = fields.UUIDField(null=True)
    building_id: UUID = fields.UUIDField()
    serial = fields.CharField(max_length=40)
    place = fields.CharField(max_length=100, db_default="")
    multiplier: Decimal = fields.DecimalField(max_digits=12, decimal_places=4)
    digits = fields.SmallIntField()
    installed_on: date = fields.DateField()
    start_value: Decimal = fields.DecimalField(max_digits=18, decimal_places=3)
    removed_on: date | None = fields.DateField(null=True)
    replaces_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "community_meter"


class MeterReading(TenantRow):
    """What a meter showed on a day, who says so, and what it means.

    ``usage`` is what was used since the reading before, once it is accepted. ``flag`` is what is odd about it; ``key``
    is the sender's own, so that the same round may be sent any number of times.
    """

    meter_id: UUID = fields.UUIDField()
    read_on: date = fields.DateField()
    value: Decimal = fields.DecimalField(max_digits=18, decimal_places=3)
    usage: Decimal | None = fields.DecimalField(max_digits=18, decimal_places=3, null=True)
    is_rollover = fields.BooleanField(db_default=False)
    source = fields.CharField(max_length=10)
    status = fields.CharField(max_length=10, db_default="submitted")
    flag = fields.CharField(max_length=10, db_default="")
    key = fields.CharField(max_length=80, db_default="")
    photo_key = fields.CharField(max_length=200, db_default="")
    photo_type = fields.CharField(max_length=60, db_default="")
    read_by: UUID | None = fields.UUIDField(null=True)
    read_by_name = fields.CharField(max_length=100, db_default="")
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "community_reading"
