"""Booking under a contract: at settlement prices, on account, never beyond limit and deposit."""

from uuid import UUID

from billing.idempotency import Answer, once
from scenarios.tourism.agencies.standing import locked_deposit, must_fit
from scenarios.tourism.models import Contract, Order
from scenarios.tourism.orders import agreed, wishes
from scenarios.tourism.orders.requests import Ready, Request
from scenarios.tourism.orders.standing import must_be_welcome
from scenarios.tourism.orders.writing import write
from tenants import audit
from tenants.actor import Actor


async def book(actor: Actor, contract: Contract, asked: Request, *, key: str) -> Order:
    """Book for an agency, once for each ``key``; the tickets are good at once and billed by the month.

    Raises:
        Invalid, Conflict, NotFound: it cannot be booked; the field or the message says why.
        OverLimit: it takes the agency beyond its limit and deposit.
        SoldOut: too few places are left, in its allotment and beside it.
    """

    async def do() -> Answer:
        return {"order_id": str((await _book(actor, contract, asked)).id)}

    body = asked.body() | {"contract": str(contract.id)}
    answer = await once(actor, key=key, act="order.book", body=body, do=do)
    return await Order.get(tenant_id=contract.tenant_id, id=UUID(answer["order_id"]))


async def look_at(contract: Contract, asked: Request) -> Ready:
    """Return a booking as it could be made now, without taking anything.

    Raises:
        Invalid, Conflict, NotFound, SoldOut: as for ``book``.
    """
    products = {one.product_id for one in asked.wishes}
    visit = await wishes.visit_of(
        contract.tenant_id, contract.site_id, asked.day, asked.slot_id, products, agreed.CHANNEL
    )
    agreed.must_be_bookable(contract, visit)
    items = wishes.items_of(visit, asked.wishes, agreed.prices_of(contract))
    places = await agreed.places_of(contract, visit, sum(one.places for one in items))
    return Ready(asked, visit, items, places, contract.cancel_tiers)


async def _book(actor: Actor, contract: Contract, asked: Request) -> Order:
    ready = await look_at(contract, asked)
    wishes.check_visitors(ready.items, asked.visitors)
    await must_be_welcome(contract.tenant_id, [one.document for one in asked.visitors if one.document])
    deposit = await locked_deposit(contract)
    await must_fit(contract, deposit, ready.total_minor)
    order = await write(
        ready, account_id=contract.account_id, contract_id=contract.id, by_name=actor.name[:100]
    )
    await _record(actor, order)
    await agreed.confirm(order)
    return order


async def _record(actor: Actor, order: Order) -> None:
    await audit.record(
        actor,
        "booking.made",
        subject_kind="ticket_order",
        subject_id=order.id,
        subject_label=order.number,
        after={"people": order.people, "amount_minor": order.total_minor, "currency": order.currency},
    )
