"""Booking: a place is taken under the lock of its option, paid for while it is held, and goes to the next when let go.

Locks are taken in the house's order: money's rows first, then the option, then its bookings.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.holds.kinds import HoldKind, register_hold
from billing.holds.service import place
from billing.holds.states import CANCELLED
from billing.models import Hold, Payment
from billing.names import localized
from billing.plans.single import Charge
from scenarios.education.family import consents
from scenarios.education.family.children import Child, must_sign
from scenarios.education.models import SchoolBooking, SchoolOffer, SchoolOption
from scenarios.education.offers.states import BOOKING, LIVE
from scenarios.education.offers.telling import tell_offered
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue, job
from tenants.models import Tenant
from tenants.scope import rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

KIND = "education.offer"
PROMOTE_JOB, LAPSE_JOB = "education.promote_waiting", "education.lapse_offered"
TO_TAKE = timedelta(hours=24)
"""How long a place from the waiting list is kept for whoever is next."""
LEAST = timedelta(minutes=5)


async def book(
    actor: Actor, child: Child, option_id: UUID, quantity: int, *, has_signed: bool, key: str
) -> SchoolBooking:
    """Take a place for a child, or one on the waiting list, in the open tenant scope.

    A place that costs something is held while it is paid for; ``hold_id`` then names what is to be paid.

    Raises:
        NotFound: there is no such offer for this child.
        Conflict: it is not open, everything is taken, or the child has one already.
        Invalid: the consent was not signed, or too many were asked for.
        Forbidden: consent is needed, and the actor is no guardian.
    """
    offer, option = await _find(child, option_id)
    _check(offer, quantity, has_signed=has_signed)
    if offer.consent:
        must_sign(child)
    option = await lock_option(child.tenant_id, option.id)
    await _must_be_free(offer, child)
    booking = _booking(actor, child, offer, option, quantity)
    if offer.consent:
        words = localized(offer.consent)
        booking.consent_id = (
            await consents.sign(actor, child, purpose="offer", words=words, subject_id=offer.id)
        ).id
    if option.taken + quantity > option.places:
        return await _wait(booking, offer)
    await _take(option, quantity)
    return await _hold(actor, booking, offer, option, key)


async def _find(child: Child, option_id: UUID) -> tuple[SchoolOffer, SchoolOption]:
    option = await SchoolOption.get_or_none(tenant_id=child.tenant_id, id=option_id)
    offer = await SchoolOffer.get_or_none(tenant_id=child.tenant_id, id=option.offer_id) if option else None
    is_for = offer is not None and (not offer.grades or child.grade in offer.grades.split(","))
    if offer is None or option is None or offer.status == "draft" or not is_for or not child.is_active:
        raise NotFound("offer.not_found", t("There is no such offer, or it is not for this child."))
    return offer, option


def _check(offer: SchoolOffer, quantity: int, *, has_signed: bool) -> None:
    now = datetime.now(UTC)
    if offer.status != "open" or not offer.opens_at <= now < offer.closes_at:
        raise Conflict("offer.closed", t("This can no longer be booked, or not yet."))
    if not 1 <= quantity <= offer.most_each:
        text = t("Choose between 1 and {n}.", n=offer.most_each)
        raise Invalid("offer.quantity", text, fields={"quantity": text})
    if offer.consent and not has_signed:
        text = t("Tick that you agree. Without it the child cannot come along.")
        raise Invalid("offer.consent", text, fields={"has_signed": text})


async def lock_option(tenant_id: UUID, option_id: UUID) -> SchoolOption:
    """Return an option that nobody else takes places of until the end of the transaction."""
    return await SchoolOption.filter(tenant_id=tenant_id, id=option_id).select_for_update().get()


async def _must_be_free(offer: SchoolOffer, child: Child) -> None:
    if offer.most_each > 1:
        return
    if await SchoolBooking.filter(
        tenant_id=offer.tenant_id, offer_id=offer.id, account_id=child.account_id, status__in=list(LIVE)
    ).exists():
        raise Conflict("offer.booked", t("{name} has a place already.", name=child.name))


def _booking(
    actor: Actor, child: Child, offer: SchoolOffer, option: SchoolOption, quantity: int
) -> SchoolBooking:
    return SchoolBooking(
        id=new_id(),
        tenant_id=child.tenant_id,
        offer_id=offer.id,
        option_id=option.id,
        account_id=child.account_id,
        quantity=quantity,
        status=BOOKING.start,
        is_single=offer.most_each == 1,
        person_id=actor.person_id,
        person_name=actor.name[:100],
    )


async def _wait(booking: SchoolBooking, offer: SchoolOffer) -> SchoolBooking:
    if not offer.has_waiting:
        raise Conflict("offer.full", t("Everything is taken."))
    booking.status = BOOKING.after(booking.status, "wait")
    await booking.save(force_create=True)
    return booking


async def _take(option: SchoolOption, quantity: int) -> None:
    """Count places as taken (as given back when negative); PostgreSQL refuses more than there are."""
    option.taken += quantity
    await option.save(update_fields=["taken"])


async def _hold(
    actor: Actor, booking: SchoolBooking, offer: SchoolOffer, option: SchoolOption, key: str
) -> SchoolBooking:
    is_new = booking.status == BOOKING.start
    price = int(option.price_minor) * booking.quantity
    if not price:
        booking.status, booking.until = BOOKING.after(booking.status, "keep"), None
        await booking.save(force_create=is_new)
        return booking
    booking.status = BOOKING.after(booking.status, "hold")
    booking.until = max(
        min(datetime.now(UTC) + timedelta(minutes=offer.minutes), offer.closes_at), datetime.now(UTC) + LEAST
    )
    await booking.save(force_create=is_new)
    held = await place(
        actor.within(booking.tenant_id),
        kind=KIND,
        subject_id=booking.id,
        account_id=booking.account_id,
        charges=[Charge(price, names=_names(offer, option, booking.quantity), fee_item_id=offer.fee_item_id)],
        until=booking.until,
        reference="",
        key=key,
    )
    booking.hold_id = held.id
    await booking.save(update_fields=["hold_id"])
    return await SchoolBooking.get(tenant_id=booking.tenant_id, id=booking.id)


def _names(offer: SchoolOffer, option: SchoolOption, quantity: int) -> dict[str, str]:
    names = {}
    for locale, title in offer.titles.items():
        part = option.names.get(locale, "")
        whole = f"{title}: {part}" if part else title
        names[locale] = (whole if quantity == 1 else f"{quantity} × {whole}")[:100]
    return names


async def take_up(actor: Actor, child: Child, booking_id: UUID, *, key: str) -> SchoolBooking:
    """Take the place that came free: it is held while it is paid for.

    Raises:
        NotFound: the child has no such booking.
        Conflict: the place is no longer kept for them.
    """
    booking = await booking_of(child, booking_id)
    option = await lock_option(child.tenant_id, booking.option_id)
    booking = await booking_of(child, booking_id)
    if booking.status != "offered" or (booking.until and booking.until <= datetime.now(UTC)):
        raise Conflict("offer.gone", t("This place has gone to the next on the list."))
    offer = await SchoolOffer.get(tenant_id=child.tenant_id, id=booking.offer_id)
    return await _hold(actor, booking, offer, option, key)


async def booking_of(child: Child, booking_id: UUID) -> SchoolBooking:
    """Return one booking of a child; ``NotFound`` for any other."""
    found = await SchoolBooking.get_or_none(
        tenant_id=child.tenant_id, id=booking_id, account_id=child.account_id
    )
    if found is None:
        raise NotFound("booking.not_found", t("There is no such booking."))
    return found


async def _of_hold(hold: Hold) -> tuple[SchoolOption, SchoolBooking]:
    booking = await SchoolBooking.get(tenant_id=hold.tenant_id, id=hold.subject_id)
    option = await lock_option(hold.tenant_id, booking.option_id)
    return option, await SchoolBooking.get(tenant_id=hold.tenant_id, id=hold.subject_id)


async def kept(hold: Hold) -> None:
    """Confirm the booking, in the transaction that takes the money."""
    _, booking = await _of_hold(hold)
    if booking.status == "kept":
        return
    booking.status, booking.until, booking.hold_id = BOOKING.after(booking.status, "keep"), None, hold.id
    await booking.save()


async def let_go(hold: Hold, why: str) -> None:
    """Give the place to the next, in the transaction that voids the unpaid bill."""
    option, booking = await _of_hold(hold)
    if booking.status != "held":
        return
    edge = "cancel" if why == CANCELLED else "let_go"
    booking.status, booking.until = BOOKING.after(booking.status, edge), None
    booking.ended_reason = why
    await booking.save()
    await give_back(option, booking.quantity)


async def came_late(hold: Hold, payment: Payment) -> bool:
    """Take the place again for money that came after its end, if there is one still."""
    del payment
    option, booking = await _of_hold(hold)
    if booking.status != "let_go" or option.taken + booking.quantity > option.places:
        return False
    await _take(option, booking.quantity)
    booking.status = BOOKING.after(booking.status, "hold_again")
    await booking.save()
    return True


def page(hold: Hold) -> str:
    """Return where a parent goes on after paying."""
    return f"/my/school/{hold.account_id}/bookings/{hold.subject_id}"


register_hold(HoldKind(KIND, kept, let_go, came_late, page))


async def give_back(option: SchoolOption, quantity: int) -> None:
    """Count places as free again and have the next on the waiting list asked."""
    await _take(option, -quantity)
    await enqueue(PROMOTE_JOB, {"option_id": str(option.id)})


_NEXT = """
select id from education_booking where tenant_id = $1 and option_id = $2 and status = 'waiting'
 order by created_at, id for update
"""


@job(PROMOTE_JOB)
async def promote(actor: Actor, payload: dict[str, Any]) -> None:
    """Offer free places to those who wait, in the order in which they came.

    While the school takes no payments nobody is offered what they could not pay: it is tried again a day later.
    """
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    option = (
        await SchoolOption.filter(tenant_id=actor.tenant_id, id=UUID(payload["option_id"]))
        .select_for_update()
        .first()
    )
    if option is None:
        return
    offer = await SchoolOffer.get(tenant_id=actor.tenant_id, id=option.offer_id)
    if offer.status != "open" or offer.closes_at <= datetime.now(UTC):
        return
    if option.price_minor and not (await Tenant.get(id=actor.tenant_id)).takes_payments:
        await enqueue(PROMOTE_JOB, payload, delay=TO_TAKE)
        return
    for found in await rows(_NEXT, actor.tenant_id, option.id):
        booking = await SchoolBooking.get(tenant_id=actor.tenant_id, id=found["id"])
        if option.taken + booking.quantity > option.places:
            return
        await _take(option, booking.quantity)
        booking.status = BOOKING.after(booking.status, "offer")
        booking.until = min(datetime.now(UTC) + TO_TAKE, offer.closes_at)
        await booking.save()
        await enqueue(LAPSE_JOB, {"booking_id": str(booking.id)}, delay=booking.until - datetime.now(UTC))
        await tell_offered(actor, offer, booking)


@job(LAPSE_JOB)
async def lapse(actor: Actor, payload: dict[str, Any]) -> None:
    """Take a place from whoever has not taken it in time, and give it to the next."""
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    booking = await SchoolBooking.get_or_none(tenant_id=actor.tenant_id, id=UUID(payload["booking_id"]))
    if booking is None:
        return
    option = await lock_option(actor.tenant_id, booking.option_id)
    booking = await SchoolBooking.get(tenant_id=actor.tenant_id, id=booking.id)
    if booking.status != "offered" or (booking.until and booking.until > datetime.now(UTC)):
        return
    booking.status, booking.until = BOOKING.after(booking.status, "let_go"), None
    await booking.save()
    await give_back(option, booking.quantity)


async def end_booking(tenant_id: UUID, booking_id: UUID, reason: str) -> None:
    """Take a booking that is kept, offered or waiting back, and give its place to the next."""
    booking = await SchoolBooking.get(tenant_id=tenant_id, id=booking_id)
    option = await lock_option(tenant_id, booking.option_id)
    booking = await SchoolBooking.get(tenant_id=tenant_id, id=booking_id)
    if not BOOKING.can(booking.status, "cancel"):
        return
    had_place = booking.status in {"kept", "offered"}
    booking.status, booking.until = BOOKING.after(booking.status, "cancel"), None
    booking.ended_reason = reason[:200]
    await booking.save()
    if had_place:
        await give_back(option, booking.quantity)
