"""Notices and who has read them."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class EstateNotice(TenantRow):
    """Something that is said to everybody, some buildings, some roles; titles and texts by language.

    Empty ``buildings`` or ``relations`` mean all. ``reach`` is how many people it was for when it was published.
    """

    titles: dict[str, str] = fields.JSONField()
    bodies: dict[str, str] = fields.JSONField()
    buildings: list[str] = fields.JSONField()
    relations: list[str] = fields.JSONField()
    status = fields.CharField(max_length=10, db_default="draft")
    published_at: datetime | None = fields.DatetimeField(null=True)
    until: date | None = fields.DateField(null=True)
    reach = fields.IntField(db_default=0)
    by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_notice"


class NoticeReading(TenantRow):
    """That somebody has opened a notice, and when first."""

    notice_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_notice_reading"
