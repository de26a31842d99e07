"""The estate. A unit is an account; what every account has lives in ``tenants.Account``."""

from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Building(TenantRow):
    """A block of an estate; ``code`` is what residents call it (``Blk 12 Bedok Sth Ave 1``)."""

    code = fields.CharField(max_length=100)
    street = fields.CharField(max_length=200, db_default="")
    storeys = fields.SmallIntField(db_default=0)

    class Meta:
        table = "community_building"


class Unit(TenantRow):
    """Where an account's door is; keyed by the account itself (``account_id`` is unique per tenant)."""

    account_id: UUID = fields.UUIDField()
    building_id: UUID = fields.UUIDField()
    storey = fields.SmallIntField(db_default=0)
    door = fields.CharField(max_length=20)

    class Meta:
        table = "community_unit"
