"""Holders of passes: registered with a photograph, looked at by staff, stopped by a gate that doubts, renewed."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from integrations.sign_in.codes import read_address
from scenarios.tourism.models import Block, Order, PassHolder, Site, Ticket
from scenarios.tourism.orders import people, placing
from scenarios.tourism.orders.people import Buyer, Visitor
from scenarios.tourism.orders.wishes import Wish
from tenants import audit
from tenants.actor import Actor
from tenants.days import today, today_at
from tenants.ids import new_id
from tenants.models import Tenant
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

PHOTOS, RIGHT = "tourism photographs", "passes.write"
MOST_BYTES = 600_000
LENT_FOR = timedelta(days=3 * 365)
WAITING, REGISTERED, REFUSED, STOPPED = "waiting", "registered", "refused", "stopped"
_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph as it is shown."""

    content: bytes
    type: str


def type_of(content: bytes) -> str:
    """Return the type of a photograph by its first bytes.

    Raises:
        Invalid: it is neither JPEG nor PNG, or too large (field ``photo``).
    """
    found = next((kind for head, kind in _TYPES.items() if content.startswith(head)), "")
    if not found or len(content) > MOST_BYTES:
        text = t("Choose a photograph: JPEG or PNG, at most 600 KB.")
        raise Invalid("pass.photo", text, fields={"photo": text})
    return found


async def holder_of(tenant_id: UUID, ticket_id: UUID) -> PassHolder | None:
    """Return who is registered, or waits to be, as the holder of a pass."""
    return await PassHolder.filter(tenant_id=tenant_id, ticket_id=ticket_id).order_by("-created_at").first()


async def register(ticket: Ticket, photo: bytes) -> PassHolder:
    """Keep the photograph of a pass's holder, for somebody to compare it with the document; a refused one is replaced.

    Raises:
        Invalid: it is no photograph.
        Conflict: this is no pass that lets in, or its holder is registered already.
    """
    kind = type_of(photo)
    if ticket.kind != "pass" or ticket.status not in {"issued", "part_used"}:
        raise Conflict("pass.not_valid", t("Only a pass that is paid has a holder."))
    known = await holder_of(ticket.tenant_id, ticket.id)
    if known is not None and known.status in {REGISTERED, STOPPED}:
        raise Conflict("pass.registered", t("The holder of this pass is registered already."))
    await PassHolder.filter(tenant_id=ticket.tenant_id, ticket_id=ticket.id).delete()
    return await PassHolder.create(
        id=new_id(),
        tenant_id=ticket.tenant_id,
        ticket_id=ticket.id,
        photo=people.seal(PHOTOS, base64.b64encode(photo).decode()),
        photo_type=kind,
    )


def photo_of(holder: PassHolder) -> Photo:
    """Return a holder's photograph."""
    return Photo(base64.b64decode(people.unseal(PHOTOS, holder.photo)), holder.photo_type)


async def get(actor: Actor, holder_id: UUID, *, lock: bool = False) -> PassHolder:
    """Return a holder of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    query = PassHolder.filter(tenant_id=actor.tenant_id, id=holder_id)
    found = await (query.select_for_update() if lock else query).get_or_none()
    if found is None:
        raise NotFound("pass.not_found", t("There is no such pass."))
    return found


async def decide(actor: Actor, holder_id: UUID, *, is_good: bool, reason: str = "") -> PassHolder:
    """Register a holder, or refuse the photograph with a reason; a pass that was stopped is let in again, or not.

    Raises:
        Invalid: it is refused without a reason.
    """
    actor.require(RIGHT)
    found = await get(actor, holder_id, lock=True)
    if not is_good and not reason.strip():
        raise Invalid("pass.reason", t("Say why."), fields={"reason": t("Say why.")})
    before, found.status = found.status, REGISTERED if is_good else REFUSED
    found.reason, found.by_name, found.decided_at = reason.strip()[:200], actor.name[:100], datetime.now(UTC)
    await found.save(update_fields=["status", "reason", "by_name", "decided_at"])
    await _touch(found)
    await _record(actor, "pass.decided", found, {"status": found.status}, before={"status": before})
    return found


async def block_lent(actor: Actor, holder_id: UUID) -> Block:
    """Stop a pass that was lent for good, and block its holder's document for three years; they may appeal.

    Raises:
        Conflict: nobody's document is on the pass.
    """
    actor.require(RIGHT)
    actor.require("blocks.write")
    found = await get(actor, holder_id, lock=True)
    ticket = await Ticket.get(tenant_id=found.tenant_id, id=found.ticket_id)
    if ticket.document_key is None:
        raise Conflict("pass.no_document", t("No document is on this pass."))
    now = await today_at(found.tenant_id)
    found.status, found.by_name, found.decided_at = REFUSED, actor.name[:100], datetime.now(UTC)
    await found.save(update_fields=["status", "by_name", "decided_at"])
    await _touch(found)
    made = await Block.create(
        id=new_id(), tenant_id=found.tenant_id, document_key=ticket.document_key, reason="lent",
        note=ticket.number, since=now, until=now + LENT_FOR,
    )  # fmt: skip
    await _record(actor, "pass.lent", found, {"until": made.until.isoformat()})
    return made


async def _touch(found: PassHolder) -> None:
    """Have gates without a network hear of it with their next list."""
    await Ticket.filter(tenant_id=found.tenant_id, id=found.ticket_id).update(changed_at=datetime.now(UTC))


async def _record(
    actor: Actor, act: str, found: PassHolder, facts: dict[str, str], *, before: dict[str, str] | None = None
) -> None:
    ticket = await Ticket.get(tenant_id=found.tenant_id, id=found.ticket_id)
    await audit.record(
        actor,
        act,
        subject_kind="annual_pass",
        subject_id=found.id,
        subject_label=ticket.number,
        before=before,
        after=facts,
    )


async def renew(actor: Actor, ticket: Ticket, *, key: str) -> Order:
    """Order the next pass for the same holder: it begins when this one ends, and needs no new photograph.

    Raises:
        Conflict: it is not theirs to renew, or somebody else's block stands in the way.
    """
    holder = await holder_of(ticket.tenant_id, ticket.id)
    if ticket.kind != "pass" or holder is None or holder.status != REGISTERED:
        raise Conflict("pass.not_renewable", t("Only a pass whose holder is registered can be renewed."))
    order = await Order.get(tenant_id=ticket.tenant_id, id=ticket.order_id)
    site = await Site.get(tenant_id=ticket.tenant_id, id=ticket.site_id)
    zone = (await Tenant.get(id=ticket.tenant_id)).timezone
    asked = placing.Request(
        site_id=site.id,
        day=max(ticket.valid_until.astimezone(ZoneInfo(zone)).date(), today(zone)),
        slot_id=None,
        wishes=[Wish(ticket.bought_id, ticket.visitor_kind, 1)],
        visitors=[
            Visitor(
                people.unseal(people.NAMES, ticket.visitor), people.unseal(people.DOCUMENTS, ticket.document)
            )
        ],
        buyer=Buyer(
            people.unseal(people.NAMES, order.name),
            read_address(people.unseal(people.CONTACTS, order.contact)),
        ),
        channel=placing.RENEWAL,
    )
    made = await placing.place(actor, asked, key=key)
    await _carry_over(made, holder)
    return made


async def _carry_over(order: Order, holder: PassHolder) -> None:
    ticket = await Ticket.filter(tenant_id=order.tenant_id, order_id=order.id).first()
    if ticket is None or await holder_of(ticket.tenant_id, ticket.id) is not None:
        return
    await PassHolder.create(
        id=new_id(),
        tenant_id=holder.tenant_id,
        ticket_id=ticket.id,
        photo=holder.photo,
        photo_type=holder.photo_type,
        status=REGISTERED,
        by_name=holder.by_name,
        decided_at=holder.decided_at,
        renews_id=holder.ticket_id,
    )
