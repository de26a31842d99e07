"""Missed appointments: noted after the number's time, counted, and after too many no booking for a while.

A block holds whoever books and by whatever way. The patient can ask the hospital to look into it; lifting takes a
reason.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.terms import terms_of
from scenarios.hospital.booking import record
from scenarios.hospital.models import Appointment, BookingBlock
from scenarios.hospital.moving import locked, move
from scenarios.hospital.rights import BLOCKS
from scenarios.hospital.terms import BookingTerms
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import rows, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

YEAR = timedelta(days=365)
TEXT_MAX = 500
_OVER = """
select id from hospital_appointment where tenant_id = $1 and status = 'booked' and ends_at < now() - interval '1 hour'
 order by ends_at limit 1000
"""
_MISSED = """
select count(*) from hospital_appointment
 where tenant_id = $1 and account_id = $2 and status = 'noshow' and day > $3
   and ended_at > coalesce((select max(greatest(created_at, decided_at)) from hospital_block
                             where tenant_id = $1 and account_id = $2), '-infinity')
"""


async def note_missed(actor: Actor) -> int:
    """Mark the appointments that nobody came to, an hour after their time; return how many."""
    found = await rows(_OVER, actor.tenant_id)
    for one in found:
        appointment = await locked(actor, one["id"])
        if appointment.status == "booked":
            await move(appointment, "no_show")
            await record(actor, appointment, "visit.no_show")
            await _count(actor, appointment)
    return len(found)


async def _count(actor: Actor, appointment: Appointment) -> None:
    """Block the patient when this was one too many since the last block."""
    tenant = await Tenant.get(id=actor.tenant_id)
    terms, day = await terms_of(tenant.id, BookingTerms), today(tenant.timezone)
    missed = int(await value(_MISSED, tenant.id, appointment.account_id, day - YEAR))
    if missed < terms.missed_most:
        return
    block = await BookingBlock.create(
        id=new_id(),
        tenant_id=tenant.id,
        account_id=appointment.account_id,
        since=day,
        until=day + timedelta(days=terms.block_days),
        missed=missed,
    )
    await _record(actor, block, "block.begun", {"until": block.until.isoformat(), "missed": missed})


async def block_of(tenant_id: UUID, account_id: UUID, zone: str) -> BookingBlock | None:
    """Return the block that keeps a patient from booking today."""
    return (
        await BookingBlock.filter(
            tenant_id=tenant_id, account_id=account_id, is_lifted=False, until__gte=today(zone)
        )
        .order_by("-until")
        .first()
    )


async def appeal(actor: Actor, *, block_id: UUID, words: str) -> BookingBlock:
    """Ask the hospital to lift a block, in its scope, for a patient that was proven to be the actor's.

    Raises:
        Invalid: nothing is said.
        Conflict: it was decided about already.
    """
    block = await _locked(actor, block_id)
    if not 0 < len(words.strip()) <= TEXT_MAX:
        text = t("Say in at most {n} characters what happened.", n=TEXT_MAX)
        raise Invalid("block.appeal", text, fields={"words": text})
    if block.decided_at is not None:
        raise Conflict("block.decided", t("The hospital has decided about this already."))
    block.appeal, block.appealed_at = words.strip(), datetime.now(UTC)
    await block.save(update_fields=["appeal", "appealed_at"])
    await _record(actor, block, "block.appealed", {})
    return block


async def decide(actor: Actor, *, block_id: UUID, is_lifted: bool, reason: str) -> BookingBlock:
    """Lift a block or let it stand, with a reason that the patient sees.

    Raises:
        Invalid: no reason was given.
        Conflict: it was decided about already.
    """
    actor.require(BLOCKS)
    block = await _locked(actor, block_id)
    if not 0 < len(reason.strip()) <= TEXT_MAX:
        text = t("Say why in at most {n} characters; the patient sees it.", n=TEXT_MAX)
        raise Invalid("block.reason", text, fields={"reason": text})
    if block.decided_at is not None:
        raise Conflict("block.decided", t("The hospital has decided about this already."))
    block.is_lifted, block.decision = is_lifted, reason.strip()
    block.decided_at, block.decided_by_name = datetime.now(UTC), actor.name[:100]
    await block.save(update_fields=["is_lifted", "decision", "decided_at", "decided_by_name"])
    await _record(actor, block, "block.lifted" if is_lifted else "block.upheld", {"reason": block.decision})
    return block


async def _locked(actor: Actor, block_id: UUID) -> BookingBlock:
    found = (
        await BookingBlock.filter(tenant_id=actor.tenant_id, id=block_id).select_for_update().get_or_none()
    )
    if found is None:
        raise NotFound("block.not_found", t("There is no such block."))
    return found


async def _record(actor: Actor, block: BookingBlock, act: str, after: dict[str, object]) -> None:
    account = await Account.get(tenant_id=block.tenant_id, id=block.account_id)
    await audit.record(
        actor, act, subject_kind="block", subject_id=block.id, subject_label=account.number, after=after
    )
