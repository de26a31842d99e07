"""What buyers are told: once, in the language they bought in, to the address they gave."""

from billing.names import Sum, localized
from integrations.sign_in.codes import Address
from scenarios.tourism.models import Order, Site, Slot
from scenarios.tourism.orders import access, people
from tenants.actor import system_actor
from tenants.notices import notify
from tenants.runtime import runtime
from ui.i18n import Text, t, use_locale


async def tickets_are_ready(order: Order) -> None:
    """Send the link of an order that is paid."""
    await _tell(
        order,
        "tourism_tickets",
        t("Your tickets, order {number}", number=order.number),
        t(
            "Your tickets for {site} are ready. Open them here and show the code at the gate: {link}",
            site=await _site(order),
            link=access.url_of(order),
        ),
    )


async def money_came_too_late(order: Order) -> None:
    """Say that the payment came when no places were left, and that the money goes back by itself."""
    await _tell(
        order,
        "tourism_late",
        t("Your payment came too late, order {number}", number=order.number),
        t(
            "Your payment for {site} came after your places were given to others, and none are left. The whole amount"
            " goes back to where it came from; you need not do anything. Order again for another time: {link}",
            site=await _site(order),
            link=access.url_of(order),
        ),
    )


async def tickets_are_given_back(order: Order, amount_minor: int) -> None:
    """Say that tickets were given back, and what comes back of their price; what an agency pays is not told."""
    if order.contract_id is not None:
        await _were_cancelled(order)
        return
    await _tell(
        order,
        "tourism_given_back",
        t("Tickets given back, order {number}", number=order.number),
        t(
            "Tickets for {site} were given back. {amount} goes back to where it came from. Your order: {link}",
            site=await _site(order),
            amount=Sum(amount_minor, order.currency),
            link=access.url_of(order),
        ),
    )


async def _were_cancelled(order: Order) -> None:
    await _tell(
        order,
        "tourism_given_back",
        t("Tickets cancelled, order {number}", number=order.number),
        t(
            "Tickets for {site} were cancelled and no longer let in. What is left of the booking: {link}",
            site=await _site(order),
            link=access.url_of(order),
        ),
    )


async def slot_was_changed(order: Order) -> None:
    """Say that tickets are for another time, and that the old codes no longer let in."""
    await _tell(
        order,
        "tourism_changed",
        t("Your new time, order {number}", number=order.number),
        t(
            "Your tickets for {site} are for another time now. Old codes no longer work; the new ones are here: {link}",
            site=await _site(order),
            link=access.url_of(order),
        ),
    )


async def time_was_closed(order: Order, slot: Slot) -> None:
    """Say that the site has closed the time, why, and that the buyer may choose."""
    if order.contract_id is not None:
        await _time_of_agency_was_closed(order, slot)
        return
    await _tell(
        order,
        "tourism_closed",
        t("Your time has been closed, order {number}", number=order.number),
        t(
            "{site} has had to close the time that you booked: {reason}. Choose here whether you want all your money"
            " back or go at another time: {link} If you do nothing, the money comes back by itself.",
            site=await _site(order),
            reason=slot.reason,
            link=access.url_of(order),
        ),
    )


async def _time_of_agency_was_closed(order: Order, slot: Slot) -> None:
    await _tell(
        order,
        "tourism_closed",
        t("Your time has been closed, order {number}", number=order.number),
        t(
            "{site} has had to close the time that your agency booked: {reason}. The agency can move the booking or"
            " cancel it; nothing is charged for it.",
            site=await _site(order),
            reason=slot.reason,
        ),
    )


async def ticket_is_yours(order: Order, to: Address, token: str) -> None:
    """Send the link of a ticket that was passed on to its new holder, in the language it was bought in."""
    link = f"{runtime().public_url.rstrip('/')}/passed-on/{token}"
    await notify(
        system_actor(order.tenant_id),
        template="tourism_passed_on",
        channel=to.channel,
        recipient=to.value,
        subject=t("A ticket for {site} is yours now", site=await _site(order)),
        body=t(
            "Somebody has passed a ticket for {site} on to you. Open it here and show the code at the gate: {link}",
            site=await _site(order),
            link=link,
        ),
        locale=order.locale,
    )


async def _tell(order: Order, template: str, subject: Text, body: Text) -> None:
    await notify(
        system_actor(order.tenant_id),
        template=template,
        channel=order.contact_kind,
        recipient=people.unseal(people.CONTACTS, order.contact),
        subject=subject,
        body=body,
        locale=order.locale,
        account_id=order.account_id,
    )


async def _site(order: Order) -> str:
    site = await Site.get(tenant_id=order.tenant_id, id=order.site_id)
    with use_locale(order.locale):
        return localized(site.names)
