"""Meters: put in, replaced, taken out."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from tortoise.exceptions import IntegrityError

from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.estate.models import Building, Unit
from scenarios.community.kinds import METER_KINDS
from scenarios.community.meters import readings
from scenarios.community.meters.models import Meter
from scenarios.community.meters.readings import Said
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.scope import open_scope
from ui.errors import Conflict
from ui.i18n import t

FEWEST_DIGITS, MOST_DIGITS = 3, 9


@dataclass(frozen=True, slots=True)
class Plate:
    """What stands on a meter and what it showed when it was put in."""

    kind: str
    serial: str
    installed_on: date
    start_value: Decimal = Decimal(0)
    multiplier: Decimal = Decimal(1)
    digits: int = 5
    place: str = ""


async def install(actor: Actor, plate: Plate, *, account_id: UUID | None, building_id: UUID | None) -> Meter:
    """Write down a meter of a unit, by its account, or of a whole building.

    Raises:
        Invalid: the kind, number, multiplier, digits or day cannot be; the field says which.
    """
    actor.require("meters.write")
    tenant_id = tenant_of(actor)
    unit = None
    if account_id:
        unit = await Unit.get_or_none(tenant_id=tenant_id, account_id=account_id)
        if unit is None:
            raise nothing()
        building_id = unit.building_id
    elif not building_id or not await Building.exists(tenant_id=tenant_id, id=building_id):
        raise refused("meter.building", "building", t("Choose a unit or a building."))
    assert building_id is not None  # noqa: S101 - one of the two is given
    made = await _make(actor, plate, unit.id if unit else None, building_id)
    await _record(actor, "meter.installed", made)
    return made


async def _make(
    actor: Actor, plate: Plate, unit_id: UUID | None, building_id: UUID, replaces: UUID | None = None
) -> Meter:
    tenant_id = tenant_of(actor)
    _check(plate, await today_at(tenant_id))
    made = Meter(
        id=new_id(),
        tenant_id=tenant_id,
        unit_id=unit_id,
        building_id=building_id,
        replaces_id=replaces,
        kind=plate.kind,
        serial=plate.serial.strip(),
        place=plate.place.strip(),
        multiplier=plate.multiplier,
        digits=plate.digits,
        installed_on=plate.installed_on,
        start_value=plate.start_value,
    )
    try:
        async with open_scope(actor.scope()):
            await made.save(force_create=True)
    except IntegrityError as error:
        text = t("There is a meter of this kind with this number already.")
        raise refused("meter.twice", "serial", text) from error
    return made


def _check(plate: Plate, now: date) -> None:
    if plate.kind not in METER_KINDS:
        raise refused("meter.kind", "kind", t("Choose what the meter measures."))
    if not FEWEST_DIGITS <= plate.digits <= MOST_DIGITS:
        text = t("Enter how many digits it shows before the point: {least} to {most}.",
                 least=FEWEST_DIGITS, most=MOST_DIGITS)  # fmt: skip
        raise refused("meter.digits", "digits", text)
    if plate.multiplier <= 0:
        raise refused("meter.multiplier", "multiplier", t("Enter a multiplier above zero."))
    if not 0 <= plate.start_value < Decimal(10) ** plate.digits:
        raise refused(
            "meter.start", "start_value", t("Enter what the meter showed: no more than it has digits for.")
        )
    if plate.installed_on > now:
        raise refused("meter.day", "installed_on", t("Choose today or an earlier day."))


async def replace(actor: Actor, meter_id: UUID, plate: Plate, *, last_value: Decimal) -> Meter:
    """Take a meter out with what it showed last, and put another in its place on the same day.

    What was used until then is what the old one says; from then on the new one counts from its own start.

    Raises:
        Invalid: as ``install``, and where the last value is below the one before (field ``last_value``).
        Conflict: it was replaced already, or a reading of it waits for a look.
    """
    actor.require("meters.write")
    old = await readings.locked(tenant_of(actor), meter_id)
    if old.removed_on:
        raise Conflict("meter.removed", t("This meter was taken out already."))
    known = await readings.before(old, plate.installed_on)
    if last_value < known.value:
        text = t("It is below the reading before. Accept a reading with which the meter began again first.")
        raise refused("meter.last", "last_value", text)
    last = await readings.submit(actor, old.id, Said(plate.installed_on, last_value, "desk"))
    if last.status == "submitted":
        last = await readings.accept(actor, last.id)
    await Meter.filter(tenant_id=old.tenant_id, id=old.id).update(removed_on=plate.installed_on)
    made = await _make(actor, plate, old.unit_id, old.building_id, old.id)
    await _record(actor, "meter.replaced", made)
    return made


async def _record(actor: Actor, act: str, meter: Meter) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="meter",
        subject_id=meter.id,
        subject_label=meter.serial,
        after={
            "since": meter.installed_on.isoformat(),
            "multiplier": format(meter.multiplier.normalize(), "f"),
        },
    )
