"""The calendar: who sees patients where and when, and the numbers that can be had."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import TenantRow


class PractitionerRole(TenantRow):
    """A doctor in a service of a department."""

    doctor_id: UUID = fields.UUIDField()
    service_id: UUID = fields.UUIDField()
    department_id: UUID = fields.UUIDField()
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "hospital_practitioner_role"


class ScheduleTemplate(TenantRow):
    """One session that comes each week: when, where, and how many numbers of each kind.

    ``weekday`` is 0 for Monday; ``begins`` and ``ends`` are minutes after midnight in the hospital's zone. Sessions
    open ``days_ahead`` days before, at the minute ``opens``.
    """

    role_id: UUID = fields.UUIDField()
    place = fields.CharField(max_length=60)
    weekday = fields.SmallIntField()
    part = fields.CharField(max_length=20)
    begins = fields.SmallIntField()
    ends = fields.SmallIntField()
    quotas: dict[str, int] = fields.JSONField()
    days_ahead = fields.SmallIntField()
    opens = fields.SmallIntField()
    since: date = fields.DateField()
    until: date | None = fields.DateField(null=True)

    class Meta:
        table = "hospital_template"


class ClinicSession(TenantRow):
    """One doctor's part of one day: a Schedule with its Slots. ``quotas`` is frozen when its numbers are made.

    A substitute is ``doctor_id``; whose it was stays in ``role_id``.
    """

    template_id: UUID | None = fields.UUIDField(null=True)
    role_id: UUID = fields.UUIDField()
    doctor_id: UUID = fields.UUIDField()
    service_id: UUID = fields.UUIDField()
    department_id: UUID = fields.UUIDField()
    place = fields.CharField(max_length=60)
    day: date = fields.DateField()
    part = fields.CharField(max_length=20)
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()
    opens_at: datetime = fields.DatetimeField()
    quotas: dict[str, int] = fields.JSONField()
    status = fields.CharField(max_length=20, db_default="planned")
    stop_reason = fields.CharField(max_length=200, db_default="")
    changed_at: datetime = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "hospital_session"


class ClinicSlot(TenantRow):
    """One number of a session, of one kind, with its time. Whether it is free, its live appointment says."""

    session_id: UUID = fields.UUIDField()
    number = fields.SmallIntField()
    kind = fields.CharField(max_length=20)
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()

    class Meta:
        table = "hospital_slot"
