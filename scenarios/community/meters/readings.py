"""Readings from the first word to the bill: judged, held or accepted, and put to the account that used it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.charges import quantities
from billing.charges.quantities import Entry
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.estate.paying import instead, paying
from scenarios.community.meters.judging import Known, Span, by_days, flag_of, spans_of, usage_of
from scenarios.community.meters.models import Meter, MeterReading
from scenarios.community.prepaid import service as prepaid
from scenarios.community.prepaid.service import Metered
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.scope import row, rows
from ui.errors import Conflict
from ui.i18n import t

LIVE = ("submitted", "accepted")
LONGEST_AGO = timedelta(days=366)
_LAST = """
select r.read_on, r.value, r.usage,
       (select max(e.read_on) from community_reading e where e.tenant_id = $1 and e.meter_id = $2
         and e.status = 'accepted' and e.read_on < r.read_on) before_on
  from community_reading r
 where r.tenant_id = $1 and r.meter_id = $2 and r.status = 'accepted' and r.read_on {sign} $3
 order by r.read_on {way} limit 1
"""
_TENURES = "select account_id, until from community_tenure where tenant_id = $1 and unit_id = $2"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says a meter showed. ``key`` is theirs: the same key is the same reading."""

    read_on: date
    value: Decimal
    source: str
    key: str = ""
    photo_key: str = ""
    photo_type: str = ""


async def locked(tenant_id: UUID, meter_id: UUID) -> Meter:
    """Return a meter of the institution, which nobody else reads until the transaction ends."""
    found = await Meter.select_for_update().get_or_none(tenant_id=tenant_id, id=meter_id)
    if found is None:
        raise nothing()
    return found


async def submit(actor: Actor, meter_id: UUID, said: Said) -> MeterReading:
    """Write down a reading: accepted at once where nothing is odd about it and staff have read it, else held.

    Sent again under its key, it is the one that is there. Staff who read what a resident has sent in take its place.

    Raises:
        Invalid: the day is to come, before the meter was there, or too long ago; or the value is below zero.
        Conflict: another reading of this day is there, and says something else.
    """
    meter = await locked(tenant_of(actor), meter_id)
    if said.key and (same := await _with_key(meter, said.key)):
        return same
    await _check(meter, said)
    there = await MeterReading.get_or_none(
        tenant_id=meter.tenant_id, meter_id=meter.id, read_on=said.read_on, status__in=LIVE
    )
    if there is not None:
        if there.value == said.value:
            return there
        if there.status == "accepted" or said.source == "photo":
            raise Conflict("reading.twice", t("Another reading of this day says something else."))
        await _close(there, "rejected", actor)
    return await _write(actor, meter, said)


async def _with_key(meter: Meter, key: str) -> MeterReading | None:
    return await MeterReading.get_or_none(tenant_id=meter.tenant_id, key=key)


async def _check(meter: Meter, said: Said) -> None:
    now = await today_at(meter.tenant_id)
    ends = meter.removed_on or now
    if not max(meter.installed_on, now - LONGEST_AGO) <= said.read_on <= ends:
        text = t("Choose a day on which the meter was there, up to today and within a year.")
        raise refused("reading.day", "read_on", text)
    if said.value < 0:
        raise refused("reading.value", "value", t("Enter what the meter shows: zero or more."))


async def _write(actor: Actor, meter: Meter, said: Said) -> MeterReading:
    known = await before(meter, said.read_on)
    later = await row(_LAST.format(sign=">", way=""), meter.tenant_id, meter.id, said.read_on)
    flag = "order" if later else flag_of(
        known, said.value, said.read_on, multiplier=meter.multiplier, digits=meter.digits
    )  # fmt: skip
    made = MeterReading(
        id=new_id(),
        tenant_id=meter.tenant_id,
        meter_id=meter.id,
        read_on=said.read_on,
        value=said.value,
        source=said.source,
        status="submitted",
        flag=flag,
        key=said.key,
        photo_key=said.photo_key,
        photo_type=said.photo_type,
        read_by=actor.person_id,
        read_by_name=actor.name[:100],
    )
    await made.save(force_create=True)
    if not flag and said.source != "photo":
        await _accept(actor, meter, made, is_rollover=False)
    return made


async def before(meter: Meter, on: date) -> Known:
    """Return what the meter showed last before a day: a reading, or what it began with."""
    found = await row(_LAST.format(sign="<", way="desc"), meter.tenant_id, meter.id, on)
    if found is None:
        return Known(meter.installed_on, meter.start_value)
    days = (found["read_on"] - (found["before_on"] or meter.installed_on)).days
    return Known(found["read_on"], found["value"], found["usage"] / days if days > 0 else None)


async def accept(actor: Actor, reading_id: UUID, *, is_rollover: bool = False) -> MeterReading:
    """Accept a reading that was held; one below the last needs the word that the meter began again at zero.

    Raises:
        Conflict: it is decided already, or a later one is accepted.
        Invalid: it is below the last one, and nobody has said that the meter began again (field ``is_rollover``).
    """
    actor.require("meters.write")
    reading, meter = await _held(actor, reading_id)
    if await row(_LAST.format(sign=">", way=""), meter.tenant_id, meter.id, reading.read_on):
        raise Conflict(
            "reading.order", t("A later reading is accepted already, so this one can only be rejected.")
        )
    known = await before(meter, reading.read_on)
    if (reading.value < known.value) != is_rollover:
        text = (
            t("It is not below the last reading, so the meter has not begun again.")
            if is_rollover
            else t("It is below the last reading. Tick that the meter began again, or replace the meter.")
        )
        raise refused("reading.below", "is_rollover", text)
    await _accept(actor, meter, reading, is_rollover=is_rollover)
    await _record(actor, "reading.accepted", meter, reading)
    return reading


async def _held(actor: Actor, reading_id: UUID) -> tuple[MeterReading, Meter]:
    tenant_id = tenant_of(actor)
    found = await MeterReading.get_or_none(tenant_id=tenant_id, id=reading_id)
    if found is None:
        raise nothing()
    meter = await locked(tenant_id, found.meter_id)
    found = await MeterReading.get(tenant_id=tenant_id, id=reading_id)
    if found.status != "submitted":
        raise Conflict("reading.decided", t("Somebody has decided about this reading already."))
    return found, meter


async def _accept(actor: Actor, meter: Meter, reading: MeterReading, *, is_rollover: bool) -> None:
    known = await before(meter, reading.read_on)
    usage = usage_of(
        known.value,
        reading.value,
        multiplier=meter.multiplier,
        digits=meter.digits,
        is_rollover=is_rollover,
    )
    await _close(reading, "accepted", actor, usage=usage, is_rollover=is_rollover)
    if meter.unit_id is not None:
        await _put(actor, meter, reading, known.on, usage)


async def _close(reading: MeterReading, status: str, actor: Actor, **facts: Any) -> None:
    reading.update_from_dict(
        {"status": status, "decided_by_name": actor.name[:100], "decided_at": datetime.now(UTC), **facts}
    )
    await MeterReading.filter(tenant_id=reading.tenant_id, id=reading.id).update(
        status=status, decided_by_name=reading.decided_by_name, decided_at=reading.decided_at, **facts
    )


async def _put(actor: Actor, meter: Meter, reading: MeterReading, since: date, usage: Decimal) -> None:
    """Put what was used to the accounts that held the unit, by their days, in the month that is still open.

    Who pays ahead has spent it already; it goes on no bill.
    """
    unit = await row(
        "select account_id from community_unit where tenant_id = $1 and id = $2",
        meter.tenant_id,
        meter.unit_id,
    )
    assert unit is not None and meter.unit_id is not None  # noqa: S101, PT018 - a key holds the meter to its unit
    tenures = [
        (one["account_id"], one["until"]) for one in await rows(_TENURES, meter.tenant_id, meter.unit_id)
    ]
    first = min(since + timedelta(days=1), reading.read_on)
    held = spans_of(tenures, unit["account_id"], first, reading.read_on)
    leased = (await paying(meter.tenant_id, meter.kind, first, reading.read_on)).get(meter.unit_id, [])
    parts = by_days(usage, [Span(*days) for one in held for days in instead(one.days, leased)])
    month = reading.read_on.replace(day=1)
    entries = []
    for account_id, amount in parts:
        if await prepaid.charge(actor, Metered(account_id, meter.kind, reading.id, month, amount)):
            continue
        period = await quantities.open_month(meter.tenant_id, account_id, meter.kind, month)
        entries.append(Entry(account_id, period, amount, reading.id))
    await quantities.put(meter.tenant_id, meter.kind, "reading", entries)


async def reject(actor: Actor, reading_id: UUID, *, reason: str) -> MeterReading:
    """Refuse a reading that was held, with a reason that its sender sees."""
    actor.require("meters.write")
    if not reason.strip():
        raise refused("reading.reason", "reason", t("Say why; who sent it will see it."))
    reading, meter = await _held(actor, reading_id)
    await _close(reading, "rejected", actor, reason=reason.strip()[:200])
    await _record(actor, "reading.rejected", meter, reading)
    return reading


async def take_back(actor: Actor, reading_id: UUID) -> MeterReading:
    """Take back the last accepted reading of a meter, as long as nothing was billed by it.

    Raises:
        Conflict: it is not the last one, or a bill was worked out from it.
    """
    actor.require("meters.write")
    tenant_id = tenant_of(actor)
    found = await MeterReading.get_or_none(tenant_id=tenant_id, id=reading_id)
    if found is None:
        raise nothing()
    meter = await locked(tenant_id, found.meter_id)
    later = await row(_LAST.format(sign=">", way=""), tenant_id, meter.id, found.read_on)
    if found.status != "accepted" or later or await quantities.is_billed(tenant_id, [found.id]):
        text = t("Only a meter's last reading can be taken back, and only before it is billed.")
        raise Conflict("reading.fixed", text)
    await quantities.take_back(tenant_id, [found.id])
    await prepaid.take_back(actor, found.id)
    await _close(found, "rejected", actor, usage=None)
    await _record(actor, "reading.taken_back", meter, found)
    return found


async def _record(actor: Actor, act: str, meter: Meter, reading: MeterReading) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="meter",
        subject_id=meter.id,
        subject_label=meter.serial,
        after={
            "read_on": reading.read_on.isoformat(),
            "value": format(reading.value.normalize(), "f"),
            "reason": reading.reason,
        },
    )


@dataclass(frozen=True, slots=True)
class Merged:
    """How a round came in: how many readings were accepted, are held, were there already, or could not be taken."""

    accepted: int = 0
    held: int = 0
    refused: Sequence[str] = ()


async def merge_round(
    actor: Actor, *, round_id: UUID, read_on: date, values: Mapping[UUID, Decimal]
) -> Merged:
    """Take the readings of a round, each once whatever how often it is sent; one that fails stops no other.

    A round is walked without network and sent later, perhaps twice, so that its result is the same each time.
    """
    actor.require("meters.write")
    accepted = held = 0
    failed = []
    for meter_id, value in values.items():
        said = Said(read_on, value, "round", key=f"{round_id}-{meter_id}")
        try:
            made = await submit(actor, meter_id, said)
        except Conflict:
            failed.append((await locked(tenant_of(actor), meter_id)).serial)
            continue
        accepted += made.status == "accepted"
        held += made.status != "accepted"
    return Merged(accepted, held, failed)
