"""Holding the trail beside its seals: what was edited, removed or put in since is found and named."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tenants.models import AuditLink, AuditSeal, SealedAudit
from tenants.scope import open_scope, rows
from tenants.sealing.canonical import LINK, SEAL, Header, microseconds, row_bytes
from tenants.sealing.hashing import NOTHING, leaf_hash, root_of
from tenants.sealing.keys import is_signed, keys
from tenants.sealing.places import Place, by_id
from tenants.sealing.sealer import SIZE

PATIENCE = timedelta(minutes=15)
"""How long a row may wait for its seal before that is a fault."""
LATE = timedelta(hours=1)
"""How long before a seal in front of it a row may say that it was written: no act takes longer to commit.

Only a seal that was not full counts: behind a full one, older rows may have waited for the next."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and with which row, seal or link."""

    check: str
    subject: str


@dataclass
class Report:
    """What the seals of one place bear out."""

    seals: int = 0
    rows: int = 0
    waiting: int = 0
    hashes: list[bytes] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


async def check_place(place: Place) -> Report:
    """Recompute every seal of a place from its rows; opens its own scopes, so that nobody waits for it."""
    report, previous, before = Report(), NOTHING, None
    async for seal in _seals(place):
        report.seals += 1
        if seal.number != report.seals:
            report.faults.append(Fault("a seal is missing", f"seal {report.seals}"))
            report.seals = seal.number
        report.faults += _of_chain(seal, previous)
        async with open_scope(place.scope):
            report.faults += await _of_rows(place, seal, before, report)
        report.hashes.append(seal.hash)
        previous = seal.hash
        before = seal.sealed_at if seal.row_count < SIZE else before
    async with open_scope(place.scope):
        await _look_at_rest(place, report)
    return report


async def _seals(place: Place) -> AsyncIterator[AuditSeal]:
    last = 0
    while True:
        async with open_scope(place.scope):
            page = await AuditSeal.filter(place_id=place.id, number__gt=last).order_by("number").limit(_PAGE)
        for seal in page:
            yield seal
        if len(page) < _PAGE:
            return
        last = page[-1].number


def _of_chain(seal: AuditSeal, previous: bytes) -> list[Fault]:
    header = Header(
        f"{SEAL}.{seal.place_kind}", str(seal.place_id), seal.number, microseconds(seal.sealed_at), seal.row_count,
        seal.root, seal.previous,
    )  # fmt: skip
    return _signed(f"seal {seal.number}", "seal", header, seal, previous)


def _signed(
    name: str, what: str, header: Header, kept: AuditSeal | AuditLink, previous: bytes
) -> list[Fault]:
    public = keys().published.get(kept.key_id)
    checks = (
        (f"the {what} does not follow the one before", kept.previous == previous),
        (f"the {what}'s hash is wrong", header.hash() == kept.hash),
        (f"the {what}'s key is not a published one", public is not None),
        (
            f"the {what}'s signature is wrong",
            not public or is_signed(header.content(), kept.signature, public),
        ),
    )
    return [Fault(words, name) for words, is_right in checks if not is_right]


async def _of_rows(place: Place, seal: AuditSeal, before: datetime | None, report: Report) -> list[Fault]:
    members = await SealedAudit.filter(place_id=place.id, seal_id=seal.id).order_by("position")
    found, faults = await by_id(place, [member.id for member in members]), list[Fault]()
    report.rows += len(members)
    earliest = microseconds(before - LATE) if before else 0
    for member in members:
        row, name = found.get(member.id), f"row {member.id} of seal {seal.number}"
        if row is None:
            faults.append(Fault("a sealed row was removed", name))
        elif leaf_hash(row_bytes(row)) != member.leaf:
            faults.append(Fault("a sealed row was changed", f"{name} ({row['act']})"))
        elif row["created_at"] < earliest:
            faults.append(Fault("a row was put in after its time", f"{name} ({row['act']})"))
    if len(members) != seal.row_count or root_of([member.leaf for member in members]) != seal.root:
        faults.append(Fault("the seal's list of rows was changed", f"seal {seal.number}"))
    return faults


async def _look_at_rest(place: Place, report: Report) -> None:
    waiting = await rows(
        f"select a.id, a.act, a.created_at from tenants_audit a where {place.own}"
        " and not exists (select 1 from tenants_sealed_audit s where s.id = a.id) order by a.id",
        place.id,
    )
    report.waiting = len(waiting)
    old = datetime.now(UTC) - PATIENCE
    report.faults += [
        Fault("a row is in no seal", f"row {one['id']} ({one['act']})")
        for one in waiting
        if one["created_at"] < old
    ]


async def latest_link(bank_id: UUID) -> int:
    """Return the number of a bank's latest link: what comes later while its seals are read says nothing of them."""
    last = await AuditLink.filter(bank_id=bank_id).order_by("-number").first()
    return last.number if last else 0


async def check_links(bank_id: UUID, sealed: set[bytes], latest: int) -> tuple[int, list[Fault]]:
    """Recompute a bank's chain in its open scope: each link has its seal (in ``sealed``), and each seal its link."""
    faults, previous, linked = list[Fault](), NOTHING, set[bytes]()
    links = await AuditLink.filter(bank_id=bank_id).order_by("number")
    for number, link in enumerate(links, 1):
        name = f"link {number}"
        header = Header(
            LINK, str(bank_id), link.number, microseconds(link.sealed_at), 1, link.seal_hash, link.previous
        )  # fmt: skip
        if link.number != number:
            faults.append(Fault("a link of the bank's chain is missing", name))
        faults += _signed(name, "link", header, link, previous)
        if link.number <= latest and link.seal_hash not in sealed:
            faults.append(Fault("a seal was removed with its rows", name))
        linked.add(link.seal_hash)
        previous = link.hash
    faults += [Fault("a seal is in no chain of the bank", one.hex()[:16]) for one in sorted(sealed - linked)]
    return len(links), faults
