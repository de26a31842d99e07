"""Units become one, or one becomes several: areas and shares stay exact, histories private, arrears with the person.

As when a unit passes on (``handover``), each old account ends the day before, keeps its bills and what is owed, and is
seen by nobody who was not its holder. The new accounts begin with the same holders and nothing else. The first unit's
door goes on with its meters; others' meters and histories move to it. What a file still calls by an old number is known
(``gone.py``), so that importing it again brings nothing back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from billing.charges import pauses
from billing.charges.pauses import LONG_AGO, Pause
from scenarios.community.common import refused
from scenarios.community.estate import handover
from scenarios.community.estate.models import Reshaping
from scenarios.community.importing import sort_key_of, tidy
from scenarios.community.votes import proxies
from tenants import audit
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jsons import dumps
from tenants.models import Account, Holder
from tenants.scope import execute, row, rows
from ui.errors import Conflict
from ui.i18n import t

AREAS = ("area_sqm", "gross_sqm", "shared_sqm")
"""What adds up, whichever way the walls stand."""
MOST_PARTS = 6
LONGEST_DOOR = 12
_LEASED = """
select 1 from community_lease where tenant_id = $1 and unit_id = $2 and (last_on is null or last_on >= $3) limit 1
"""
_CHANGE = """
update tenants_account set name = $3, sort_key = $4, attributes = attributes || $5::jsonb
 where tenant_id = $1 and id = $2
"""
_MOVE = (
    "update community_meter set unit_id = $3 where tenant_id = $1 and unit_id = $2",
    "update community_tenure set unit_id = $3 where tenant_id = $1 and unit_id = $2",
    "update community_lease set unit_id = $3 where tenant_id = $1 and unit_id = $2",
    "delete from community_unit where tenant_id = $1 and id = $2 and id <> $3",
)
_TAKEN = "select 1 from tenants_account where tenant_id = $1 and scenario = 'community' and number = $2"


@dataclass(frozen=True, slots=True)
class Part:
    """A new unit: its door, and how much of what adds up it has."""

    door: str
    areas: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class _Old:
    account: Account
    unit_id: UUID
    number: str
    staying: Sequence[Holder]


async def split(actor: Actor, account_id: UUID, *, on: date, parts: Sequence[Part]) -> list[Account]:
    """Make several units of one, from a day on; what the parts have adds up to what the whole had, exactly.

    Raises:
        Invalid: fewer than two parts, a door twice or taken, areas that do not add up, or the day cannot be (field).
        Conflict: the unit is let, has no door here, or is in a bill run that is not issued.
        StepUp: the sign-in is not fresh and strong.
    """
    _may(actor)
    old = await queries.account(actor, account_id, lock=True)
    if not 1 < len(parts) <= MOST_PARTS:
        raise refused("split.parts", "door-0", t("Enter two to {n} parts.", n=MOST_PARTS))
    whole = areas_of(old)
    for key in AREAS:
        given = [part.areas.get(key) for part in parts]
        total = sum((one for one in given if one is not None), Decimal(0))
        if (key in whole and (None in given or total != whole[key])) or (key not in whole and any(given)):
            text = t("The areas of the parts must add up to those of the whole, to the last figure.")
            raise refused("split.areas", f"{key}-0", text)
    (gone,) = await _end(actor, [old], on)
    return await _begin(actor, "split", [gone], on, parts)


async def merge(actor: Actor, account_ids: Sequence[UUID], *, on: date, door: str) -> Account:
    """Make one unit of several of the same kind in one building, from a day on; its areas are theirs together.

    Raises:
        Invalid: fewer than two units, of several kinds or buildings, a door that is taken, or the day cannot be.
        Conflict: one of them is let, has no door here, or is in a bill run that is not issued.
        StepUp: the sign-in is not fresh and strong.
    """
    _may(actor)
    found = [await queries.account(actor, one, lock=True) for one in sorted(set(account_ids))]
    found.sort(key=lambda one: list(account_ids).index(one.id))
    if not 1 < len(found) <= MOST_PARTS:
        raise refused("merge.units", "others", t("Choose at least one other unit of the same building."))
    if len({(one.place, one.kind) for one in found}) > 1:
        text = t("Only units of the same kind in the same building become one.")
        raise refused("merge.units", "others", text)
    areas = [areas_of(one) for one in found]
    if len({frozenset(one) for one in areas}) > 1:
        text = t("Some of these units have no area where others have one. Write it down first.")
        raise refused("merge.areas", "others", text)
    total = {key: sum((one[key] for one in areas), Decimal(0)) for key in areas[0]}
    gone = await _end(actor, found, on)
    (made,) = await _begin(actor, "merge", gone, on, [Part(door, total)])
    return made


def _may(actor: Actor) -> None:
    actor.require("accounts.write")
    actor.require_fresh()


def areas_of(account: Account) -> dict[str, Decimal]:
    """Return what of an account adds up, exactly as it is written."""
    return {key: Decimal(str(account.attributes[key])) for key in AREAS if account.attributes.get(key)}


async def _end(actor: Actor, accounts: Sequence[Account], on: date) -> list[_Old]:
    """Let the old accounts end the day before, as when a unit passes on."""
    until, found = on - timedelta(days=1), []
    for account in accounts:
        unit = await handover.unit_of(account)
        await handover.check_day(account, unit["id"], on)
        if await rows(_LEASED, account.tenant_id, unit["id"], on):
            raise Conflict("unit.let", t("{unit} is let. End the lease first.", unit=account.number))
        found.append(await _end_one(actor, account, unit["id"], until))
    return found


async def _end_one(actor: Actor, account: Account, unit_id: UUID, until: date) -> _Old:
    number = account.number
    held = await Holder.filter(
        tenant_id=account.tenant_id, account_id=account.id, sees__isnull=True
    ).order_by("created_at", "id")  # fmt: skip
    staying = [one for one in held if one.until is None or one.until > until]
    await handover.end_holders(account, until)
    await handover.retire(account, until)
    await handover.write_tenure(actor, account, unit_id, until)
    await handover.settle(actor, account, until)
    return _Old(account, unit_id, number, staying)


async def _begin(
    actor: Actor, kind: str, old: Sequence[_Old], on: date, parts: Sequence[Part]
) -> list[Account]:
    """Make the new accounts and their doors, and write down what became of what."""
    first, act_id = old[0], new_id()
    made = [await _part(first, part, place) for place, part in enumerate(parts)]
    holders = {(one.person_id, one.relation, one.name): one for each in old for one in each.staying}
    before = Pause(LONG_AGO, on - timedelta(days=1), (), is_all_but=True)
    for account in made:
        await handover.go_on(account, list(holders.values()), on)
        await pauses.write(account.tenant_id, account.id, act_id, before)
    await _doors(old, made, parts)
    await proxies.follow(made[0].tenant_id, [each.account.id for each in old], made[0].id)
    for each in old:
        for account in made:
            await Reshaping.create(
                id=new_id(),
                tenant_id=account.tenant_id,
                act_id=act_id,
                kind=kind,
                on_day=on,
                old_id=each.account.id,
                old_number=each.number,
                new_id=account.id,
                new_number=account.number,
            )
    await _record(actor, kind, old, made, on)
    return made


async def _part(first: _Old, part: Part, place: int) -> Account:
    account, door = first.account, part.door.strip().lstrip("#").upper()
    if not 0 < len(door) <= LONGEST_DOOR:
        raise refused("unit.door", f"door-{place}", t("Enter a door such as 03-105."))
    name = f"{account.place} #{door}"
    number = tidy(name)
    if await rows(_TAKEN, account.tenant_id, number):
        raise refused("unit.door", f"door-{place}", t("There is a unit with this door already."))
    made = await handover.account_like(account, number, name)
    areas = {key: float(value) for key, value in part.areas.items()}
    await execute(_CHANGE, made.tenant_id, made.id, name, sort_key_of(account.place, door), dumps(areas))
    return await Account.get(tenant_id=made.tenant_id, id=made.id)


async def _doors(old: Sequence[_Old], made: Sequence[Account], parts: Sequence[Part]) -> None:
    """The first door goes on for the first part; further parts get theirs, further old ones are gone."""
    keep, tenant_id = old[0].unit_id, made[0].tenant_id
    for each in old[1:]:
        for statement in _MOVE:
            await execute(statement, tenant_id, each.unit_id, keep)
    where = await row(
        "select building_id, storey from community_unit where tenant_id = $1 and id = $2", tenant_id, keep
    )
    assert where is not None  # noqa: S101 - it has just been locked
    for place, (account, part) in enumerate(zip(made, parts, strict=True)):
        door = part.door.strip().lstrip("#").upper()
        if place == 0:
            sql = "update community_unit set account_id = $3, door = $4 where tenant_id = $1 and id = $2"
            await execute(sql, tenant_id, keep, account.id, door)
        else:
            sql = (
                "insert into community_unit (tenant_id, account_id, building_id, storey, door)"
                " values ($1, $2, $3, $4, $5)"
            )
            await execute(sql, tenant_id, account.id, where["building_id"], where["storey"], door)


async def _record(actor: Actor, kind: str, old: Sequence[_Old], made: Sequence[Account], on: date) -> None:
    await audit.record(
        actor,
        "unit.split" if kind == "split" else "unit.merged",
        subject_kind="account",
        subject_id=made[0].id,
        subject_label=", ".join(one.number for one in made),
        before={"units": ", ".join(one.number for one in old)},
        after={"units": ", ".join(one.number for one in made), "since": on.isoformat()},
    )
