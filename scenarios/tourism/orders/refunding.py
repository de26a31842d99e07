"""Giving tickets back: what comes back is said by the tiers that the ticket has kept since it was sold.

A refund and a scan at the gate both lock the ticket's row first, so a used ticket is never refunded and a refunded one
never lets anybody in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from billing.holds.refunding import refund
from billing.idempotency import Answer, once
from billing.models import Hold
from billing.reasons import standard
from scenarios.tourism.models import Order, Product, Strike, Ticket
from scenarios.tourism.orders import news
from scenarios.tourism.orders.states import ORDER, TICKET
from scenarios.tourism.stock import allotments, pools
from tenants.actor import Actor
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

GIVEN_BACK, CLOSED = "given_back", "closed"
REASONS = {
    GIVEN_BACK: standard(N_("Tickets given back")),
    CLOSED: standard(N_("The time that was booked has been closed")),
}
_HOUR, WHOLE = 3600, 100


@dataclass(frozen=True, slots=True)
class Tier:
    """What comes back of a ticket at a moment: a percentage, whether it is held against the visitor, until when."""

    percent: int
    has_strike: bool = False
    until: datetime | None = None


def tier_of(ticket: Ticket, now: datetime) -> Tier | None:
    """Return the tier that holds now; ``None`` when the ticket can no longer be given back."""
    if ticket.is_closed:
        return Tier(WHOLE)
    left = (ticket.begins_at - now).total_seconds() / _HOUR
    for tier in sorted(ticket.policy, key=lambda one: -int(one["hours"])):
        if left >= int(tier["hours"]):
            return Tier(int(tier["percent"]), bool(tier.get("strike")))
    return None


def may_go_back(ticket: Ticket, now: datetime | None = None) -> bool:
    """Tell whether a ticket can be given back now."""
    is_live = TICKET.can(ticket.status, "refund") and not ticket.used and ticket.statement_id is None
    is_own = ticket.transfer_id is None or ticket.is_closed
    return is_live and is_own and tier_of(ticket, now or datetime.now(UTC)) is not None


def comes_back(ticket: Ticket, now: datetime | None = None) -> int:
    """Return what comes back of a ticket's price now, in minor units."""
    tier = tier_of(ticket, now or datetime.now(UTC))
    return ticket.price_minor * tier.percent // 100 if tier else 0


async def give_back(
    actor: Actor, order_id: UUID, ticket_ids: Sequence[UUID], *, seen_minor: int, key: str
) -> Order:
    """Give tickets back by their tiers, once for each ``key``; ``seen_minor`` is what the page said comes back.

    Raises:
        Invalid: no ticket chosen.
        Conflict: one has been used or given back, its time for that is over, or a tier has passed since the page.
    """
    body = {"order": str(order_id), "tickets": sorted(map(str, ticket_ids)), "seen": seen_minor}

    async def do() -> Answer:
        now = datetime.now(UTC)
        tickets = await _chosen(actor, order_id, ticket_ids)
        if any(one.transfer_id and not one.is_closed for one in tickets):
            raise Conflict("ticket.passed_on", t("A ticket that was passed on cannot be given back."))
        if any(tier_of(one, now) is None for one in tickets):
            raise Conflict("ticket.too_late", t("The time for giving this ticket back is over."))
        amounts = {one.id: comes_back(one, now) for one in tickets}
        if sum(amounts.values()) != seen_minor:
            text = t("What comes back has changed since you opened the page. Look again before you decide.")
            raise Conflict("ticket.tier_passed", text)
        order = await take_back(actor, order_id, amounts, reason=GIVEN_BACK)
        await _strikes(tickets, now)
        return {"order_id": str(order.id)}

    await once(actor, key=key, act="tickets.give_back", body=body, do=do)
    return await Order.get(tenant_id=actor.tenant_id, id=order_id)


async def _chosen(actor: Actor, order_id: UUID, ticket_ids: Sequence[UUID]) -> list[Ticket]:
    if not ticket_ids:
        text = t("Choose at least one ticket.")
        raise Invalid("ticket.none", text, fields={"tickets": text})
    found = await Ticket.filter(tenant_id=actor.tenant_id, order_id=order_id, id__in=list(ticket_ids))
    if len(found) != len(set(ticket_ids)):
        raise NotFound("ticket.not_found", t("There is no such ticket in this order."))
    return found


async def take_back(actor: Actor, order_id: UUID, amounts: Mapping[UUID, int], *, reason: str) -> Order:
    """Take unused tickets back for these amounts, in the open transaction: the money on its way, then the places.

    The money's rows are locked before the tickets', as wherever money meets a hold.

    Raises:
        Conflict: one of the tickets has been used or given back meanwhile; nothing has happened then.
    """
    total = sum(amounts.values())
    if total:
        await _refund(actor, order_id, amounts, reason)
    order, tickets = await locked(actor, order_id, list(amounts))
    for ticket in tickets:
        ticket.status = TICKET.after(ticket.status, "refund")
        if not amounts[ticket.id] or order.contract_id is not None:
            ticket.status = TICKET.after(ticket.status, "repay")
        ticket.refund_minor, ticket.changed_at = amounts[ticket.id], datetime.now(UTC)
        await ticket.save(update_fields=["status", "refund_minor", "changed_at"])
    await _note(order, total)
    await news.tickets_are_given_back(order, total)
    await _free(order, sum(one.places for one in tickets))
    return order


async def _free(order: Order, places: int) -> None:
    """Give places back; those of an agency may be of its allotment."""
    give_back_ = pools.give_back if order.contract_id is None else allotments.give_back
    await give_back_(order.tenant_id, pools.part(order.pools, places))


async def _refund(actor: Actor, order_id: UUID, amounts: Mapping[UUID, int], reason: str) -> None:
    """Send the money back; what an agency booked was never paid, and is simply not billed."""
    order = await Order.get(tenant_id=actor.tenant_id, id=order_id)
    if order.contract_id is not None:
        return
    hold = await Hold.get(tenant_id=order.tenant_id, bill_id=order.bill_id)
    for fee_item_id, own in sorted((await _by_fee(order, amounts)).items()):
        await refund(
            actor,
            hold_id=hold.id,
            amount_minor=sum(own.values()),
            reason=REASONS[reason],
            key=f"back {min(own)}",
            is_policy=True,
            fee_item_id=fee_item_id,
        )


async def _by_fee(order: Order, amounts: Mapping[UUID, int]) -> dict[UUID, dict[UUID, int]]:
    """Return what comes back of tickets by the fee it was paid for: a merchant gives for their own tickets alone."""
    tickets = await Ticket.filter(tenant_id=order.tenant_id, order_id=order.id, id__in=list(amounts))
    products = await Product.filter(tenant_id=order.tenant_id, id__in=[one.bought_id for one in tickets])
    fees = {one.id: one.fee_item_id for one in products}
    found: dict[UUID, dict[UUID, int]] = {}
    for one in tickets:
        if amounts[one.id]:
            found.setdefault(fees[one.bought_id], {})[one.id] = amounts[one.id]
    return found


async def locked(actor: Actor, order_id: UUID, ticket_ids: Sequence[UUID]) -> tuple[Order, list[Ticket]]:
    """Return an order and tickets of it that nobody has used, all locked.

    Raises:
        NotFound, Conflict: there is no such order, or one of the tickets is used or gone.
    """
    order = await Order.filter(tenant_id=actor.tenant_id, id=order_id).select_for_update().get_or_none()
    if order is None:
        raise NotFound("order.not_found", t("There is no such order."))
    query = Ticket.filter(tenant_id=order.tenant_id, order_id=order.id, id__in=list(ticket_ids))
    found = await query.order_by("id").select_for_update()
    if not found or any(not TICKET.can(one.status, "refund") or one.used for one in found):
        raise Conflict("ticket.used", t("One of these tickets has been used or given back already."))
    if any(one.statement_id is not None for one in found):
        raise Conflict("ticket.billed", t("These tickets are on a monthly statement already."))
    return order, found


async def _note(order: Order, total: int) -> None:
    gone = ("refunding", "refunded", "void")
    left = Ticket.filter(tenant_id=order.tenant_id, order_id=order.id).exclude(status__in=gone)
    order.status = ORDER.after(order.status, "refund_part" if await left.exists() else "refund_all")
    order.refunded_minor += total
    await order.save(update_fields=["status", "refunded_minor"])


async def _strikes(tickets: Sequence[Ticket], now: datetime) -> None:
    for one in tickets:
        tier = tier_of(one, now)
        if tier and tier.has_strike and one.document_key:
            await Strike.create(
                tenant_id=one.tenant_id,
                document_key=one.document_key,
                ticket_id=one.id,
                reason="late_refund",
                day=one.day,
            )
