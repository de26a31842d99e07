"""Refunds: what waits for a decision first, and deciding about one that another person asked for."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.channels.counter import KEY as COUNTER
from billing.models import Payment, Refund
from billing.payments import staff_queries as queries
from billing.payments import stuck
from billing.payments.refunding import TRANSFER
from billing.payments.refunds import is_window_over
from billing.payments.service import approve_refund, pay_out_refund, reject_refund
from billing.payments.words import CHANNEL_WORDS, REFUND_TONES, REFUND_WORDS
from billing.reasons import in_words
from billing.worklist.kinds import STUCK_WORDS
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

_MOST_EXPORTED = 100_000


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("Asked"), format="datetime"),
        Column(
            "number", t("Number"), format="id", is_main=True, href=lambda row: f"{root}/refunds/{row['id']}"
        ),
        Column("status", t("State"), format="badge", words=REFUND_WORDS, tones=REFUND_TONES),
        Column("payer_name", t("Payer"), format="name"),
        Column("requested_by_name", t("Asked by")),
        Column("reason", t("Why"), value=lambda row: in_words(row["reason"])),
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
        every, *_ = await queries.list_refunds(actor, query, limit=_MOST_EXPORTED, offset=0)
        return await export(request, (*columns, *FILED), every, "refunds")
    found, total, totals = await queries.list_refunds(actor, query, limit=query.limit, offset=query.offset)
    context = {
        "page": Page.of(query, found, total, totals),
        "columns": columns,
        "states": list(REFUND_WORDS.items()),
    }
    return await respond(request, "billing/payments/refunds.html", context, block="list")


class Refusing(BaseModel):
    """Why a refund is refused; whoever asked reads it."""

    reason: str = Field(title=N_("Why not"), max_length=500)


class Transferring(BaseModel):
    """A transfer that was made, by the reference it has at the bank."""

    reference: str = Field("", title=N_("Reference of the transfer"))
    key: str = ""


RESOLUTIONS = {
    "retried": t("Asked for again"),
    "transfer": t("Paid out by transfer"),
    "set_aside": t("Set aside as money to assign"),
    "taken_back": t("Stored again where it came from"),
    "went_after_all": t("No longer needed: the refund before it has gone after all"),
}
"""What became of a refund that failed, in words."""


async def refund(request: Request, actor: Actor) -> Response:
    """One refund, and the decision about it."""
    return await _page(request, actor, await _refund(request, actor), Form.blank(Refusing))


async def _refund(request: Request, actor: Actor) -> Refund:
    found = await Refund.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("refund.not_found", t("There is no such refund."))
    return found


async def _page(
    request: Request,
    actor: Actor,
    found: Refund,
    form: Form[Refusing],
    status: int = 200,
    *,
    transfer: Form[Transferring] | None = None,
) -> Response:
    payment = await Payment.get(tenant_id=found.tenant_id, id=found.payment_id)
    kept = await queries.kept_by_bank(found)
    is_kept = kept is not None and kept["status"] == "held"
    is_own = found.requested_by == actor.person_id
    is_at_desk = payment.channel == COUNTER
    context = {
        "refund": found,
        "reason": in_words(found.reason),
        "payment": payment,
        "root": f"/t/{actor.place['slug']}",
        "form": form,
        "is_own": is_own,
        "may_decide": actor.may("refunds.approve") and not is_own and found.status == "requested",
        "may_pay_out": actor.may("payments.take")
        and is_at_desk
        and found.status == "approved"
        and not is_kept,
        "is_kept": is_kept and found.status == "approved",
        "kept": kept,
        "is_at_desk": is_at_desk and found.way != TRANSFER,
        "is_moving": found.status in {"approved", "submitted"} and not is_at_desk,
        "channel": CHANNEL_WORDS[payment.channel],
        "may_work": actor.may("refunds.request") and found.status == "failed" and not found.resolution,
        "is_over": is_window_over(payment),
        "key": new_token(),
        "transfer": transfer or Form.blank(Transferring),
        "said": "" if found.error in STUCK_WORDS else found.error,
        "why": gettext(STUCK_WORDS.get(found.error, found.error)),
        "resolutions": RESOLUTIONS,
        "instead": await queries.made_instead(found) if found.resolution else None,
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
    return _back(request, actor, found, Flash(await _what_follows(found)))


async def _what_follows(found: Refund) -> Text:
    """Say who has to do what now: cash does not go back by itself, and some money cannot go back where it came from."""
    refund = await Refund.get(tenant_id=found.tenant_id, id=found.id)
    payment = await Payment.get(tenant_id=found.tenant_id, id=found.payment_id)
    if refund.status == "failed":
        return t("Approved, but it cannot go back the way it came. Choose another way below.")
    if refund.status == "succeeded":
        return t("Approved. The money is back.")
    kept = await queries.kept_by_bank(refund)
    if kept is not None and kept["status"] == "held":
        return t("Approved. Your bank looks at it first; nothing goes out until it lets it go.")
    if payment.channel == COUNTER and refund.way != TRANSFER:
        return t(
            "Approved. Now the cashier counts out the cash and presses “I have handed it over” on this page."
        )
    return t("Approved. The money is on its way back.")


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
        is_paid = await pay_out_refund(actor, refund_id=found.id)
    except Conflict as refused:
        return _back(request, actor, found, Flash(refused.message, tone="warning"))
    if not is_paid:
        text = t("Do not hand over anything yet: your bank looks at this refund first.")
        return _back(request, actor, found, Flash(text, tone="warning"))
    return _back(request, actor, found, Flash(t("Paid out. It is in your day close.")))


async def retrial(request: Request, actor: Actor) -> Response:
    """Ask the channel once more."""
    found = await _refund(request, actor)
    key = str((await request.form()).get("key", ""))
    try:
        made = await stuck.retry(actor, refund_id=found.id, key=key)
    except Conflict as refused:
        return _back(request, actor, found, Flash(refused.message, tone="warning"))
    url = f"/t/{actor.place['slug']}/refunds/{made}"
    return redirect(request, url, flash=t("The refund is asked for again."))


async def transfer(request: Request, actor: Actor) -> Response:
    """Record a transfer; another person confirms it."""
    found = await _refund(request, actor)
    form = await bind(request, Transferring)
    if form.is_valid:
        try:
            made = await stuck.by_transfer(
                actor, refund_id=found.id, reference=form.ok.reference, key=form.ok.key
            )
        except Conflict as refused:
            return _back(request, actor, found, Flash(refused.message, tone="warning"))
        except Invalid as refused:
            form.fail_with(refused)
        else:
            url = f"/t/{actor.place['slug']}/refunds/{made}"
            return redirect(request, url, flash=t("Recorded. Another person has to confirm the transfer."))
    return await _page(request, actor, found, Form.blank(Refusing), 422, transfer=form)


async def setting_aside(request: Request, actor: Actor) -> Response:
    """Keep it as money to assign."""
    found = await _refund(request, actor)
    key = str((await request.form()).get("key", ""))
    try:
        held = await stuck.set_aside(actor, refund_id=found.id, key=key)
    except Conflict as refused:
        return _back(request, actor, found, Flash(refused.message, tone="warning"))
    url = f"/t/{actor.place['slug']}/suspense/{held}"
    return redirect(request, url, flash=t("Set aside. Put it to credit or to another bill here."))
