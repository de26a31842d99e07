"""The estate. A unit is an account; what every account has lives in ``tenants.Account``."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class EstatePhase(TenantRow):
    """A phase of an estate, as it was built and handed over; an estate without phases has one of its own name."""

    estate = fields.CharField(max_length=100)
    name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_phase"

    @property
    def title(self) -> str:
        """How people call it."""
        return f"{self.estate}, {self.name}" if self.name else str(self.estate)


class Building(TenantRow):
    """A block of an estate; ``code`` is what residents call it (``Blk 12 Bedok Sth Ave 1``)."""

    code = fields.CharField(max_length=100)
    street = fields.CharField(max_length=200, db_default="")
    storeys = fields.SmallIntField(db_default=0)

    class Meta:
        table = "community_building"


class BuildingCare(TenantRow):
    """How a building is run: its phase, who manages it day by day, since when it is handed over."""

    building_id: UUID = fields.UUIDField()
    phase_id: UUID | None = fields.UUIDField(null=True)
    manager = fields.CharField(max_length=100, db_default="")
    handed_over_on: date | None = fields.DateField(null=True)

    class Meta:
        table = "community_care"


class Unit(TenantRow):
    """Where an account's door is; keyed by the account itself (``account_id`` is unique per tenant)."""

    account_id: UUID = fields.UUIDField()
    building_id: UUID = fields.UUIDField()
    storey = fields.SmallIntField(db_default=0)
    door = fields.CharField(max_length=20)

    class Meta:
        table = "community_unit"


class Tenure(TenantRow):
    """An earlier owner's time with a unit: the account that owes for it, up to its last day."""

    unit_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    until: date = fields.DateField()
    handed_over_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_tenure"


class Lease(TenantRow):
    """Somebody rents a unit from one day to another, and pays the fees named; without a ``payer_id`` the owner does.

    ``account_id`` is the owner's account, ``payer_id`` the renter's own, which is charged for the lease's days.
    ``counted`` are the numbers of a month (what meters say, shared costs) that these fees go by.
    """

    unit_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    payer_id: UUID | None = fields.UUIDField(null=True)
    renter = fields.CharField(max_length=100)
    first_on: date = fields.DateField()
    last_on: date | None = fields.DateField(null=True)
    fee_item_ids: list[str] = fields.JSONField()
    counted: list[str] = fields.JSONField()
    begun_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_lease"


class Reshaping(TenantRow):
    """One line of a merge or split: this account, under this number, became (a part of) that one on that day."""

    act_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    on_day: date = fields.DateField()
    old_id: UUID = fields.UUIDField()
    old_number = fields.CharField(max_length=60)
    new_id: UUID = fields.UUIDField()
    new_number = fields.CharField(max_length=60)

    class Meta:
        table = "community_reshaping"


class CommonArea(TenantRow):
    """A hall, a garden, a roof: a place of the estate that belongs to all; without a building, the grounds."""

    building_id: UUID | None = fields.UUIDField(null=True)
    name = fields.CharField(max_length=100)
    area_sqm: Decimal | None = fields.DecimalField(max_digits=12, decimal_places=2, null=True)

    class Meta:
        table = "community_common_area"
