"""The daily list: what each day cost, as the hospital's system says. A written line stays as it is.

What the system changes later is appended as a correction of that day, so that a family sees what it was told and what
came of it. The stay's lock lets one list in at a time, and (stay, line, step) is unique in the database.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from scenarios.hospital.his.contract import HisRefused, HisSilent
from scenarios.hospital.his.wards import Listed, wards_of
from scenarios.hospital.inpatient import admission
from scenarios.hospital.models import Stay, StayCharge
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import open_scope, rows, tenant_scope

PURPOSE = "hospital-stay-charge"
_KNOWN = """
select his_id, min(day) as day, sum(amount_minor)::bigint amount, max(step) step,
       (array_agg(what order by step))[1] what
  from hospital_stay_charge where tenant_id = $1 and stay_id = $2 group by his_id
"""
_DAYS = """
select day, sum(amount_minor)::bigint total_minor, count(*) lines, count(*) filter (where step > 0) corrections
  from hospital_stay_charge where tenant_id = $1 and stay_id = $2 group by day order by day desc
"""


class Line(NamedTuple):
    """A line as its patient reads it."""

    what: str
    amount_minor: int
    currency: str
    step: int
    created_at: datetime


async def bring_in(actor: Actor, stay: Stay) -> bool:
    """Ask the hospital's system for a stay's list and append what is new; tell whether it answered.

    Call it outside of any scope.
    """
    async with open_scope(tenant_scope(stay.tenant_id)):
        his = await wards_of(stay.tenant_id)
    if his is None or not stay.his_id:
        return False
    try:
        listed = await his.daily_list(stay.his_id)
    except (HisSilent, HisRefused):
        return False
    async with open_scope(tenant_scope(stay.tenant_id)):
        await keep(actor, stay.id, listed)
    return True


async def keep(actor: Actor, stay_id: UUID, listed: Sequence[Listed]) -> int:
    """Append what a stay's list has that is not written yet; return how many lines that was."""
    stay = await admission.locked(actor, stay_id)
    final = [one for one in listed if one.is_final]
    stay.unbilled, stay.listed_at = len(listed) - len(final), datetime.now(UTC)
    await stay.save(update_fields=["unbilled", "listed_at"])
    known = {one["his_id"]: one for one in await rows(_KNOWN, stay.tenant_id, stay.id)}
    made = list(_differences(stay, final, known))
    await StayCharge.bulk_create(made)
    if any(one.step for one in made):
        facts = {"corrections": sum(one.step > 0 for one in made)}
        await admission.note(actor, stay, "stay.corrected", facts)
    return len(made)


def _differences(
    stay: Stay, listed: Sequence[Listed], known: Mapping[str, Mapping[str, Any]]
) -> Iterator[StayCharge]:
    """Yield the lines to append: new ones, and what old ones have become more or less."""
    for one in listed:
        before = known.get(one.id)
        if before is None:
            yield _line(stay, (one.id, 0), one.day, runtime().encrypt(PURPOSE, one.what), one.amount_minor)
        elif before["amount"] != one.amount_minor:
            yield _again(stay, one.id, before, one.amount_minor)
    there = {one.id for one in listed}
    for his_id, before in known.items():
        if his_id not in there and before["amount"]:
            yield _again(stay, his_id, before, 0)


def _again(stay: Stay, his_id: str, before: Mapping[str, Any], amount: int) -> StayCharge:
    return _line(stay, (his_id, before["step"] + 1), before["day"], before["what"], amount - before["amount"])


def _line(stay: Stay, key: tuple[str, int], day: date, what: bytes, amount: int) -> StayCharge:
    return StayCharge(
        id=new_id(),
        tenant_id=stay.tenant_id,
        stay_id=stay.id,
        account_id=stay.account_id,
        his_id=key[0],
        step=key[1],
        day=day,
        what=what,
        amount_minor=amount,
        currency=stay.currency,
    )


async def days_of(stay: Stay) -> list[Any]:
    """Return the days of a stay with what each cost, the last first."""
    return list(await rows(_DAYS, stay.tenant_id, stay.id))


async def lines_of(stay: Stay, day: date) -> list[Line]:
    """Return what stands in one day's list, corrections beside what they correct."""
    found = await StayCharge.filter(tenant_id=stay.tenant_id, stay_id=stay.id, day=day)
    first: Counter[str] = Counter()
    for one in found:
        first[one.his_id] = max(first[one.his_id], int(one.created_at.timestamp()) if one.step == 0 else 0)
    found.sort(key=lambda one: (first[one.his_id], one.his_id, one.step))
    return [
        Line(
            runtime().decrypt(PURPOSE, bytes(one.what)),
            one.amount_minor,
            one.currency,
            one.step,
            one.created_at,
        )
        for one in found
    ]
