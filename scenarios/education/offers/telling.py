"""What families are told about their bookings."""

from billing.names import Day, Named
from scenarios.education.family.telling import tell_guardians
from scenarios.education.models import SchoolBooking, SchoolOffer
from tenants.actor import Actor
from tenants.days import day_at
from tenants.models import Account, Tenant
from tenants.runtime import runtime
from ui.i18n import t


async def tell_offered(actor: Actor, offer: SchoolOffer, booking: SchoolBooking) -> None:
    """Tell the family that a place has come free, and until when it is theirs to take."""
    tenant = await Tenant.get(id=booking.tenant_id)
    account = await Account.get(tenant_id=booking.tenant_id, id=booking.account_id)
    url = f"{runtime().public_url.rstrip('/')}/my/school/{account.id}/bookings/{booking.id}"
    assert booking.until is not None  # noqa: S101 - an offered place has an end
    body = t(
        "{name} is next on the list for “{title}”. The place is yours until {day}. Take it here:\n\n{url}",
        name=account.name,
        title=Named(offer.titles),
        day=Day(day_at(booking.until, tenant.timezone)),
        url=url,
    )
    await tell_guardians(
        actor,
        booking.tenant_id,
        account.id,
        template="school.place_free",
        subject=t("A place has come free: {title}", title=Named(offer.titles)),
        body=body,
    )
