"""A past bill run worked out once more under another rule."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Rehearsal(TenantRow):
    """One replay of a run's fee under ``document``. ``summary`` keeps its sums once ``status`` is ``done``."""

    fee_item_id: UUID = fields.UUIDField()
    run_id: UUID = fields.UUIDField()
    period: date = fields.DateField()
    currency = fields.CharField(max_length=3)
    document: dict[str, Any] = fields.JSONField()
    status = fields.CharField(max_length=20, db_default="working")
    summary: dict[str, Any] = fields.JSONField()
    task_id: UUID | None = fields.UUIDField(null=True)
    created_by: UUID | None = fields.UUIDField(null=True)
    created_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_rehearsal"


class RehearsalLine(TenantRow):
    """One account: what the run charged, what the other rule would, in minor units; NULL where there is no amount.

    ``difference_minor`` counts no amount as nothing. ``exception`` says why the other rule gives none.
    """

    rehearsal_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    account_number = fields.CharField(max_length=60)
    place = fields.CharField(max_length=100, db_default="")
    before_minor: int | None = fields.BigIntField(null=True)
    after_minor: int | None = fields.BigIntField(null=True)
    difference_minor = fields.BigIntField()
    exception = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "billing_rehearsal_line"
