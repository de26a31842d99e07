"""Blocks: made by staff, lifted or kept when somebody appeals; whoever appealed is told."""

from datetime import UTC, date, datetime
from uuid import UUID

from billing.names import localized
from scenarios.tourism.models import Block, Site, Strike
from scenarios.tourism.orders import people, standing
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.notices import notify
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import date_text
from ui.i18n import Text, t, use_locale

RIGHT = "blocks.write"


async def block_of(actor: Actor, block_id: UUID, *, lock: bool = False) -> Block:
    """Return a block of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    query = Block.filter(tenant_id=actor.tenant_id, id=block_id)
    found = await (query.select_for_update() if lock else query).get_or_none()
    if found is None:
        raise NotFound("block.not_found", t("There is no such block."))
    return found


async def strikes_of(block: Block) -> list[Strike]:
    """Return what is held against the document of a block, the latest first."""
    return await Strike.filter(tenant_id=block.tenant_id, document_key=block.document_key).order_by("-day")


async def add(actor: Actor, *, document: str, until: date, note: str) -> Block:
    """Block a document by hand, until a day and for a reason.

    Raises:
        Invalid: the document cannot be one, the day is over, or no reason is given; the field says which.
        Conflict: the document is blocked already.
    """
    actor.require(RIGHT)
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    plain = people.read_visitor("", document, "block").document
    if not plain:
        raise _wrong("document", t("Enter the number of the document."))
    now = await today_at(actor.tenant_id)
    if until < now:
        raise _wrong("until", t("Choose today or a later day."))
    if not note.strip():
        raise _wrong("note", t("Say why."))
    key = people.document_key(actor.tenant_id, plain)
    if await standing.block_of(actor.tenant_id, [key], now) is not None:
        raise Conflict("block.twice", t("This document is blocked already."))
    made = await Block.create(
        id=new_id(), tenant_id=actor.tenant_id, document_key=key, reason="staff", note=note.strip(),
        since=now, until=until,
    )  # fmt: skip
    await _record(actor, "block.added", made, note)
    return made


def _wrong(field: str, text: Text) -> Invalid:
    return Invalid(f"block.{field}", text, fields={field: text})


async def lift(actor: Actor, block_id: UUID, *, answer: str) -> Block:
    """End a block and clear its strikes; whoever appealed is told why.

    Raises:
        Conflict: it has been lifted already.
        Invalid: no answer is given.
    """
    found = await _open(actor, block_id, answer)
    found.lifted_at, found.lifted_by_name, found.answer = datetime.now(UTC), actor.name[:100], answer.strip()
    await found.save(update_fields=["lifted_at", "lifted_by_name", "answer"])
    await Strike.filter(tenant_id=found.tenant_id, document_key=found.document_key, lifted_at=None).update(
        lifted_at=found.lifted_at
    )
    await _tell(found, t("The block is lifted; you can buy tickets again. {answer}", answer=found.answer))
    await _record(actor, "block.lifted", found, found.answer)
    return found


async def keep(actor: Actor, block_id: UUID, *, answer: str) -> Block:
    """Answer an appeal that does not change anything; it may be appealed against anew.

    Raises:
        Conflict: it has been lifted, or nobody appeals.
        Invalid: no answer is given.
    """
    found = await _open(actor, block_id, answer)
    if found.appealed_at is None:
        raise Conflict("block.no_appeal", t("Nobody appeals against this block."))
    found.answer, found.lifted_by_name = answer.strip(), actor.name[:100]
    until = date_text(found.until, "long")
    await _tell(found, t("The block stays until {day}. {answer}", day=until, answer=found.answer))
    found.appealed_at = None
    await found.save(update_fields=["answer", "lifted_by_name", "appealed_at"])
    await _record(actor, "block.kept", found, found.answer)
    return found


async def _open(actor: Actor, block_id: UUID, answer: str) -> Block:
    actor.require(RIGHT)
    found = await block_of(actor, block_id, lock=True)
    if found.lifted_at is not None:
        raise Conflict("block.lifted", t("This block has been lifted already."))
    if not answer.strip():
        raise _wrong("answer", t("Say why."))
    return found


async def _tell(found: Block, body: Text) -> None:
    """Write to whoever appealed, at the address they gave."""
    contact = people.unseal(people.CONTACTS, found.appeal_contact)
    if not contact or found.appealed_at is None:
        return
    address = people.read_buyer("-", contact).address
    site = await Site.filter(tenant_id=found.tenant_id).first()
    with use_locale(""):
        name = localized(site.names) if site else ""
    await notify(
        Actor(kind="system", name="", tenant_id=found.tenant_id),
        template="tourism_appeal",
        channel=address.channel,
        recipient=address.value,
        subject=t("Your appeal at {site}", site=name),
        body=body,
    )


async def _record(actor: Actor, act: str, found: Block, why: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="visitor_block",
        subject_id=found.id,
        subject_label=found.until.isoformat(),
        after={"until": found.until.isoformat(), "reason": why[:200]},
    )
