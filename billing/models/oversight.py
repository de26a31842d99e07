"""Roll-ups for the bank's board: what institutions took by day, the same by branch, and how they stand.

Sums by branch are for the bank (and its union) to read; sums by institution for the bank alone.
"""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import Row


class DayFigure(Row):
    """What one institution took and gave back on one day by one channel; minor units.

    ``night_count`` are payments from 23:00 to 05:00, ``round_count`` those of whole hundreds. ``device_payers`` is how
    many people paid from one and the same device, where most did, and ``device_minor`` what they paid from it.
    ``paid_out_minor`` is what the channel pays out to the institution's account on that day.
    """

    tenant_id: UUID = fields.UUIDField()
    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    day: date = fields.DateField()
    scenario = fields.CharField(max_length=30)
    channel = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    paid_count = fields.IntField(db_default=0)
    paid_minor = fields.BigIntField(db_default=0)
    failed_count = fields.IntField(db_default=0)
    refund_count = fields.IntField(db_default=0)
    refund_minor = fields.BigIntField(db_default=0)
    night_count = fields.IntField(db_default=0)
    round_count = fields.IntField(db_default=0)
    device_payers = fields.IntField(db_default=0)
    device_minor = fields.BigIntField(db_default=0)
    paid_out_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "billing_day_figure"


class BranchFigure(Row):
    """The same of all institutions of one branch and one industry cloud together."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    day: date = fields.DateField()
    scenario = fields.CharField(max_length=30)
    channel = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    paid_count = fields.BigIntField(db_default=0)
    paid_minor = fields.BigIntField(db_default=0)
    failed_count = fields.BigIntField(db_default=0)
    refund_count = fields.BigIntField(db_default=0)
    refund_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "billing_branch_figure"


class Standing(Row):
    """How one institution stands: looked at once a day and when bills are issued; minor units."""

    tenant_id: UUID = fields.UUIDField()
    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    scenario = fields.CharField(max_length=30, db_default="")
    currency = fields.CharField(max_length=3)
    accounts = fields.IntField(db_default=0)
    payers = fields.IntField(db_default=0)
    mandates = fields.IntField(db_default=0)
    breaks = fields.IntField(db_default=0)
    billed_minor = fields.BigIntField(db_default=0)
    collected_minor = fields.BigIntField(db_default=0)
    arrears_minor = fields.BigIntField(db_default=0)
    updated_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "billing_standing"


class BranchStanding(Row):
    """The same of all institutions of one branch together."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    scenario = fields.CharField(max_length=30, db_default="")
    currency = fields.CharField(max_length=3)
    accounts = fields.BigIntField(db_default=0)
    payers = fields.BigIntField(db_default=0)
    mandates = fields.BigIntField(db_default=0)
    breaks = fields.BigIntField(db_default=0)
    billed_minor = fields.BigIntField(db_default=0)
    collected_minor = fields.BigIntField(db_default=0)
    arrears_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "billing_branch_standing"


class NextAction(Row):
    """Something a relationship manager should do about an institution, with its reason in figures."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    tenant_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=30)
    facts: dict[str, Any] = fields.JSONField()
    status = fields.CharField(max_length=10, db_default="open")
    closed_by_name = fields.CharField(max_length=100, db_default="")
    closed_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=300, db_default="")

    class Meta:
        table = "billing_next_action"


class AppUse(Row):
    """One app at one institution: since when, whether it is in use, and when somebody opened it last.

    Kept by triggers on installations and launches, so that the bank's list never reads those.
    """

    tenant_id: UUID = fields.UUIDField()
    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    scenario = fields.CharField(max_length=30, db_default="")
    app_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=100)
    is_active = fields.BooleanField(db_default=True)
    opened_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_app_use"


class AppFigure(Row):
    """How often one app was opened on one day at all institutions of a branch and one industry cloud."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    scenario = fields.CharField(max_length=30)
    app_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=100)
    day: date = fields.DateField()
    opened = fields.BigIntField(db_default=0)

    class Meta:
        table = "billing_app_figure"
