"""Taking a booking back: by the family until the offer closes, by the school at any time; what was paid goes back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.holds import ending
from billing.holds.refunding import refund, returnable_minor
from billing.models import Hold
from billing.reasons import standard
from scenarios.education.family.children import Child
from scenarios.education.models import SchoolBooking, SchoolOffer
from scenarios.education.offers.services import booking_of, end_booking
from scenarios.education.offers.states import BOOKING, LIVE, OFFER
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import enqueue, job
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict
from ui.i18n import N_, t

CANCEL_JOB = "education.cancel_offer"
REASON = standard(N_("The booking was cancelled."))


async def cancel(actor: Actor, child: Child, booking_id: UUID) -> bool:
    """Take a family's booking back and return whether something was paid for it, which goes back.

    Call it outside of any scope: the channel may have to be asked.

    Raises:
        NotFound: the child has no such booking.
        Conflict: the offer has closed, so that only the school can take it back; or a payment is on its way.
    """
    async with open_scope(tenant_scope(child.tenant_id)):
        booking = await booking_of(child, booking_id)
        offer = await SchoolOffer.get(tenant_id=child.tenant_id, id=booking.offer_id)
    if booking.status == "kept" and offer.closes_at <= datetime.now(UTC):
        raise Conflict("booking.too_late", t("The time for cancelling is over. Please ask the school."))
    await _end(actor.within(child.tenant_id), booking)
    return booking.status == "kept" and bool(booking.hold_id)


async def _end(actor: Actor, booking: SchoolBooking) -> None:
    if booking.status == "held" and booking.hold_id:
        await ending.cancel(actor, booking.hold_id)
        return
    if not BOOKING.can(booking.status, "cancel"):
        return
    async with open_scope(tenant_scope(booking.tenant_id)):
        if booking.status == "kept" and booking.hold_id:
            await _pay_back(actor, booking, booking.hold_id)
        await end_booking(booking.tenant_id, booking.id, REASON)


async def _pay_back(actor: Actor, booking: SchoolBooking, hold_id: UUID) -> None:
    hold = await Hold.get(tenant_id=booking.tenant_id, id=hold_id)
    amount = await returnable_minor(hold)
    if amount:
        await refund(
            actor,
            hold_id=hold.id,
            amount_minor=amount,
            reason=REASON,
            key=f"booking-{booking.id}",
            is_policy=True,
        )


async def cancel_offer(actor: Actor, offer_id: UUID, *, reason: str) -> SchoolOffer:
    """Say that an offer does not take place, and have every booking taken back and paid back in the background.

    Raises:
        NotFound: there is no such offer.
        Conflict: it is a draft, or has been cancelled.
        StepUp: the sign-in is not fresh and strong, for money goes back.
    """
    actor.require("offers.write")
    actor.require_fresh()
    offer = await SchoolOffer.filter(tenant_id=actor.tenant_id, id=offer_id).select_for_update().get()
    if not OFFER.can(offer.status, "cancel"):
        raise Conflict("offer.not_open", t("This offer cannot be cancelled as it stands."))
    offer.status = OFFER.after(offer.status, "cancel")
    await offer.save(update_fields=["status"])
    await enqueue(CANCEL_JOB, {"offer_id": str(offer.id)})
    await audit.record(
        actor,
        "offer.cancelled",
        subject_kind="offer",
        subject_id=offer.id,
        subject_label=offer.titles.get("en", ""),
        after={"reason": reason},
    )
    return offer


@job(CANCEL_JOB, is_transactional=False)
async def cancel_all(actor: Actor, payload: dict[str, Any]) -> None:
    """Take every booking of a cancelled offer back; one whose payment is on its way is tried again."""
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        waiting = await SchoolBooking.filter(
            tenant_id=actor.tenant_id, offer_id=UUID(payload["offer_id"]), status__in=list(LIVE)
        ).order_by("created_at")
    waits = False
    for booking in waiting:
        try:
            await _end(actor, booking)
        except Conflict:
            waits = True
    if waits:
        raise Conflict("offer.being_paid", t("Some bookings are being paid right now; they follow."))
