"""Scans at the gate: judged at once while there is a network, merged when there was none.

What is kept of a scan never changes. What it came to is worked out from the set of them (``tenants.gates.judging``),
so that gates without network may send theirs in any order, and twice. Whom two gates have let in with one pass that is
good once is shown to staff; nobody else hears of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from scenarios.community.common import tenant_of
from scenarios.community.visitors import codes
from scenarios.community.visitors.models import PassUse, VisitorPass
from tenants.actor import Actor
from tenants.gates import judging
from tenants.gates.judging import OFFLINE, ONLINE, Rights, Scan, Verdict
from tenants.ids import new_id
from tenants.scope import row, rows
from ui.i18n import N_

FUTURE = timedelta(minutes=10)
"""How far ahead of ours a gate's clock may be."""
AHEAD = timedelta(days=2)
"""For how long a gate without network knows who is expected by their letters or plate; signed codes it knows anyway."""
REASONS = {
    "": N_("Come in"),
    "unknown": N_("There is no such pass"),
    "revoked": N_("This pass was revoked"),
    "not_yet": N_("Not valid yet"),
    "expired": N_("No longer valid"),
    "used": N_("Used as often as it may be"),
}
_FIND = """
select id from community_visitor_pass
 where tenant_id = $1 and (code_hash = $2 or (plate <> '' and plate = $3))
 order by (id = $5) desc nulls last, (revoked_at is null and valid_until >= $4) desc,
        (valid_from <= $4 and used < uses) desc, valid_from, id limit 1
"""
_LIST = """
select p.id, p.code_hash, p.plate, p.valid_from, p.valid_until, p.uses, p.used, p.name, a.number
  from community_visitor_pass p join tenants_account a on a.tenant_id = $1 and a.id = p.account_id
 where p.tenant_id = $1 and p.revoked_at is null and p.valid_until > $2 and p.valid_from < $3
 order by p.valid_from limit 5000
"""
_REVOKED = "select id from community_visitor_pass where tenant_id = $1 and revoked_at is not null and valid_until > $2"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a gate sends of one scan. Without a network it has decided: ``has_let_in`` and ``reason``."""

    nonce: str
    code: str
    device_id: UUID
    mode: str = ONLINE
    scanned_at: datetime | None = None
    has_let_in: bool = False
    reason: str = ""
    pass_id: UUID | None = None
    """Which pass the gate took a plate for, so that a later merge does not take it for another."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the gate hears. It is final: the scan need not be sent again."""

    nonce: str
    verdict: str
    reason: str
    line: str = ""
    used: int = 0
    is_repeat: bool = False


async def scan(actor: Actor, asked: Asked) -> Told:
    """Judge one scan, or merge one that a gate without network has decided; the same nonce counts once."""
    actor.require("gate.work")
    tenant_id, received = tenant_of(actor), datetime.now(UTC)
    scanned = received if asked.mode == ONLINE or asked.scanned_at is None else asked.scanned_at
    scanned = min(scanned, received + FUTURE)
    one = await _pass(tenant_id, asked, scanned)
    if one is None:
        let_in = asked.mode == OFFLINE and asked.has_let_in
        return Told(asked.nonce, judging.CONFLICT if let_in else judging.REJECTED, "unknown")
    scans = await scans_of(one)
    if all(each.nonce != asked.nonce for each in scans):
        scans.append(await _keep(actor, one, asked, scanned, scans))
    return await _settle(one, scans, asked.nonce)


async def _pass(tenant_id: UUID, asked: Asked, at: datetime) -> VisitorPass | None:
    """Return the pass that a scan is of, locked: the one it was of when it came first, else what its code says."""
    seen = await PassUse.get_or_none(tenant_id=tenant_id, key=asked.nonce)
    pass_id = seen.pass_id if seen else await _shown(tenant_id, asked, at)
    if pass_id is None:
        return None
    return await VisitorPass.select_for_update().get_or_none(tenant_id=tenant_id, id=pass_id)


async def _shown(tenant_id: UUID, asked: Asked, at: datetime) -> UUID | None:
    """Return the pass of a signed code, of its letters or of a plate."""
    if asked.code.strip().startswith(codes.PREFIX):
        read = codes.read(tenant_id, asked.code)
        return read.pass_id if read else None
    plain = codes.tidy(asked.code)
    found = await row(_FIND, tenant_id, codes.hash_of(plain), plain, at, asked.pass_id) if plain else None
    return found["id"] if found else None


def fault_of(one: VisitorPass, at: datetime) -> str:
    """Return what is wrong with a pass as such at a moment, however often it was used."""
    if one.revoked_at and at >= one.revoked_at:
        return "revoked"
    if at < one.valid_from:
        return "not_yet"
    return "expired" if at >= one.valid_until else ""


def rights_of(one: VisitorPass) -> Rights:
    """Return what a pass allows: one person each time, so many times; each scan is an entry of its own."""
    return Rights(people=1, uses=one.uses, same_entry=timedelta())


async def scans_of(one: VisitorPass) -> list[Scan]:
    """Return what has been scanned of a pass."""
    return [_as_scan(each) for each in await PassUse.filter(tenant_id=one.tenant_id, pass_id=one.id)]


def _as_scan(one: PassUse) -> Scan:
    at = one.scanned_at or one.created_at
    return Scan(
        one.id, one.key, one.device_id or one.id, judging.ENTRY, one.mode, 1, at.date(), at,
        one.has_let_in, one.fault,
    )  # fmt: skip


async def _keep(
    actor: Actor, one: VisitorPass, asked: Asked, scanned: datetime, before: Sequence[Scan]
) -> Scan:
    """Write a scan down as it was; whether somebody is let in is decided here while there is a network."""
    fault, let_in = fault_of(one, scanned), asked.has_let_in
    kept = PassUse(
        id=new_id(), tenant_id=one.tenant_id, pass_id=one.id, key=asked.nonce, by_name=actor.name[:100],
        device_id=asked.device_id, mode=asked.mode, scanned_at=scanned, has_let_in=let_in, fault=fault,
    )  # fmt: skip
    if asked.mode == ONLINE:
        fault = fault or judging.would_accept(rights_of(one), before, _as_scan(kept)).reason
        let_in = not fault
    elif not let_in:
        fault = fault or asked.reason
    kept.has_let_in, kept.fault = let_in, fault
    await kept.save(force_create=True)
    return _as_scan(kept)


async def _settle(one: VisitorPass, scans: Sequence[Scan], nonce: str) -> Told:
    """Keep how often a pass was used, and return what this scan came to."""
    outcome = judging.judge(rights_of(one), scans)
    mine = next(each for each in outcome.verdicts if each.scan.nonce == nonce)
    one.used = outcome.used
    await VisitorPass.filter(tenant_id=one.tenant_id, id=one.id).update(used=outcome.used)
    account = await row(
        "select number from tenants_account where tenant_id = $1 and id = $2", one.tenant_id, one.account_id
    )
    line = _line(one.name, account["number"] if account else "", one.used, one.uses)
    return Told(nonce, mine.verdict, mine.reason, line, outcome.used)


def _line(name: str, unit: str, used: int, uses: int) -> str:
    return f"{name} · {unit} · {used}/{uses}"


async def verdicts_of(tenant_id: UUID, pass_ids: Sequence[UUID]) -> dict[UUID, Verdict]:
    """Return what each scan of these passes came to, by the scan's id."""
    found: dict[UUID, Verdict] = {}
    for one in await VisitorPass.filter(tenant_id=tenant_id, id__in=list(pass_ids)):
        outcome = judging.judge(rights_of(one), await scans_of(one))
        found |= {each.scan.id: each for each in outcome.verdicts}
    return found


async def list_for(actor: Actor) -> dict[str, Any]:
    """Return what a gate needs to judge by itself: the key of signed codes, who is expected, what is revoked."""
    actor.require("gate.work")
    tenant_id, now = tenant_of(actor), datetime.now(UTC)
    expected = await rows(_LIST, tenant_id, now, now + AHEAD)
    return {
        "key": codes.public_key(tenant_id),
        "made_at": now.isoformat(),
        "passes": {one["id"].hex: _plain(one) for one in expected},
        "revoked": [one["id"].hex for one in await rows(_REVOKED, tenant_id, now)],
    }


def _plain(one: Any) -> dict[str, Any]:
    return {
        "hash": one["code_hash"].hex(),
        "plate": one["plate"],
        "from": int(one["valid_from"].timestamp() * 1000),
        "until": int(one["valid_until"].timestamp() * 1000),
        "uses": one["uses"],
        "used": one["used"],
        "line": f"{one['name']} · {one['number']}",
    }
