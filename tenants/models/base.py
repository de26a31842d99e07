"""What every row has in common."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now
from tortoise.models import Model, ModelMeta

from tenants.ids import new_id


class _WithoutComments(ModelMeta):
    """Keeps Tortoise from reading every model's source for comments on columns: half a second of each start."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> type:
        return super().__new__(cls, name, bases, attrs | {"_no_comments": True})


class Row(Model, metaclass=_WithoutComments):
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
