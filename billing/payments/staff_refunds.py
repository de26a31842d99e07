"""Refunds: what waits for a decision first, and deciding about one that another person asked for."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.channels.counter import KEY as COUNTER
from billing.models import Payment, Refund
from billing.payments import staff_queries as queries
from billing.payments.service import approve_refund, pay_out_refund, reject_refund
from billing.payments.words import CHANNEL_WORDS, REFUND_TONES, REFUND_WORDS
from tenants.actor import Actor
from tenants.http import path_id
from ui.errors import Conflict, NotFound
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

_MOST_EXPORTED = 100_000


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("Asked"), format="datetime"),
        Column("number", t("Number"), is_main=True, href=lambda row: f"{root}/refunds/{row['id']}"),
        Column("status", t("State"), format="badge", words=REFUND_WORDS, tones=REFUND_TONES),
        Column("payer_name", t("Payer")),
        Column("requested_by_name", t("Asked by")),
        Column("reason", t("Why")),
        Column("amount_minor", t("Amount"), format="money"),
    )


FILED = (
    Column("payment_number", t("Payment")),
    Column("channel", t("Channel"), words=CHANNEL_WORDS),
    Column("decided_by_name", t("Decided by")),
)


async def refunds(request: Request, actor: Actor) -> Response:
    """The refunds, those to decide first; or all of them as a file."""
    columns = _columns(f"/t/{actor.place['slug']}")
    query = TableQuery.parse(request, filters=queries.REFUND_FILTERS)
    if wants_export(request):
        every, _ = await queries.list_refunds(actor, query, limit=_MOST_EXPORTED, offset=0)
        return await export(request, (*columns, *FILED), _each(every), "refunds")
    found, total = await queries.list_refunds(actor, query, limit=query.limit, offset=query.offset)
    context = {"page": Page.of(query, found, total), "columns": columns, "states": list(REFUND_WORDS.items())}
    return await respond(request, "billing/payments/refunds.html", context, block="list")


async def _each(found: Any) -> Any:
    for each in found:
        yield each


class Refusing(BaseModel):
    """Why a refund is refused; whoever asked reads it."""

    reason: str = Field(title=N_("Why not"), max_length=500)


async def refund(request: Request, actor: Actor) -> Response:
    """One refund, and the decision about it."""
    return await _page(request, actor, await _refund(request, actor), Form.blank(Refusing))


async def _refund(request: Request, actor: Actor) -> Refund:
    found = await Refund.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("refund.not_found", t("There is no such refund."))
    return found


async def _page(
    request: Request, actor: Actor, found: Refund, form: Form[Refusing], status: int = 200
) -> Response:
    payment = await Payment.get(tenant_id=found.tenant_id, id=found.payment_id)
    is_own = found.requested_by == actor.person_id
    is_at_desk = payment.channel == COUNTER
    context = {
        "refund": found,
        "payment": payment,
        "root": f"/t/{actor.place['slug']}",
        "form": form,
        "is_own": is_own,
        "may_decide": actor.may("refunds.approve") and not is_own and found.status == "requested",
        "may_pay_out": actor.may("payments.take") and is_at_desk and found.status == "approved",
        "is_moving": found.status in {"approved", "submitted"} and not is_at_desk,
        "channel": CHANNEL_WORDS[payment.channel],
        "words": REFUND_WORDS,
        "tones": REFUND_TONES,
    }
    return await respond(request, "billing/payments/refund.html", context, block="news", status=status)


async def approval(request: Request, actor: Actor) -> Response:
    """Agree; the money goes back whence it came."""
    found = await _refund(request, actor)
    try:
        await approve_refund(actor, refund_id=found.id)
    except Conflict as refused:
        return _back(request, actor, found, Flash(refused.message, tone="warning"))
    return _back(request, actor, found, Flash(t("Approved. The money is on its way back.")))


def _back(request: Request, actor: Actor, found: Refund, flash: Flash) -> Response:
    return redirect(request, f"/t/{actor.place['slug']}/refunds/{found.id}", flash=flash)


async def rejection(request: Request, actor: Actor) -> Response:
    """Refuse, with a reason."""
    found = await _refund(request, actor)
    form = await bind(request, Refusing)
    if not form.is_valid:
        return await _page(request, actor, found, form, status=422)
    try:
        await reject_refund(actor, refund_id=found.id, reason=form.ok.reason)
    except Conflict as refused:
        return _back(request, actor, found, Flash(refused.message, tone="warning"))
    return _back(request, actor, found, Flash(t("Rejected. Nothing is refunded."), tone="info"))


async def payout(request: Request, actor: Actor) -> Response:
    """Record that the cash was handed over."""
    found = await _refund(request, actor)
    try:
        await pay_out_refund(actor, refund_id=found.id)
    except Conflict as refused:
        return _back(request, actor, found, Flash(refused.message, tone="warning"))
    return _back(request, actor, found, Flash(t("Paid out. It is in your day close.")))
