"""The list of payments, one payment with its story, and asking for a refund of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.channels import CHANNELS, capabilities
from billing.channels.counter import KEY as COUNTER
from billing.models import Attempt, Dispute, Payment, Refund, Suspense
from billing.payments import staff_queries as queries
from billing.payments.amounts import Amount
from billing.payments.refreshing import refresh
from billing.payments.refunds import stored_minor
from billing.payments.service import change_minor, refundable_minor, request_refund
from billing.payments.states import LIVE
from billing.payments.words import (
    ACT_WORDS,
    CHANNEL_WORDS,
    PAYMENT_TONES,
    PAYMENT_WORDS,
    REFUND_TONES,
    REFUND_WORDS,
)
from billing.reasons import in_words
from billing.receipts import service as receipts
from billing.sealing.proofs import proof_file
from tenants.actor import Actor
from tenants.audit_words import name_text
from tenants.codes import new_token
from tenants.http import path_id
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import MinorAmount
from ui.flash import Flash
from ui.formats import plain_amount
from ui.forms import Form, bind
from ui.i18n import LOCALES, N_, Text, current_locale, t
from ui.render import redirect, respond
from ui.shell import Tone
from ui.tables import Column, TableQuery


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("Started"), format="datetime", sortable=True),
        Column(
            "number",
            t("Number"),
            format="id",
            is_main=True,
            href=lambda row: f"{root}/payments/{row['id']}",
        ),
        Column("payer_name", t("Payer"), format="name"),
        Column("accounts", t("Accounts"), format="name"),
        Column("channel", t("Channel"), words=CHANNEL_WORDS),
        Column("status", t("State"), format="badge", words=PAYMENT_WORDS, tones=PAYMENT_TONES),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
    )


FILED = (
    Column("refunded_minor", t("Refunded"), format="money"),
    Column("receipt_number", t("Receipt")),
    Column("counter_method", t("Taken as")),
    Column("counter_reference", t("Reference")),
    Column("taken_by_name", t("Taken by")),
)


async def payments(request: Request, actor: Actor) -> Response:
    """The payments, newest first, by search, state, channel and day; or all of them as a file."""
    columns = _columns(f"/t/{actor.place['slug']}")
    query = TableQuery.parse(
        request, columns=columns, filters=queries.PAYMENT_FILTERS, default_sort="-created_at"
    )
    if wants_export(request):
        return await export(request, (*columns, *FILED), queries.all_payments(actor, query), "payments")
    context = {
        "page": await queries.list_payments(actor, query),
        "columns": columns,
        "states": list(PAYMENT_WORDS.items()),
        "channels": list(CHANNEL_WORDS.items()),
        "files": f"/t/{actor.place['slug']}/payments/receipts/files?{request.url.query}",
    }
    return await respond(request, "billing/payments/list.html", context, block="list")


class Asking(BaseModel):
    """A refund as asked for; ``seen`` is what the page said could be refunded."""

    amount: Annotated[int, MinorAmount()] = Field(title=N_("Amount to refund"))
    reason: str = Field(title=N_("Why"), max_length=500)
    key: str = ""
    seen: int = 0


async def payment(request: Request, actor: Actor) -> Response:
    """One payment: what it paid, how it came, what became of it, and giving it back."""
    found = await _payment(request, actor)
    left = await refundable_minor(found.tenant_id, found.id)
    shown = {"amount": plain_amount(left, found.currency), "key": new_token(), "seen": left}
    return await _page(request, actor, found, Form.blank(Asking, shown), left)


async def _payment(request: Request, actor: Actor) -> Payment:
    found = await Payment.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("payment.not_found", t("There is no such payment."))
    return found


async def _page(  # noqa: PLR0917 - the parts of one page
    request: Request, actor: Actor, found: Payment, form: Form[Asking], left: int, status: int = 200
) -> Response:
    of_payment = {"tenant_id": found.tenant_id, "payment_id": found.id}
    attempts = await Attempt.filter(**of_payment).order_by("-created_at")
    context: dict[str, Any] = {
        "payment": found,
        "root": f"/t/{actor.place['slug']}",
        "may": actor.may,
        "form": form,
        "refundable_minor": left,
        "stored_minor": await stored_minor(found),
        "limit_minor": actor.refund_limit_minor,
        "window": capabilities(found.channel).window(found.method),
        "parts": await queries.parts_of(found.tenant_id, found.id),
        "attempts": attempts,
        "in_words": in_words,
        "refunds": await Refund.filter(**of_payment).order_by("-created_at"),
        "suspense": await Suspense.filter(**of_payment).order_by("created_at"),
        "disputes": await Dispute.filter(**of_payment).order_by("created_at"),
        "story": story(found, attempts, await queries.acts_on(found.tenant_id, found.id)),
        "paid_by": receipts.paid_by(found),
        "is_desk": found.channel == COUNTER,
        "change_minor": change_minor(found),
        "may_ask": found.status in LIVE and found.channel in CHANNELS and actor.may("refunds.request"),
        "has_receipt": found.succeeded_at is not None,
        "words": PAYMENT_WORDS,
        "tones": PAYMENT_TONES,
        "refund_words": REFUND_WORDS,
        "refund_tones": REFUND_TONES,
    }
    return await respond(request, "billing/payments/payment.html", context, status=status)


async def ask_back(request: Request, actor: Actor) -> Response:
    """Ask for a refund; within the asker's limit it is on its way at once."""
    found = await _payment(request, actor)
    form = await bind(request, Asking, context={"currency": found.currency})
    if form.is_valid:
        asked = form.ok
        try:
            refund_id = await request_refund(
                actor,
                payment_id=found.id,
                amount_minor=asked.amount,
                seen_refundable_minor=asked.seen,
                reason=asked.reason,
                key=asked.key,
            )
        except (Invalid, Conflict) as refused:
            _take_over(form, refused)
        else:
            return redirect(
                request, f"/t/{actor.place['slug']}/refunds/{refund_id}", flash=await _said(refund_id)
            )
    left = await refundable_minor(found.tenant_id, found.id)
    form.values["seen"] = [str(left)]
    return await _page(request, actor, found, form, left, status=422)


def _take_over(form: Form[Asking], refused: Invalid | Conflict) -> None:
    for name, text in refused.fields.items():
        form.fail(name, text)
    if not refused.fields:
        form.fail("", refused.message)


async def _said(refund_id: Any) -> Flash:
    refund = await Refund.get(id=refund_id)
    if refund.status == "requested":
        return Flash(t("The refund is asked for. Another person has to approve it."), tone="info")
    if refund.status == "failed":
        return Flash(
            t("This way of paying gives nothing back any more. Choose another way out."), tone="warning"
        )
    return Flash(t("The refund is approved, because it is within your limit."))


async def enquiry(request: Request, actor: Actor) -> Response:
    """Ask the channel now what became of a payment whose end is not known (outside of any scope)."""
    seen = await refresh(actor, path_id(request))
    status = seen.payment.status
    if status == "unknown":
        flash = Flash(t("The channel does not say yet. It is asked again by itself."), tone="warning")
    else:
        flash = Flash(t("The channel says: {state}", state=PAYMENT_WORDS[status]))
    return redirect(request, f"/t/{actor.place['slug']}/payments/{seen.payment.id}", flash=flash)


async def receipt(request: Request, actor: Actor) -> Response:
    """The payment's receipt as PDF, in the language asked for."""
    found = await _payment(request, actor)
    kept, paid = await receipts.receipt_of(found.tenant_id, found.id)
    asked = request.query_params.get("lang", "")
    content = await receipts.pdf_of(kept, paid, asked if asked in LOCALES else current_locale())
    headers = {"Content-Disposition": f'inline; filename="{kept.number}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


async def receipt_proof(request: Request, actor: Actor) -> Response:
    """The payment's receipt with everything that proves it, as a file."""
    found = await _payment(request, actor)
    kept, _ = await receipts.receipt_of(found.tenant_id, found.id)
    return await proof_file(kept)


@dataclass(frozen=True, slots=True)
class Event:
    """One moment of a payment's story, as the timeline draws it."""

    title: Text
    at: datetime
    by: str = ""
    text: str | Text = ""
    tone: Tone = "neutral"
    href: str = ""


def story(found: Payment, attempts: Sequence[Attempt], acts: Sequence[dict[str, Any]]) -> list[Event]:
    """Return what happened to a payment, newest first: each try on a channel and each recorded act."""
    events = [_act(act, found.currency) for act in acts if act["act"] in ACT_WORDS]
    for attempt in attempts:
        title = t("Taken at the desk") if attempt.channel == COUNTER else t("Begun")
        by = found.taken_by_name or found.payer_name
        channel = CHANNEL_WORDS.get(attempt.channel, attempt.channel)
        text = "" if attempt.channel == COUNTER else channel
        events.append(Event(title, attempt.created_at, by, text))
    return sorted(events, key=lambda event: event.at, reverse=True)


def _act(act: dict[str, Any], currency: str) -> Event:
    words, tone = ACT_WORDS[act["act"]]
    after = act["after"]
    said = in_words(str(after.get("reason") or "")) or str(after.get("bill") or after.get("owner") or "")
    amount = after.get("amount_minor")
    text: str | Text = said
    if amount and act["act"].startswith(("refund", "suspense")):
        shown = Amount(int(amount), str(after.get("currency", currency)))
        text = f"{shown} · {said}" if said else str(shown)
    return Event(t(words), act["at"], name_text(act["person_name"]), text, tone)
