"""Days away from school, and what the school tells families."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class SchoolLeave(TenantRow):
    """Days on which a pupil stays away: asked for by the family, decided by the class teacher.

    ``meals`` keeps, for each bill, how the refund of meals not eaten came about; ``meals_minor`` is their sum.
    """

    account_id: UUID = fields.UUIDField()
    first_on: date = fields.DateField()
    last_on: date = fields.DateField()
    cause = fields.CharField(max_length=10)
    reason = fields.TextField(db_default="")
    status = fields.CharField(max_length=10, db_default="requested")
    asked_by: UUID | None = fields.UUIDField(null=True)
    asked_by_name = fields.CharField(max_length=100)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)
    answer = fields.TextField(db_default="")
    meals: list[dict[str, Any]] = fields.JSONField()
    meals_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "education_leave"


class SchoolAttendance(TenantRow):
    """That a month's days attended were taken for billing: on which days the school was closed, for how many pupils."""

    month: date = fields.DateField()
    closed_days: list[str] = fields.JSONField()
    school_days = fields.SmallIntField()
    pupils = fields.IntField()
    taken_by_name = fields.CharField(max_length=100)
    taken_at: datetime = fields.DatetimeField()

    class Meta:
        table = "education_attendance"


class SchoolNotice(TenantRow):
    """What the school tells: to all, to grades, to classes, or to pupils by name. Titles and bodies are by locale.

    ``questions`` are what families answer with it; ``files`` are kept documents.
    """

    titles: dict[str, str] = fields.JSONField()
    bodies: dict[str, str] = fields.JSONField()
    audience = fields.CharField(max_length=10)
    targets: list[str] = fields.JSONField()
    needs_confirming = fields.BooleanField(db_default=False)
    questions: list[dict[str, Any]] = fields.JSONField()
    files: list[dict[str, Any]] = fields.JSONField()
    status = fields.CharField(max_length=10, db_default="draft")
    sent_at: datetime | None = fields.DatetimeField(null=True)
    sent_count = fields.IntField(db_default=0)
    reminded_at: datetime | None = fields.DatetimeField(null=True)
    created_by: UUID | None = fields.UUIDField(null=True)
    created_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "education_notice"


class SchoolReceipt(TenantRow):
    """One member of a pupil's family whom a notice has gone to: when they read it, confirmed it, what they answered."""

    notice_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    holder_id: UUID = fields.UUIDField()
    ways = fields.CharField(max_length=20, db_default="")
    read_at: datetime | None = fields.DatetimeField(null=True)
    confirmed_at: datetime | None = fields.DatetimeField(null=True)
    answers: dict[str, str] = fields.JSONField()
    reminded_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "education_receipt"
