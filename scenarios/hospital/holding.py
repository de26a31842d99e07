"""A number is held while its registration fee is being paid: what billing tells us of it, and what we do then."""

from datetime import UTC, datetime

from tortoise.exceptions import IntegrityError

from billing.holds.kinds import HoldKind, register_hold
from billing.models import Hold, Payment
from scenarios.hospital import waiting
from scenarios.hospital.booking import HOLD_KIND, record
from scenarios.hospital.models import ClinicSession
from scenarios.hospital.moving import locked, move
from tenants.actor import system_actor
from tenants.scope import open_scope, tenant_scope


async def kept(hold: Hold) -> None:
    """The fee is paid: the number is the patient's."""
    actor = system_actor(hold.tenant_id)
    found = await locked(actor, hold.subject_id)
    if found.status == "pending":
        await move(found, "confirm")
    found.hold_id, found.bill_id = hold.id, hold.bill_id
    await found.save(update_fields=["hold_id", "bill_id"])
    await waiting.booked(found.tenant_id, found.session_id, found.account_id)
    await record(actor, found, "visit.confirmed")


async def let_go(hold: Hold, why: str) -> None:
    """Nobody paid: the number is free, and the next who waits hears of it."""
    actor = system_actor(hold.tenant_id)
    found = await locked(actor, hold.subject_id)
    if found.status == "pending":
        await move(found, "lapse", end_reason=why)
        await record(actor, found, "visit.lapsed")
        await waiting.offer_next(actor, found.session_id)


async def came_late(hold: Hold, payment: Payment) -> bool:
    """Money came after all: take the same number again, if nobody else has it and its time is to come."""
    del payment
    found = await locked(system_actor(hold.tenant_id), hold.subject_id)
    session = await ClinicSession.get(tenant_id=hold.tenant_id, id=found.session_id)
    is_past = found.starts_at <= datetime.now(UTC)
    if found.status != "lapsed" or session.status != "planned" or is_past:
        return False
    try:
        async with open_scope(tenant_scope(hold.tenant_id)):
            await move(found, "revive", ended_at=None, end_reason="")
    except IntegrityError:  # somebody else has the number, or the patient another one of this session
        return False
    return True


def page(hold: Hold) -> str:
    """Where the payer sees what became of it."""
    return f"/my/care/appointments/{hold.subject_id}"


register_hold(HoldKind(HOLD_KIND, kept, let_go, came_late, page))
