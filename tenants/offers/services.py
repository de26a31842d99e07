"""Writing, publishing and taking offers. What is published never changes; what is taken is a copy with its origin."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.days import today_at_bank
from tenants.ids import new_id
from tenants.models import Bank, BankOffer, OfferTaking, Tenant
from tenants.offers.kinds import KINDS, Begun, OfferKind
from tenants.scope import bank_scope, open_scope, rows
from tenants.states import Edge, Machine
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

WRITE = "policy.write"
OFFER = Machine(
    "offer",
    "draft",
    {
        "publish": Edge(("draft",), "published", "the level beneath sees it from its first day on"),
        "withdraw": Edge(
            ("published",), "withdrawn", "nobody takes it any more; whoever took it keeps the copy"
        ),
        "drop": Edge(("draft",), "dropped", "it was never published"),
    },
)
_SEEN = """
select distinct on (kind, key) id from tenants_bank_offer
 where bank_id = $1 and status = 'published' and valid_from <= bank_day_of($1) order by kind, key, number desc
"""


def kind_of(offer: BankOffer | OfferTaking) -> OfferKind:
    """Return the kind of an offer."""
    return KINDS[offer.kind]


async def own(actor: Actor) -> list[BankOffer]:
    """Return every version of the bank's own offers, newest first."""
    return (
        await BankOffer.filter(bank_id=bank_of(actor))
        .exclude(status="dropped")
        .order_by("kind", "key", "-number")
    )


async def of_union(actor: Actor) -> list[BankOffer]:
    """Return what the bank's union offers now, each in its newest version."""
    bank = await Bank.get(id=bank_of(actor))
    return await _newest(bank.union_id) if bank.union_id else []


async def of_bank(tenant: Tenant) -> list[BankOffer]:
    """Return what the bank offers an institution now, for its industries, each in its newest version."""
    return [
        one for one in await _newest(tenant.bank_id) if not one.scenario or one.scenario in tenant.scenarios
    ]


async def _newest(bank_id: UUID) -> list[BankOffer]:
    ids = [one["id"] for one in await rows(_SEEN, bank_id)]
    return await BankOffer.filter(id__in=ids).order_by("kind", "key")


async def offer_of(actor: Actor, offer_id: UUID, *, is_own: bool = False) -> BankOffer:
    """Return an offer that the actor's scope sees: the bank's own, or a published one of the level above."""
    found = await BankOffer.get_or_none(id=offer_id)
    if found is None or (is_own and found.bank_id != actor.bank_id):
        raise NotFound("offer.not_found", t("There is no such offer."))
    return found


async def begin(actor: Actor, kind: OfferKind, source: str, names: dict[str, str]) -> BankOffer:
    """Begin an offer as a draft.

    Raises:
        Conflict: the bank has one of this already: its next version is begun from it.
    """
    actor.require(WRITE)
    begun = await kind.begin(actor, source)
    if (
        await BankOffer.filter(bank_id=bank_of(actor), kind=kind.key, key=begun.key)
        .exclude(status="dropped")
        .exists()
    ):
        raise Conflict("offer.exists", t("There is such an offer already. Begin its next version instead."))
    return await _draft(actor, kind.key, begun, names)


async def begin_next(actor: Actor, offer_id: UUID) -> BankOffer:
    """Begin the next version of an offer from what this one says."""
    actor.require(WRITE)
    was = await offer_of(actor, offer_id, is_own=True)
    begun = await kind_of(was).renew(actor, Begun(was.key, was.scenario, dict(was.content), was.subject_id))
    return await _draft(actor, was.kind, begun, was.names, was.origin)


async def _draft(
    actor: Actor, kind: str, begun: Begun, names: dict[str, str], origin: dict[str, Any] | None = None
) -> BankOffer:
    bank_id = bank_of(actor)
    last = await BankOffer.filter(bank_id=bank_id, kind=kind, key=begun.key).order_by("-number").first()
    try:
        async with open_scope(bank_scope(bank_id)):
            return await BankOffer.create(
                id=new_id(),
                bank_id=bank_id,
                kind=kind,
                key=begun.key,
                number=last.number + 1 if last else 1,
                names=names,
                scenario=begun.scenario,
                content=begun.content,
                subject_id=begun.subject_id,
                origin=origin,
                made_by_name=actor.name[:100],
            )
    except IntegrityError:
        raise Conflict("offer.draft", t("A draft of this is being written already.")) from None


async def draft_of(actor: Actor, offer_id: UUID) -> BankOffer:
    """Return a draft of the bank, locked until the transaction ends, to be written on.

    Raises:
        Conflict: it is published, and published versions never change.
    """
    actor.require(WRITE)
    found = await BankOffer.filter(bank_id=bank_of(actor), id=offer_id).select_for_update().first()
    if found is None:
        raise NotFound("offer.not_found", t("There is no such offer."))
    if found.status != "draft":
        raise Conflict(
            "offer.published", t("This version is published and never changes. Begin the next one.")
        )
    return found


async def write(actor: Actor, offer_id: UUID, content: dict[str, Any]) -> BankOffer:
    """Keep what a draft says."""
    found = await draft_of(actor, offer_id)
    found.content = content
    await found.save(update_fields=["content"])
    return found


async def publish(actor: Actor, offer_id: UUID, *, note: str, valid_from: date) -> BankOffer:
    """Offer a draft to the level beneath from a day on.

    Raises:
        Invalid: a day that is over.
        Conflict: something is still missing in it.
    """
    actor.require_fresh()
    found = await draft_of(actor, offer_id)
    if valid_from < await today_at_bank(found.bank_id):
        text = t("Choose today or a later day.")
        raise Invalid("offer.day", text, fields={"valid_from": text})
    if lacks := kind_of(found).missing(found.content):
        raise Conflict("offer.incomplete", t("Something is still missing: {what}", what=lacks))
    found.status = OFFER.after(found.status, "publish")
    found.note, found.valid_from = note, valid_from
    found.published_at, found.published_by_name = datetime.now(UTC), actor.name[:100]
    await found.save()
    await _record(actor, found, "published")
    return found


async def withdraw(actor: Actor, offer_id: UUID) -> BankOffer:
    """Offer a version no longer, or throw a draft away; whoever has taken it keeps the copy."""
    actor.require(WRITE)
    found = await BankOffer.filter(bank_id=bank_of(actor), id=offer_id).select_for_update().first()
    if found is None:
        raise NotFound("offer.not_found", t("There is no such offer."))
    found.status = OFFER.after(found.status, "drop" if found.status == "draft" else "withdraw")
    found.withdrawn_at = datetime.now(UTC)
    await found.save(update_fields=["status", "withdrawn_at"])
    await _record(actor, found, found.status)
    return found


async def before(found: BankOffer) -> BankOffer | None:
    """Return the version that was offered before this one by the same bank, in the open scope."""
    older = BankOffer.filter(bank_id=found.bank_id, kind=found.kind, key=found.key, number__lt=found.number)
    return await older.filter(status__in=["published", "withdrawn"]).order_by("-number").first()


async def copy(actor: Actor, offer_id: UUID) -> BankOffer:
    """Take what the union offers: a draft of the bank's own, with its origin, to be offered on as it is or changed."""
    actor.require(WRITE)
    found = await _offered(actor, offer_id)
    union = await Bank.get(id=found.bank_id)
    origin = {
        "bank": union.name_en,
        "bank_zh": union.name,
        "number": found.number,
        "offer_id": str(found.id),
    }
    begun = Begun(found.key, found.scenario, dict(found.content), found.subject_id)
    made = await _draft(actor, found.kind, begun, found.names, origin)
    await _record(actor, made, "taken")
    return made


async def _offered(actor: Actor, offer_id: UUID) -> BankOffer:
    """Return an offer of the level above that can be taken today."""
    found = await offer_of(actor, offer_id)
    now = await today_at_bank(found.bank_id)
    if found.bank_id == actor.bank_id or found.status != "published" or (found.valid_from or now) > now:
        raise NotFound("offer.not_found", t("There is no such offer."))
    return found


async def takings(tenant_id: UUID) -> dict[tuple[str, str], OfferTaking]:
    """Return what an institution has taken, by kind and key, in its open scope."""
    found = await OfferTaking.filter(tenant_id=tenant_id, replaced_at=None)
    return {(one.kind, one.key): one for one in found}


async def take(actor: Actor, offer_id: UUID) -> OfferTaking:
    """Take an offer of the bank for the actor's institution, or its newer version, in the open tenant scope.

    Raises:
        Conflict: this version is taken already, or what its kind finds.
    """
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    found = await _offered(actor, offer_id)
    kind = kind_of(found)
    actor.require(kind.permission)
    actor.require_fresh()
    tenant = await Tenant.get(id=actor.tenant_id)
    if found.scenario and found.scenario not in tenant.scenarios:
        raise NotFound("offer.not_found", t("There is no such offer."))
    before = (
        await OfferTaking.filter(tenant_id=tenant.id, kind=found.kind, key=found.key, replaced_at=None)
        .select_for_update()
        .first()
    )
    if before is not None and before.offer_id == found.id:
        raise Conflict("offer.taken", t("This version is taken already."))
    result = await kind.apply(actor, found.content, before.result if before else {})
    if before is not None:
        before.replaced_at = datetime.now(UTC)
        await before.save(update_fields=["replaced_at"])
    made = await _keep(actor, tenant, found, result)
    await _record_taking(actor, made, before)
    return made


async def _keep(actor: Actor, tenant: Tenant, found: BankOffer, result: dict[str, Any]) -> OfferTaking:
    bank = await Bank.get(id=found.bank_id)
    try:
        return await OfferTaking.create(
            tenant_id=tenant.id,
            bank_id=found.bank_id,
            offer_id=found.id,
            kind=found.kind,
            key=found.key,
            number=found.number,
            names=found.names,
            content=found.content,
            origin={
                "bank": bank.name_en,
                "bank_zh": bank.name,
                "number": found.number,
                "above": found.origin,
            },
            result=result,
            taken_by_name=actor.name[:100],
        )
    except IntegrityError:
        raise Conflict("offer.taken", t("This version is taken already.")) from None


async def _record(actor: Actor, found: BankOffer, act: str) -> None:
    await audit.record(
        actor,
        f"bank_offer.{act}",
        subject_kind="bank_offer",
        subject_id=found.id,
        subject_label=found.names.get("en", found.key),
        after={"kind": found.kind, "number": found.number, "note": found.note, "origin": _from(found.origin)},
    )


async def _record_taking(actor: Actor, made: OfferTaking, before: OfferTaking | None) -> None:
    await audit.record(
        actor,
        "bank_offer.taken",
        subject_kind="bank_offer",
        subject_id=made.offer_id,
        subject_label=made.names.get("en", made.key),
        before={"number": before.number} if before else None,
        after={"kind": made.kind, "number": made.number, "origin": _from(made.origin)},
    )


def _from(origin: dict[str, Any] | None) -> str:
    return f"{origin['bank']} {origin['number']}" if origin else ""
