"""What became of a payment: the page that a payer comes back to, which asks the channel until it is known."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from billing.channels import channel_name
from billing.channels.contract import ChannelRefused, ChannelSilent
from billing.channels.counter import KEY as COUNTER
from billing.complaints.queries import open_wish
from billing.holds.keeping import pages_of
from billing.mandates import saving
from billing.mandates.cards import mask
from billing.payer import queries
from billing.payer.branding import show_bank
from billing.payer.queries import SeenPayment
from billing.payer.sides import Side, person_side
from billing.payments.service import cancel_payment, refresh
from tenants.actor import Actor
from tenants.http import path_id
from tenants.scope import open_scope
from ui import hx
from ui.errors import Conflict
from ui.flash import Flash
from ui.i18n import t
from ui.render import redirect, respond


async def payment(request: Request, actor: Actor) -> Response:
    """Show what became of the person's payment."""
    return await outcome_page(request, person_side(actor), path_id(request))


async def outcome_page(request: Request, side: Side, payment_id: UUID) -> Response:
    """Ask the channel where the end is not known, then say it in words. Runs outside of any scope."""
    await refresh(side.actor, payment_id)
    async with open_scope(side.actor.scope()):
        seen = await queries.payment_seen(payment_id)
        if seen.is_open and seen.together_id is not None:
            return redirect(request, f"{side.root}/checkouts/{seen.together_id}")
        parts = await queries.parts_seen(seen)
        await show_bank(request, seen.tenant_id)
        kept = await pages_of(seen.tenant_id, [part["bill_id"] for part in parts])
        is_theirs = seen.may_come_back and not side.is_link
        wish = await open_wish(side.actor.person_id, seen.id) if is_theirs else None
    shown = request.query_params.get("seen", "")
    if hx.is_partial(request) and shown and shown != seen.status:
        return Response(status_code=200, headers=hx.leave(side.payment(payment_id)))
    context: dict[str, Any] = {
        "side": side,
        "payment": seen,
        "parts": parts,
        "kept": kept,
        "may_ask_back": is_theirs,
        "wish": wish,
        "channel": channel_name(seen.channel),
        "is_desk": seen.channel == COUNTER,
        "receipt": side.receipt(seen),
        "again": side.again([part["bill_id"] for part in parts if part["status"] in {"issued", "part_paid"}]),
        "can_pay_again": any(part["status"] in {"issued", "part_paid"} for part in parts),
        "is_declined": _is_declined(seen),
        **await _kept_card(side, seen, parts),
    }
    return await respond(request, "billing/payer/outcome.html", context, block="waiting")


async def _kept_card(side: Side, seen: SeenPayment, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the card that was kept by this payment, and where to have it pay what comes; outside of any scope."""
    none: dict[str, Any] = {"kept_card": None, "autopay": ""}
    if side.is_link or not seen.is_received or seen.channel != "stripe":
        return none
    with suppress(ChannelSilent, ChannelRefused):
        card = await saving.card_of_payment(side.actor, seen.tenant_id, seen.id)
        if card is not None:
            held = await saving.held_accounts(side.actor, seen.tenant_id, [part["bill_id"] for part in parts])
            async with open_scope(side.actor.scope()):
                free = await saving.unpaid_by_itself(seen.tenant_id, held)
            url = f"{side.root}/accounts/{free}/autopay?card={card.id}" if free else ""
            return {"kept_card": mask(card), "autopay": url}
    return none


def _is_declined(seen: SeenPayment) -> bool:
    return seen.status == "failed" and "declin" in seen.error


async def cancel(request: Request, actor: Actor) -> Response:
    """Withdraw the person's payment at its channel."""
    return await cancel_at(request, person_side(actor), path_id(request))


async def cancel_at(request: Request, side: Side, payment_id: UUID) -> Response:
    """Withdraw a payment; one that cannot be stopped any more says so. Runs outside of any scope."""
    try:
        await cancel_payment(side.actor, payment_id)
    except Conflict as refused:
        return redirect(request, side.payment(payment_id), flash=Flash(refused.message, tone="warning"))
    return redirect(
        request, side.payment(payment_id), flash=t("We have asked for this payment to be stopped.")
    )
