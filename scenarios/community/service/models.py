"""Work orders with their story and materials, what they are sorted into, shifts, and plans of maintenance."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class WorkCategory(TenantRow):
    """What work is sorted into: its names by language, the hours it may take, and who does it if no shift says."""

    names: dict[str, str] = fields.JSONField()
    hours = fields.SmallIntField()
    assignee_id: UUID | None = fields.UUIDField(null=True)
    assignee_name = fields.CharField(max_length=100, db_default="")
    is_active = fields.BooleanField(db_default=True)
    position = fields.SmallIntField(db_default=0)

    class Meta:
        table = "community_work_category"


class WorkShift(TenantRow):
    """Somebody's hours: work that is reported in them goes to who has least to do of those who are there.

    ``weekdays`` are ISO numbers, Monday is 1; ``until_hour`` is not part of it. Without ``categories`` it takes all.
    """

    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100)
    weekdays: list[int] = fields.JSONField()
    from_hour = fields.SmallIntField()
    until_hour = fields.SmallIntField()
    categories: list[str] = fields.JSONField()

    class Meta:
        table = "community_work_shift"


class WorkOrder(TenantRow):
    """A repair, a complaint, or planned work: where, what, who does it, by when, and what became of it.

    ``account_id`` is whose report it is; they see it. ``charge_minor`` is what they are asked to pay for it, and
    ``consent`` what they said. ``checklist`` are steps of planned work, each with whether it is done.
    ``unanswered_since`` is when the resident wrote, until somebody has answered.
    """

    number = fields.CharField(max_length=20)
    kind = fields.CharField(max_length=12)
    category_id: UUID = fields.UUIDField()
    building_id: UUID | None = fields.UUIDField(null=True)
    area_id: UUID | None = fields.UUIDField(null=True)
    account_id: UUID | None = fields.UUIDField(null=True)
    plan_id: UUID | None = fields.UUIDField(null=True)
    place = fields.CharField(max_length=120, db_default="")
    text = fields.TextField()
    source = fields.CharField(max_length=10)
    status = fields.CharField(max_length=12, db_default="reported")
    is_urgent = fields.BooleanField(db_default=False)
    due_at: datetime = fields.DatetimeField()
    assignee_id: UUID | None = fields.UUIDField(null=True)
    assignee_name = fields.CharField(max_length=100, db_default="")
    reported_by: UUID | None = fields.UUIDField(null=True)
    reported_by_name = fields.CharField(max_length=100, db_default="")
    phone = fields.CharField(max_length=40, db_default="")
    checklist: list[dict[str, Any]] = fields.JSONField()
    currency = fields.CharField(max_length=3)
    charge_minor = fields.BigIntField(db_default=0)
    consent = fields.CharField(max_length=8, db_default="")
    consent_by_name = fields.CharField(max_length=100, db_default="")
    bill_id: UUID | None = fields.UUIDField(null=True)
    rating = fields.SmallIntField(null=True)
    reopened_count = fields.SmallIntField(db_default=0)
    unanswered_since: datetime | None = fields.DatetimeField(null=True)
    started_at: datetime | None = fields.DatetimeField(null=True)
    done_at: datetime | None = fields.DatetimeField(null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "community_work_order"

    @property
    def left_to_check(self) -> int:
        """How many steps of the checklist are still to be done."""
        return sum(not step["is_done"] for step in self.checklist)


class WorkNote(TenantRow):
    """One line of a work order's story, with files. What is internal, only staff see."""

    order_id: UUID = fields.UUIDField()
    act = fields.CharField(max_length=20)
    text = fields.TextField(db_default="")
    files: list[dict[str, Any]] = fields.JSONField()
    by_id: UUID | None = fields.UUIDField(null=True)
    by_name = fields.CharField(max_length=100)
    is_internal = fields.BooleanField(db_default=False)

    class Meta:
        table = "community_work_note"


class WorkReport(TenantRow):
    """What somebody who works on an order has said of it from where there may be no network; never changed.

    ``key`` is the report's own number, by which it counts once. ``said_at`` is the device's time. ``steps`` are those
    of the checklist that it speaks of, by their place: done or not. The order comes to what all of them say together.
    """

    order_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=60)
    said_at: datetime = fields.DatetimeField()
    steps: dict[str, bool] = fields.JSONField()
    is_done = fields.BooleanField(db_default=False)
    by_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "community_work_report"


class WorkMaterial(TenantRow):
    """Material that was used for an order, and what one of it costs; ``is_charged`` when the resident is to pay it."""

    order_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=100)
    quantity: Decimal = fields.DecimalField(max_digits=12, decimal_places=3)
    price_minor = fields.BigIntField()
    by_name = fields.CharField(max_length=100)
    is_charged = fields.BooleanField(db_default=False)

    class Meta:
        table = "community_work_material"

    @property
    def total_minor(self) -> int:
        """What all of it costs, to the cent."""
        return int((self.quantity * self.price_minor).quantize(Decimal(1), ROUND_HALF_UP))


class WorkQuote(TenantRow):
    """What a resident is asked to pay for an order, line by line, and what they said to it.

    ``lines`` are ``{"name", "amount_minor", "material_id"}``. One waits at a time; what is billed is the last that was
    agreed to, as it stood then.
    """

    order_id: UUID = fields.UUIDField()
    lines: list[dict[str, Any]] = fields.JSONField()
    total_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    text = fields.CharField(max_length=200, db_default="")
    status = fields.CharField(max_length=10)
    asked_by_name = fields.CharField(max_length=100)
    answered_by_name = fields.CharField(max_length=100, db_default="")
    answered_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "community_work_quote"


class MaintenancePlan(TenantRow):
    """Work that comes back: every so many months, with a checklist. ``next_on`` is when it is due next."""

    name = fields.CharField(max_length=100)
    category_id: UUID = fields.UUIDField()
    building_id: UUID | None = fields.UUIDField(null=True)
    every_months = fields.SmallIntField()
    next_on: date = fields.DateField()
    checklist: list[str] = fields.JSONField()
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "community_maintenance_plan"
