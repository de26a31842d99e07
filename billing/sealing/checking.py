"""Holding the journal beside its seals: what was edited, removed or put in since is found and named."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.ledger import Fault
from billing.models import BankSeal, Seal, SealedEntry
from billing.sealing.canonical import BankLink, SealHeader, entry_bytes
from billing.sealing.collecting import Entry, entries
from tenants.scope import open_scope, rows, tenant_scope
from tenants.sealing.canonical import microseconds
from tenants.sealing.hashing import NOTHING, leaf_hash, root_of
from tenants.sealing.keys import is_signed, keys

PATIENCE = timedelta(minutes=5)
"""How long an entry may wait for its seal before that is a fault."""
LATE = timedelta(hours=1)
_PAGE = 100

_WAITING = """
select e.id, e.kind, e.created_at from billing_entry e
 where e.tenant_id = $1 and not exists (
   select 1 from billing_sealed_entry s where s.tenant_id = e.tenant_id and s.id = e.id)
 order by e.id
"""
_LATE = """
select count(*) n from billing_entry e
  join billing_sealed_entry m on m.tenant_id = e.tenant_id and m.id = e.id
  join billing_seal s on s.tenant_id = m.tenant_id and s.id = m.seal_id
 where e.tenant_id = $1 and e.created_at < s.sealed_at - $2::interval
"""


@dataclass
class SealReport:
    """What the seals of one tenant bear out. ``late`` counts entries sealed long after they say they were written."""

    seals: int = 0
    entries: int = 0
    waiting: int = 0
    late: int = 0
    latest: str = ""
    faults: list[Fault] = field(default_factory=list)


async def check_seals(tenant_id: UUID) -> SealReport:
    """Recompute every seal of a tenant from its rows; opens its own scopes, so that nobody waits for it."""
    report, previous = SealReport(), NOTHING
    async for seal in _seals(tenant_id):
        report.seals += 1
        if seal.number != report.seals:
            report.faults.append(_fault("a seal is missing", f"seal {report.seals}"))
            report.seals = seal.number
        report.faults += _faults_of_chain(seal, previous)
        async with open_scope(tenant_scope(tenant_id)):
            report.faults += [fault async for fault in _faults_of_entries(seal, report)]
        previous, report.latest = seal.hash, seal.hash.hex()
    async with open_scope(tenant_scope(tenant_id)):
        await _look_at_rest(tenant_id, report)
    return report


async def _seals(tenant_id: UUID) -> AsyncIterator[Seal]:
    last = 0
    while True:
        async with open_scope(tenant_scope(tenant_id)):
            page = await Seal.filter(tenant_id=tenant_id, number__gt=last).order_by("number").limit(_PAGE)
        for seal in page:
            yield seal
        if len(page) < _PAGE:
            return
        last = page[-1].number


def header_of(seal: Seal) -> SealHeader:
    """Return what a seal's hash covers, from its row."""
    return SealHeader(
        tenant=str(seal.tenant_id),
        number=seal.number,
        sealed_at=microseconds(seal.sealed_at),
        entry_count=seal.entry_count,
        root=seal.root,
        previous=seal.previous,
    )


def _faults_of_chain(seal: Seal, previous: bytes) -> list[Fault]:
    name, header = f"seal {seal.number}", header_of(seal)
    public = keys().published.get(seal.key_id)
    checks = (
        ("the seal does not follow the one before", seal.previous == previous),
        ("the seal's hash is wrong", header.hash() == seal.hash),
        ("the seal's key is not a published one", public is not None),
        ("the seal's signature is wrong", not public or is_signed(header.content(), seal.signature, public)),
    )
    return [_fault(words, name) for words, is_right in checks if not is_right]


async def _faults_of_entries(seal: Seal, report: SealReport) -> AsyncIterator[Fault]:
    members = await SealedEntry.filter(tenant_id=seal.tenant_id, seal_id=seal.id).order_by("position")
    report.entries += len(members)
    found = await entries(seal.tenant_id, [member.id for member in members])
    for member in members:
        entry = found.get(member.id)
        if entry is None:
            yield _fault("a sealed entry was removed", f"entry {member.id} of seal {seal.number}")
        elif leaf_hash(entry_bytes(entry)) != member.leaf:
            yield _fault("a sealed entry or its postings were changed", _name(entry, seal))
    if len(members) != seal.entry_count or root_of([member.leaf for member in members]) != seal.root:
        yield Fault(
            "the seal's list of entries was changed", f"seal {seal.number}", seal.entry_count, len(members)
        )


def _name(entry: Entry, seal: Seal) -> str:
    return f"entry {entry['id']} ({entry['kind']} of {entry['source_id']}) of seal {seal.number}"


async def _look_at_rest(tenant_id: UUID, report: SealReport) -> None:
    for waiting in await rows(_WAITING, tenant_id):
        report.waiting += 1
        if waiting["created_at"] < datetime.now(UTC) - PATIENCE:
            report.faults.append(
                _fault("an entry is in no seal", f"entry {waiting['id']} ({waiting['kind']})")
            )
    report.late = (await rows(_LATE, tenant_id, LATE))[0]["n"]


async def check_bank_chain(bank_id: UUID) -> tuple[int, list[Fault]]:
    """Recompute a bank's chain, in any open scope; return how many links it has and what is wrong with which."""
    faults, previous, number = list[Fault](), NOTHING, 0
    links = await BankSeal.filter(bank_id=bank_id).order_by("number")
    for row in links:
        number += 1
        link = BankLink(str(bank_id), row.number, microseconds(row.sealed_at), row.seal_hash, row.previous)
        public = keys().published.get(row.key_id, b"")
        checks = (
            ("a link of the bank's chain is missing", row.number == number),
            ("the link does not follow the one before", row.previous == previous),
            ("the link's hash is wrong", link.hash() == row.hash),
            (
                "the link's signature is wrong",
                bool(public) and is_signed(link.content(), row.signature, public),
            ),
        )
        faults += [_fault(words, f"link {number}") for words, is_right in checks if not is_right]
        previous, number = row.hash, row.number
    return len(links), faults


def _fault(check: str, subject: str) -> Fault:
    return Fault(check, subject, 0, 0)
