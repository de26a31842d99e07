"""What families are told about their bookings."""

from uuid import UUID

from billing.names import Day, Named
from scenarios.education.models import SchoolBooking, SchoolOffer
from tenants.actor import Actor
from tenants.models import Account, Holder
from tenants.notices import IN_APP, notify
from tenants.runtime import runtime
from ui.i18n import t


async def tell_offered(actor: Actor, offer: SchoolOffer, booking: SchoolBooking) -> None:
    """Tell the family that a place has come free, and until when it is theirs to take."""
    account = await Account.get(tenant_id=booking.tenant_id, id=booking.account_id)
    url = f"{runtime().public_url.rstrip('/')}/my/school/{account.id}/bookings/{booking.id}"
    assert booking.until is not None  # noqa: S101 - an offered place has an end
    subject = t("A place has come free: {title}", title=Named(offer.titles))
    body = t(
        "{name} is next on the list for “{title}”. The place is yours until {day}. Take it here:\n\n{url}",
        name=account.name,
        title=Named(offer.titles),
        day=Day(booking.until.date()),
        url=url,
    )

    async def tell(channel: str, recipient: str, person_id: UUID | None) -> None:
        await notify(
            actor,
            template="school.place_free",
            channel=channel,
            recipient=recipient,
            subject=subject,
            body=body,
            person_id=person_id,
            account_id=account.id,
        )

    holders = await Holder.filter(
        tenant_id=booking.tenant_id,
        account_id=booking.account_id,
        until=None,
        relation__in=["guardian", "parent"],
    )
    for one in holders:
        if one.person_id:
            await tell(IN_APP, one.name, one.person_id)
        if one.email:
            await tell("email", one.email, None)
