"""What apps have put at records of ours, and the marks that they give there."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class PlacedItem(TenantRow):
    """One thing of an app at a record: ``resource`` is launched, ``link`` is an address that is just opened.

    ``custom`` is what the app wants to hear again when it is launched (LTI's custom parameters).
    """

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    record_kind = fields.CharField(max_length=20)
    record_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    title = fields.CharField(max_length=200)
    text = fields.CharField(max_length=1000, db_default="")
    url = fields.CharField(max_length=1000, db_default="")
    custom: dict[str, Any] = fields.JSONField()
    placed_by: UUID = fields.UUIDField()
    placed_by_name = fields.CharField(max_length=100)
    removed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_placed_item"


class MarkColumn(TenantRow):
    """Something that an app gives marks for at a record (LTI: a line item), ``out_of`` at most."""

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    record_kind = fields.CharField(max_length=20)
    record_id: UUID = fields.UUIDField()
    item_id: UUID | None = fields.UUIDField(null=True)
    label = fields.CharField(max_length=200)
    out_of: Decimal = fields.DecimalField(max_digits=12, decimal_places=4)
    resource_id = fields.CharField(max_length=200, db_default="")
    tag = fields.CharField(max_length=200, db_default="")
    starts_at: datetime | None = fields.DatetimeField(null=True)
    ends_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_mark_column"


class Mark(TenantRow):
    """The newest word of an app on one learner's work (LTI: a score). ``given`` is empty while there is no mark.

    ``said_at`` is the app's own time of it: an older word never replaces a newer one.
    """

    column_id: UUID = fields.UUIDField()
    member_id: UUID = fields.UUIDField()
    given: Decimal | None = fields.DecimalField(max_digits=12, decimal_places=4, null=True)
    out_of: Decimal | None = fields.DecimalField(max_digits=12, decimal_places=4, null=True)
    comment = fields.CharField(max_length=2000, db_default="")
    progress = fields.CharField(max_length=20)
    grading = fields.CharField(max_length=20)
    said_at: datetime = fields.DatetimeField()

    class Meta:
        table = "integrations_mark"
