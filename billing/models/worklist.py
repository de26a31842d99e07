"""Who works on what waits."""

from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import TenantRow


class WorkOwner(TenantRow):
    """Whose an item of the worklist is; ``kind`` names the provider, ``item_id`` the row it speaks of."""

    kind = fields.CharField(max_length=40)
    item_id: UUID = fields.UUIDField()
    owner_id: UUID = fields.UUIDField()
    owner_name = fields.CharField(max_length=100)
    assigned_by_name = fields.CharField(max_length=100, db_default="")
    assigned_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "billing_work_owner"
