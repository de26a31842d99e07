"""New rows of the trail into seals: at most ``SIZE`` to a seal, each place for itself, outside of every act.

Each seal of a bank or of its institution is a link of that bank's chain, so that one published hash stands for all.
A row counts as new while it is in no seal, so that none can be passed over, whenever its transaction ended.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tenants.ids import new_id
from tenants.models import AuditLink, AuditSeal, Tenant
from tenants.scope import execute, open_scope, queue_scope, rows, value
from tenants.sealing.canonical import LINK, SEAL, Header, microseconds, row_bytes
from tenants.sealing.hashing import NOTHING, leaf_hash, root_of
from tenants.sealing.keys import key_id, keys
from tenants.sealing.places import KIND_OF, PLACE_OF, Facts, Place, unsealed

SIZE = 1000
EVERY = 5.0
"""Seconds between two looks for new rows."""
LATELY, EVER = timedelta(minutes=10), timedelta(days=36500)
ALL_EVERY = 120
"""After so many looks at what is new, one looks at everything: an act that took long is found too."""
_MOST_PLACES = 1000
_NEW = f"""
select distinct {KIND_OF} kind, {PLACE_OF} place from tenants_audit a
 where a.created_at > now() - $1::interval
   and not exists (select 1 from tenants_sealed_audit s where s.id = a.id) limit $2
"""
_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('audit seal ' || $1::text, 0))"
_LINK_LOCK = "select pg_advisory_xact_lock(hashtextextended('audit link ' || $1::text, 0))"
_MEMBERS = """
insert into tenants_sealed_audit (id, place_id, seal_id, position, leaf)
select m.id, $1, $2, m.position - 1, m.leaf from unnest($3::uuid[], $4::bytea[]) with ordinality m (id, leaf, position)
"""


class AuditSealer:
    """One worker's looking round; several may run, each place is sealed by one at a time."""

    def __init__(self) -> None:
        self._looks = 0

    async def round(self) -> int:
        """Seal what is new, and return how many rows that were; the first look is at everything."""
        back = LATELY if self._looks % ALL_EVERY else EVER
        self._looks += 1
        async with open_scope(queue_scope()):
            found = await rows(_NEW, back, _MOST_PLACES)
        return sum([await seal_place(Place(one["kind"], one["place"])) for one in found if one["place"]])


async def seal_place(place: Place) -> int:
    """Seal a place's new rows, each batch in a transaction of its own; return how many."""
    sealed = 0
    while True:
        async with open_scope(place.scope):
            if not await value(_LOCK, str(place.id)):
                return sealed
            batch = await unsealed(place, SIZE)
            if batch:
                await _seal(place, batch)
        sealed += len(batch)
        if len(batch) < SIZE:
            return sealed


async def _seal(place: Place, batch: list[Facts]) -> None:
    leaves = [leaf_hash(row_bytes(row)) for row in batch]
    last = await AuditSeal.filter(place_id=place.id).order_by("-number").first()
    now = datetime.now(UTC)
    header = Header(
        f"{SEAL}.{place.kind}", str(place.id), last.number + 1 if last else 1, microseconds(now), len(batch),
        root_of(leaves), last.hash if last else NOTHING,
    )  # fmt: skip
    seal = await AuditSeal.create(
        id=new_id(), place_kind=place.kind, place_id=place.id, number=header.number, row_count=header.count,
        root=header.root, previous=header.previous, hash=header.hash(), key_id=key_id(keys().public),
        signature=keys().sign(header.content()), sealed_at=now,
    )  # fmt: skip
    await execute(_MEMBERS, place.id, seal.id, [UUID(row["id"]) for row in batch], leaves)
    if place.kind != "person":
        await _link(place, seal)


async def _link(place: Place, seal: AuditSeal) -> None:
    """Add the seal to its bank's chain, last of all, for that is where sealers of other places wait."""
    bank_id = place.id if place.kind == "bank" else (await Tenant.get(id=place.id)).bank_id
    await value(_LINK_LOCK, str(bank_id))
    last = await AuditLink.filter(bank_id=bank_id).order_by("-number").first()
    header = Header(
        LINK, str(bank_id), last.number + 1 if last else 1, microseconds(seal.sealed_at), 1, seal.hash,
        last.hash if last else NOTHING,
    )  # fmt: skip
    await AuditLink.create(
        id=new_id(), bank_id=bank_id, number=header.number, seal_hash=seal.hash, previous=header.previous,
        hash=header.hash(), key_id=key_id(keys().public), signature=keys().sign(header.content()),
        sealed_at=seal.sealed_at,
    )  # fmt: skip
