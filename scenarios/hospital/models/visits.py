"""Visits: appointments on numbers, and who waits for one to become free."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import TenantRow


class Appointment(TenantRow):
    """A patient on a number. Its session's day and times are kept with it, so that overlaps are found here.

    ``quota`` is the kind of its number, ``code`` what the patient shows on arrival, ``queued_at`` the place in the
    queue, given then. ``bill_id`` is the registration fee's bill, none where nothing is charged. ``kept_minor`` is
    what a cancellation kept of it; with ``has_full_refund`` the hospital has changed something and keeps nothing.
    """

    account_id: UUID = fields.UUIDField()
    slot_id: UUID = fields.UUIDField()
    session_id: UUID = fields.UUIDField()
    department_id: UUID = fields.UUIDField()
    service_id: UUID = fields.UUIDField()
    reference = fields.CharField(max_length=40)
    code = fields.CharField(max_length=12)
    visit = fields.CharField(max_length=10)
    quota = fields.CharField(max_length=20)
    channel = fields.CharField(max_length=10)
    status = fields.CharField(max_length=20)
    day: date = fields.DateField()
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()
    price_minor = fields.BigIntField(db_default=0)
    kept_minor = fields.BigIntField(db_default=0)
    currency = fields.CharField(max_length=3)
    bill_id: UUID | None = fields.UUIDField(null=True)
    hold_id: UUID | None = fields.UUIDField(null=True)
    booked_by: UUID | None = fields.UUIDField(null=True)
    booked_by_name = fields.CharField(max_length=100, db_default="")
    queued_at: datetime | None = fields.DatetimeField(null=True)
    arrived_at: datetime | None = fields.DatetimeField(null=True)
    called_at: datetime | None = fields.DatetimeField(null=True)
    calls = fields.SmallIntField(db_default=0)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    end_reason = fields.CharField(max_length=200, db_default="")
    has_full_refund = fields.BooleanField(db_default=False)
    changed_from: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField(db_default=1)
    changed_at: datetime = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "hospital_appointment"


class AppointmentVersion(TenantRow):
    """An appointment as programs read it once: written by triggers when it or its session changes, never by us."""

    appointment_id: UUID = fields.UUIDField()
    version_at: datetime = fields.DatetimeField()
    transaction = fields.BigIntField()
    account_id: UUID = fields.UUIDField()
    slot_id: UUID = fields.UUIDField()
    session_id: UUID = fields.UUIDField()
    service_id: UUID = fields.UUIDField()
    doctor_id: UUID = fields.UUIDField()
    place = fields.CharField(max_length=60)
    reference = fields.CharField(max_length=40)
    visit = fields.CharField(max_length=10)
    status = fields.CharField(max_length=20)
    bill_id: UUID | None = fields.UUIDField(null=True)
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()
    booked_at: datetime = fields.DatetimeField()

    class Meta:
        table = "hospital_appointment_version"


class ClinicWaiting(TenantRow):
    """Somebody waits for a number of a full session; when one is free it is offered for a while, then to the next."""

    session_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    visit = fields.CharField(max_length=10)
    person_id: UUID = fields.UUIDField()
    status = fields.CharField(max_length=20, db_default="waiting")
    offered_until: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "hospital_waiting"
