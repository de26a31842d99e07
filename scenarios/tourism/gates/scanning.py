"""Scans: judged at once while there is a network, merged when a device had none. One transaction for each ticket."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from scenarios.tourism.gates import presence
from scenarios.tourism.orders.codes import PREFIX, read_code
from scenarios.tourism.orders.people import DOCUMENTS, NAMES, unseal
from scenarios.tourism.orders.states import TICKET
from tenants.codes import normalise_code
from tenants.gates import judging as core
from tenants.gates.judging import ENTRY, EXIT, OFFLINE, ONLINE, Rights
from tenants.ids import new_id
from tenants.scope import row, rows
from tenants.together import together, write
from ui.i18n import N_

FUTURE = timedelta(minutes=10)
"""How far ahead of ours a device's clock may be."""
REASONS = {
    "": N_("Come in"),
    "unknown": N_("We do not know this code"),
    "no_network": N_("A typed number needs the network: scan the code instead"),
    "other_site": N_("For another site"),
    "other_gate": N_("Not at this gate"),
    "wrong_way": N_("This gate goes the other way"),
    "gate_closed": N_("This gate is closed"),
    "revoked": N_("An old code: the ticket was changed"),
    "not_yet": N_("Not valid yet"),
    "expired": N_("No longer valid"),
    "not_paid": N_("Not paid"),
    "refunded": N_("Given back"),
    "void": N_("Cancelled"),
    "closed": N_("The site has closed this time"),
    "used": N_("Used already"),
    "used_today": N_("Used already today"),
    "people": N_("More people than the ticket has"),
    "not_registered": N_("The holder of this pass is not registered yet"),
    "stopped": N_("This pass has been stopped: ask at the office"),
    "blocked": N_("The holder may not come in at present"),
    "other_person": N_("Not the holder of this pass"),
    "full": N_("As many people are on site as may be"),
}
"""Why somebody is not let in, in English msgids."""
_STATES = {
    "held": "not_paid",
    "refunding": "refunded",
    "refunded": "refunded",
    "void": "void",
}
_FOUND = "select * from tourism_ticket where tenant_id = $1 and {} for update"
_SCANS = """
select id, nonce, gate_id, direction, mode, people, day, scanned_at, has_let_in, fault, verdict, reason, is_repeat
  from tourism_redemption where tenant_id = $1 and ticket_id = $2
"""
_BEFORE = """
select exists (select 1 from tourism_redemption where tenant_id = $1 and device_id = $4 and nonce = $5) is_known,
       array(select r from tourism_redemption r where tenant_id = $1 and ticket_id = $2) scans,
       (select coalesce(sum(inside), 0)::int from tourism_ticket
         where tenant_id = $1 and site_id = $3 and inside > 0) on_site
"""
"""What there was before a scan, read when its ticket is locked: what came first is seen by what came second."""
_KEEP = """
insert into tourism_redemption (tenant_id, id, site_id, gate_id, device_id, ticket_id, nonce, direction, mode, people,
    day, scanned_at, received_at, has_let_in, fault, verdict, reason, is_repeat)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
"""
_SETTLE = """
update tourism_redemption set verdict = $3, reason = $4, is_repeat = $5 where tenant_id = $1 and id = $2
"""
_COUNT = """
update tourism_ticket set used = $3, inside = $4, used_on = $5, status = $6 where tenant_id = $1 and id = $2
"""
_STORED = """
select r.verdict, r.reason, r.is_repeat, r.people, t.number, t.kind, t.visitor_kind, t.people ticket_people, t.used
  from tourism_redemption r left join tourism_ticket t on t.tenant_id = $1 and t.id = r.ticket_id
 where r.tenant_id = $1 and r.device_id = $2 and r.nonce = $3
"""
_HOLDER = """
select coalesce((select h.status from tourism_pass_holder h where h.tenant_id = $1 and h.ticket_id = $2
                  order by h.created_at desc limit 1), '') status,
       exists (select 1 from tourism_block b where b.tenant_id = $1 and b.document_key = $3 and b.lifted_at is null
                  and b.since <= $4 and b.until >= $4) is_blocked
"""


@dataclass(frozen=True, slots=True)
class Station:
    """A device with its gate and site, as it has shown its key."""

    tenant_id: UUID
    device_id: UUID
    gate_id: UUID
    site_id: UUID
    site_names: dict[str, str]
    gate: str
    way: str
    products: tuple[str, ...]
    is_open: bool
    instant_cap: int
    zone: str

    def day(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a device sends of one scan. ``code`` is the QR code's text or the ticket's number as typed.

    ``people`` is 0 for all that are left. Without a network the device has decided: ``has_let_in`` and ``reason``.
    """

    nonce: str
    code: str
    direction: str = ENTRY
    people: int = 0
    mode: str = ONLINE
    scanned_at: datetime | None = None
    has_let_in: bool = False
    reason: str = ""
    is_other: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What the device hears. ``final`` is always true: it must not send the scan again."""

    nonce: str
    verdict: str
    reason: str
    people: int = 0
    number: str = ""
    kind: str = ""
    visitor_kind: str = ""
    ticket_people: int = 0
    used: int = 0
    is_repeat: bool = False
    holder: str = ""
    document: str = ""
    photo: str = ""
    """Of a pass: whom the keeper compares with the document, and where the picture is."""


async def scan(station: Station, asked: Asked) -> Told:
    """Judge one scan, or merge one that a device has decided; in the open scope of the station's institution.

    The same nonce of the same device is answered as it was the first time.
    """
    received = datetime.now(UTC)
    scanned = received if asked.mode == ONLINE or asked.scanned_at is None else asked.scanned_at
    scanned = min(scanned, received + FUTURE)
    ticket, serial = await _ticket(station, asked.code)
    before = await _before(station, asked, ticket["id"]) if ticket else None
    if (before is None or before["is_known"]) and (stored := await _stored(station, asked.nonce)):
        return stored
    fault = _fault(station, asked, ticket, serial, scanned)
    if ticket is not None and ticket["kind"] == "pass" and not fault and asked.direction == ENTRY:
        fault = await _pass_fault(station, asked, ticket, scanned)
    if ticket is None or before is None:
        return await _unknown(station, asked, scanned, received, fault)
    inside = before["on_site"]
    if asked.mode == ONLINE and asked.direction == ENTRY:
        inside = await presence.counted(station.tenant_id, station.site_id, inside, station.instant_cap)
    async with together():
        return await _judge(station, asked, ticket, before, scanned, received, fault, inside)


async def _before(station: Station, asked: Asked, ticket_id: UUID) -> asyncpg.Record:
    args = (station.tenant_id, ticket_id, station.site_id, station.device_id, asked.nonce)
    found = await row(_BEFORE, *args)
    assert found is not None  # noqa: S101 - it is one row in any case
    return found


async def _stored(station: Station, nonce: str) -> Told | None:
    found = await row(_STORED, station.tenant_id, station.device_id, nonce)
    if found is None:
        return None
    return Told(
        nonce, found["verdict"], found["reason"], found["people"], found["number"] or "", found["kind"] or "",
        found["visitor_kind"] or "", found["ticket_people"] or 0, found["used"] or 0, found["is_repeat"],
    )  # fmt: skip


async def _ticket(station: Station, code: str) -> tuple[asyncpg.Record | None, int | None]:
    """Return the ticket of a code or of a typed number, locked, and which issue of it the code is."""
    if code.strip().startswith(PREFIX):
        read = read_code(station.tenant_id, code)
        if read is None:
            return None, None
        return await row(_FOUND.format("id = $2"), station.tenant_id, read.ticket_id), read.serial
    number = normalise_code(code)[:20]
    return await row(_FOUND.format("number = $2"), station.tenant_id, number), None


def _fault(  # noqa: C901, PLR0911 - one way out for each thing that can be wrong
    station: Station, asked: Asked, ticket: asyncpg.Record | None, serial: int | None, scanned: datetime
) -> str:
    """Return what is wrong with the ticket as such at this gate and moment, whoever else has used it."""
    if ticket is None:
        return "unknown"
    if ticket["site_id"] != station.site_id:
        return "other_site"
    if station.way not in {"both", asked.direction}:
        return "wrong_way"
    if asked.direction == EXIT:
        return ""
    if not station.is_open:
        return "gate_closed"
    if station.products and str(ticket["product_id"]) not in station.products:
        return "other_gate"
    if ticket["status"] in _STATES:
        return _STATES[ticket["status"]]
    if ticket["is_closed"]:
        return "closed"
    if serial is not None and serial != ticket["serial"] % 256:
        return "revoked"
    if scanned < ticket["valid_from"]:
        return "not_yet"
    return "expired" if scanned >= ticket["valid_until"] else ""


async def _pass_fault(station: Station, asked: Asked, ticket: asyncpg.Record, scanned: datetime) -> str:
    """Return what is wrong with whoever comes with a pass: not registered, stopped, blocked, or somebody else."""
    args = (station.tenant_id, ticket["id"], ticket["document_key"], station.day(scanned))
    found = await row(_HOLDER, *args)
    assert found is not None  # noqa: S101 - it is one row in any case
    if found["is_blocked"]:
        return "blocked"
    if found["status"] != "registered":
        return "stopped" if found["status"] in {"stopped", "refused"} else "not_registered"
    return "other_person" if asked.is_other else ""


async def _unknown(station: Station, asked: Asked, scanned: datetime, received: datetime, fault: str) -> Told:
    let_in = asked.mode == OFFLINE and asked.has_let_in
    verdict = core.CONFLICT if let_in else core.REJECTED
    await _keep(
        station,
        asked,
        None,
        (scanned, received),
        (let_in, fault, verdict, fault, False, max(asked.people, 1)),
    )
    return Told(asked.nonce, verdict, fault)


async def _judge(  # noqa: PLR0917 - what was scanned, where and when
    station: Station,
    asked: Asked,
    ticket: asyncpg.Record,
    found: asyncpg.Record,
    scanned: datetime,
    received: datetime,
    fault: str,
    inside: int,
) -> Told:
    rights = Rights(ticket["people"], ticket["uses"], ticket["uses_per_day"])
    before = found["scans"]
    people = _people(asked, ticket, rights)
    this = core.Scan(
        new_id(), asked.nonce, station.gate_id, asked.direction, asked.mode, people,
        station.day(scanned), scanned, asked.has_let_in, fault or asked.reason[:20],
    )  # fmt: skip
    scans = [_as_scan(one) for one in before]
    if asked.mode == ONLINE:
        this = _online(station, this, rights, scans, fault, inside)
    outcome = core.judge(rights, [*scans, this])
    mine = next(one for one in outcome.verdicts if one.scan.id == this.id)
    await _keep_known(station, asked, ticket["id"], this, received, mine)
    await _apply(ticket, before, outcome)
    told = Told(
        asked.nonce, mine.verdict, mine.reason, people, ticket["number"], ticket["kind"],
        ticket["visitor_kind"], ticket["people"], outcome.used, mine.is_repeat,
    )  # fmt: skip
    return _with_holder(told, ticket) if ticket["kind"] == "pass" else told


def _with_holder(told: Told, ticket: asyncpg.Record) -> Told:
    """Add what a keeper compares: the name, the end of the document's number, the picture."""
    document = unseal(DOCUMENTS, ticket["document"])
    return replace(
        told,
        holder=unseal(NAMES, ticket["visitor"]),
        document=f"…{document[-4:]}" if document else "",
        photo=f"/gate/photos/{ticket['id']}",
    )


def _people(asked: Asked, ticket: asyncpg.Record, rights: Rights) -> int:
    """Return how many pass: as many as were counted, or all that are left of the ticket."""
    if asked.people > 0:
        return asked.people
    if asked.direction == EXIT:
        return max(int(ticket["inside"]), 1)
    left = rights.most - (0 if rights.uses_per_day else ticket["used"])
    return max(min(rights.people, int(left)), 1)


def _online(  # noqa: PLR0917 - one scan and all that it is judged by
    station: Station, this: core.Scan, rights: Rights, scans: Sequence[core.Scan], fault: str, on_site: int
) -> core.Scan:
    """Decide for the gate: let in or not, and why not."""
    if not fault and this.people > rights.people:
        fault = "people"
    if not fault:
        told = core.would_accept(rights, scans, this)
        fault = told.reason
        is_new = told.verdict == core.ACCEPTED and not told.is_repeat and this.direction == ENTRY
        if is_new and on_site + this.people > station.instant_cap:
            fault = "full"
    return replace(this, fault=fault, has_let_in=not fault)


def _as_scan(one: asyncpg.Record) -> core.Scan:
    return core.Scan(
        one["id"], one["nonce"], one["gate_id"], one["direction"], one["mode"], one["people"], one["day"],
        one["scanned_at"], one["has_let_in"], one["fault"], one["verdict"] == core.ANNULLED,
    )  # fmt: skip


async def _keep_known(  # noqa: PLR0917 - a scan with its ticket and what came of it
    station: Station, asked: Asked, ticket_id: UUID, this: core.Scan, received: datetime, mine: core.Verdict
) -> None:
    facts = (this.has_let_in, this.fault, mine.verdict, mine.reason, mine.is_repeat, this.people)
    await _keep(station, asked, ticket_id, (this.scanned_at, received), facts, this.id)


async def _keep(  # noqa: PLR0917 - a scan with its ticket and what came of it
    station: Station,
    asked: Asked,
    ticket_id: UUID | None,
    when: tuple[datetime, datetime],
    facts: tuple[bool, str, str, str, bool, int],
    scan_id: UUID | None = None,
) -> None:
    has_let_in, fault, verdict, reason, is_repeat, people = facts
    await write(
        _KEEP, station.tenant_id, scan_id or new_id(), station.site_id, station.gate_id, station.device_id, ticket_id,
        asked.nonce, asked.direction, asked.mode, people, station.day(when[0]), *when, has_let_in, fault, verdict,
        reason, is_repeat,
    )  # fmt: skip


async def _apply(ticket: asyncpg.Record, before: Sequence[asyncpg.Record], outcome: core.Outcome) -> None:
    """Write what the scans come to: on the ticket, and on those whose verdict has changed by what came later."""
    was = {one["id"]: (one["verdict"], one["reason"], one["is_repeat"]) for one in before}
    for one in outcome.verdicts:
        now = (one.verdict, one.reason, one.is_repeat)
        if one.scan.id in was and was[one.scan.id] != now:
            await write(_SETTLE, ticket["tenant_id"], one.scan.id, *now)
    status = status_after(ticket, outcome)
    if (ticket["used"], ticket["inside"], ticket["used_on"], ticket["status"]) != (
        outcome.used, outcome.inside, outcome.used_on, status,
    ):  # fmt: skip
        await write(
            _COUNT, ticket["tenant_id"], ticket["id"], outcome.used, outcome.inside, outcome.used_on, status
        )


def status_after(ticket: Any, outcome: core.Outcome) -> str:
    """Return the state of a ticket whose scans came to this; one that was given back stays so."""
    if ticket["status"] not in {"issued", "part_used", "used", "no_show"}:
        return str(ticket["status"])
    if outcome.used == 0:
        return str(ticket["status"]) if ticket["status"] == "no_show" else "issued"
    rights = Rights(ticket["people"], ticket["uses"], ticket["uses_per_day"])
    is_over = not rights.uses_per_day and outcome.used >= rights.most
    return TICKET.edges["use" if is_over else "use_part"].target


async def judge_again(tenant_id: UUID, ticket_id: UUID) -> core.Outcome:
    """Judge all scans of a ticket again, after one of them was annulled; in the open scope."""
    ticket = await row(_FOUND.format("id = $2"), tenant_id, ticket_id)
    assert ticket is not None  # noqa: S101 - a scan has a ticket of its own institution
    before = await rows(_SCANS, tenant_id, ticket_id)
    rights = Rights(ticket["people"], ticket["uses"], ticket["uses_per_day"])
    outcome = core.judge(rights, [_as_scan(one) for one in before])
    await _apply(ticket, before, outcome)
    return outcome


def read_json(text: str | bytes) -> Any:
    """Return what a device sent; nothing for what is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None
