"""What every row has in common."""

from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now
from tortoise.models import Model

from tenants.ids import new_id


class Row(Model):
    """A row with a time-ordered id and its time of birth."""

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        abstract = True


class TenantRow(Row):
    """A row that belongs to one tenant; PostgreSQL keys it by ``(tenant_id, id)`` and guards it by policy."""

    tenant_id: UUID = fields.UUIDField()

    class Meta:
        abstract = True
