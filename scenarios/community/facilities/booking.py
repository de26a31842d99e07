"""Booking an hour: taken and billed in one transaction, kept when it is paid, free again when it is not.

What anybody owes otherwise is not asked. One live booking for each facility and hour is a unique key, so that of two
who come at once one has the hour and the other is told so.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise.exceptions import IntegrityError

from billing.holds.ending import cancel
from billing.holds.kinds import HoldKind, register_hold
from billing.holds.refunding import refund
from billing.holds.service import place
from billing.models import Hold, Payment
from billing.plans.single import Charge
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.facilities.models import Facility, FacilityBooking
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope, value
from ui.errors import Conflict
from ui.i18n import t

KIND = "community.booking"
PAY_WITHIN = timedelta(minutes=20)
LIVE = ("held", "booked")
HOURS = 24
_NUMBER = """
select coalesce(max(substring(number from 3)::int), 0) + 1 from community_facility_booking where tenant_id = $1
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a facility is and costs."""

    english: str
    chinese: str
    opens: int
    closes: int
    days_ahead: int
    fee_minor: int = 0
    deposit_minor: int = 0


async def add(actor: Actor, offer: Offer) -> Facility:
    """Offer something to be booked.

    Raises:
        Invalid: it has no name, or hours or days that cannot be (field).
    """
    actor.require("facilities.write")
    if not offer.english.strip():
        raise refused("facility.name", "english", t("Say what it is called."))
    if not 0 <= offer.opens < offer.closes <= HOURS:
        raise refused("facility.hours", "closes", t("Enter hours from 0 to 24, the end after the beginning."))
    if not 1 <= offer.days_ahead <= 90:  # noqa: PLR2004 - as long as a hold may last
        raise refused("facility.days", "days_ahead", t("Enter days between 1 and 90."))
    tenant = await Tenant.get(id=tenant_of(actor))
    made = await Facility.create(
        id=new_id(),
        tenant_id=tenant.id,
        names={"en": offer.english.strip(), "zh_CN": offer.chinese.strip() or offer.english.strip()},
        opens=offer.opens,
        closes=offer.closes,
        days_ahead=offer.days_ahead,
        fee_minor=offer.fee_minor,
        deposit_minor=offer.deposit_minor,
        currency=tenant.currency,
    )
    await audit.record(
        actor,
        "facility.added",
        subject_kind="facility",
        subject_id=made.id,
        subject_label=offer.english,
        after={"fee_minor": made.fee_minor, "deposit_minor": made.deposit_minor, "currency": made.currency},
    )
    return made


async def free_hours(facility: Facility, day: date) -> list[tuple[int, bool]]:
    """Return the hours of a day that are still to come, each with whether it is free."""
    zone = ZoneInfo((await Tenant.get(id=facility.tenant_id)).timezone)
    taken = {
        one.starts_at
        for one in await FacilityBooking.filter(
            tenant_id=facility.tenant_id, facility_id=facility.id, status__in=LIVE
        )
    }
    hours = [(hour, _moment(day, hour, zone)) for hour in range(facility.opens, facility.closes)]
    return [(hour, at not in taken) for hour, at in hours if at > datetime.now(UTC)]


def _moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


async def book(
    actor: Actor, tenant_id: UUID, facility_id: UUID, *, account_id: UUID, day: date, hour: int, key: str
) -> tuple[FacilityBooking, Hold | None]:
    """Take an hour for a unit, in the institution's scope; with a fee or deposit it is held until that is paid.

    Raises:
        Invalid: the day or hour cannot be booked (field ``hour``).
        Conflict: somebody has it already.
    """
    facility = await Facility.get_or_none(tenant_id=tenant_id, id=facility_id, is_active=True)
    if facility is None:
        raise nothing()
    tenant = await Tenant.get(id=tenant_id)
    starts_at = _moment(day, hour, ZoneInfo(tenant.timezone)) if 0 <= hour < HOURS else datetime.now(UTC)
    latest = today(tenant.timezone) + timedelta(days=facility.days_ahead)
    if not facility.opens <= hour < facility.closes or starts_at <= datetime.now(UTC) or day > latest:
        raise refused("booking.hour", "hour", t("Choose an hour to come that can be booked."))
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"booking:{tenant_id}")
    made = FacilityBooking(
        id=new_id(),
        tenant_id=tenant_id,
        facility_id=facility.id,
        account_id=account_id,
        number=f"B-{await value(_NUMBER, tenant_id):05d}",
        starts_at=starts_at,
        status="held" if facility.fee_minor + facility.deposit_minor else "booked",
        fee_minor=facility.fee_minor,
        deposit_minor=facility.deposit_minor,
        booked_by=actor.person_id,
        booked_by_name=actor.name[:100],
    )
    await _take(made)
    if made.status == "booked":
        return made, None
    return made, await _hold(actor, facility, made, key)


async def _take(made: FacilityBooking) -> None:
    try:
        async with open_scope(tenant_scope(made.tenant_id)):
            await made.save(force_create=True)
    except IntegrityError as error:
        raise Conflict("booking.taken", t("Somebody has this hour already. Choose another.")) from error


async def _hold(actor: Actor, facility: Facility, made: FacilityBooking, key: str) -> Hold:
    charges = []
    if made.fee_minor:
        charges.append(Charge(made.fee_minor, names=facility.names))
    if made.deposit_minor:
        names = {key: f"{name}: {_DEPOSIT[key]}" for key, name in facility.names.items()}
        charges.append(Charge(made.deposit_minor, names=names))
    hold = await place(
        actor.within(made.tenant_id),
        kind=KIND,
        subject_id=made.id,
        account_id=made.account_id,
        charges=charges,
        until=datetime.now(UTC) + PAY_WITHIN,
        reference=made.number,
        key=key,
    )
    await FacilityBooking.filter(tenant_id=made.tenant_id, id=made.id).update(hold_id=hold.id)
    return hold


_DEPOSIT = {"en": "deposit", "zh_CN": "押金"}


async def kept(hold: Hold) -> None:
    """Have an hour booked that was paid."""
    found = FacilityBooking.filter(tenant_id=hold.tenant_id, id=hold.subject_id)
    one = await found.get()
    await found.update(status="booked", hold_id=hold.id, deposit_status="paid" if one.deposit_minor else "")


async def let_go(hold: Hold, why: str) -> None:
    """Have an hour free again that nobody paid."""
    del why
    await FacilityBooking.filter(tenant_id=hold.tenant_id, id=hold.subject_id, status="held").update(
        status="free"
    )


async def came_late(hold: Hold, payment: Payment) -> bool:
    """Take the hour again for money that came late, if it is still free and to come."""
    del payment
    one = await FacilityBooking.get(tenant_id=hold.tenant_id, id=hold.subject_id)
    if one.starts_at <= datetime.now(UTC):
        return False
    try:
        async with open_scope(tenant_scope(hold.tenant_id)):
            await FacilityBooking.filter(tenant_id=hold.tenant_id, id=one.id).update(status="held")
    except IntegrityError:
        return False
    return True


register_hold(HoldKind(KIND, kept, let_go, came_late, lambda hold: f"/my/bookings/{hold.subject_id}"))


async def give_up(actor: Actor, booking: FacilityBooking) -> None:
    """Give up an hour that is not paid yet; outside of any scope, for the channel is asked first."""
    if booking.status == "held" and booking.hold_id:
        await cancel(actor.within(booking.tenant_id), booking.hold_id)


async def return_deposit(actor: Actor, booking_id: UUID, *, kept_minor: int, reason: str) -> FacilityBooking:
    """Give the deposit back after the hour, less what is kept with a reason; the money goes where it came from.

    Raises:
        Invalid: more than the deposit would be kept, or something without a reason (field).
        Conflict: there is no deposit to give back, it was given back, or the hour is still to come.
    """
    actor.require("facilities.write")
    actor.require_fresh()
    one = await FacilityBooking.select_for_update().get_or_none(tenant_id=tenant_of(actor), id=booking_id)
    if one is None:
        raise nothing()
    if one.deposit_status != "paid" or one.hold_id is None or one.starts_at > datetime.now(UTC):
        raise Conflict(
            "booking.deposit", t("There is no deposit to give back, or the hour is still to come.")
        )
    if not 0 <= kept_minor <= one.deposit_minor:
        raise refused("booking.kept", "kept_minor", t("Keep no more than the deposit."))
    if kept_minor and not reason.strip():
        raise refused("booking.reason", "reason", t("Say what is kept for; the resident sees it."))
    back = one.deposit_minor - kept_minor
    await FacilityBooking.filter(tenant_id=one.tenant_id, id=one.id).update(
        returned_minor=back, kept_reason=reason.strip(), deposit_status="returned" if back else "kept"
    )
    await audit.record(
        actor,
        "deposit.returned",
        subject_kind="facility",
        subject_id=one.id,
        subject_label=one.number,
        after={"returned_minor": back, "reason": reason.strip()},
    )
    if back:
        await refund(
            actor,
            hold_id=one.hold_id,
            amount_minor=back,
            reason=one.number,
            key=f"deposit-{one.id}",
            is_policy=True,
        )
    return await FacilityBooking.get(tenant_id=one.tenant_id, id=one.id)
