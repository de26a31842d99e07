"""Money to assign: what arrived and belongs to no bill, worked by a named person with a reason."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.models import Payment, Suspense
from billing.payments import staff_queries as queries
from billing.payments.service import SUSPENSE_REASONS, apply_suspense, assign_suspense, refund_suspense
from billing.payments.words import CHANNEL_WORDS, SUSPENSE_TONES, SUSPENSE_WORDS
from billing.reasons import in_words
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from ui.errors import AppError, Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

_MOST_EXPORTED = 100_000


def _reason(value: Any, row: Any) -> str:
    del row
    return gettext(SUSPENSE_REASONS.get(value, value))


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "payment_number",
            t("Payment"),
            format="id",
            is_main=True,
            href=lambda row: f"{root}/suspense/{row['id']}",
        ),
        Column("created_at", t("Arrived"), format="ago"),
        Column("reason", t("Why it is here"), format=_reason),
        Column("payer_name", t("Payer"), format="name"),
        Column("owner_name", t("Owner")),
        Column("status", t("State"), format="badge", words=SUSPENSE_WORDS, tones=SUSPENSE_TONES),
        Column("amount_minor", t("Amount"), format="money"),
    )


async def suspense_list(request: Request, actor: Actor) -> Response:
    """Unassigned money, the oldest first; or all of it as a file."""
    columns = _columns(f"/t/{actor.place['slug']}")
    query = TableQuery.parse(request, filters=queries.SUSPENSE_FILTERS)
    if wants_export(request):
        every, *_ = await queries.list_suspense(actor, query, limit=_MOST_EXPORTED, offset=0)
        return await export(request, columns, every, "money-to-assign")
    found, total, totals = await queries.list_suspense(actor, query, limit=query.limit, offset=query.offset)
    states = [*SUSPENSE_WORDS.items(), ("all", t("All"))]
    context = {"page": Page.of(query, found, total, totals), "columns": columns, "states": states[1:]}
    return await respond(request, "billing/payments/suspense_list.html", context, block="list")


class Working(BaseModel):
    """What is done with the money and why; ``bill`` only where it is put to one."""

    reason: str = Field(title=N_("Why"), max_length=500)
    bill: UUID | None = Field(None, title=N_("Bill"))
    key: str = ""


async def suspense(request: Request, actor: Actor) -> Response:
    """One sum: why it is here, whose it is, and the two ways to clear it."""
    found = await _suspense(request, actor)
    return await _page(request, actor, found, Form.blank(Working, {"key": new_token()}))


async def _suspense(request: Request, actor: Actor) -> Suspense:
    found = await Suspense.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("suspense.not_found", t("There is no such unassigned money."))
    return found


async def _page(  # noqa: PLR0917 - the parts of one page
    request: Request, actor: Actor, found: Suspense, form: Form[Working], status: int = 200, failed: str = ""
) -> Response:
    payment = await Payment.get(tenant_id=found.tenant_id, id=found.payment_id)
    sent = request.query_params if request.method == "GET" else await request.form()
    words = str(sent.get("q", ""))[:100].strip()
    context = {
        "held": found,
        "resolution": in_words(found.resolution),
        "payment": payment,
        "root": f"/t/{actor.place['slug']}",
        "form": form,
        "blank": Form.blank(Working, {"key": new_token()}),
        "failed": failed,
        "q": words,
        "bills": await queries.find_open_bills(found.tenant_id, found.currency, words),
        "why": gettext(SUSPENSE_REASONS.get(found.reason, found.reason)),
        "is_mine": found.owner_id == actor.person_id,
        "may_refund": actor.may("refunds.request"),
        "channel": CHANNEL_WORDS[payment.channel],
        "words": SUSPENSE_WORDS,
        "tones": SUSPENSE_TONES,
    }
    return await respond(request, "billing/payments/suspense.html", context, status=status)


def _address(actor: Actor, found: Suspense) -> str:
    return f"/t/{actor.place['slug']}/suspense/{found.id}"


async def assignment(request: Request, actor: Actor) -> Response:
    """Take it over."""
    found = await _suspense(request, actor)
    try:
        await assign_suspense(actor, suspense_id=found.id, person_id=actor.person_id)
    except Conflict as refused:
        return redirect(request, _address(actor, found), flash=Flash(refused.message, tone="warning"))
    return redirect(request, _address(actor, found), flash=t("It is yours to clear now."))


async def application(request: Request, actor: Actor) -> Response:
    """Put it to the bill that was found; what the bill does not take stays here."""
    found = await _suspense(request, actor)
    form = await bind(request, Working)
    if form.is_valid and form.ok.bill is None:
        form.fail("bill", t("Choose the bill."))
    if form.is_valid and form.ok.bill is not None:
        try:
            took = await apply_suspense(
                actor, suspense_id=found.id, bill_id=form.ok.bill, reason=form.ok.reason, key=form.ok.key
            )
        except (Invalid, Conflict) as refused:
            _take_over(form, refused)
        else:
            text = t("Put to the bill.") if took == found.amount_minor else _rest_stays()
            return redirect(request, _address(actor, found), flash=text)
    return await _page(request, actor, found, form, 422, "bill")


def _rest_stays() -> Any:
    return t("Put to the bill. What it did not need is still unassigned, as a line of its own.")


async def refund(request: Request, actor: Actor) -> Response:
    """Give it back whence it came."""
    found = await _suspense(request, actor)
    actor.require("refunds.request")
    form = await bind(request, Working)
    if form.is_valid:
        try:
            refund_id = await refund_suspense(
                actor, suspense_id=found.id, reason=form.ok.reason, key=form.ok.key
            )
        except (Invalid, Conflict) as refused:
            _take_over(form, refused)
        else:
            url = f"/t/{actor.place['slug']}/refunds/{refund_id}"
            return redirect(request, url, flash=t("The refund is asked for."))
    return await _page(request, actor, found, form, 422, "refund")


def _take_over(form: Form[Working], refused: AppError) -> None:
    for name, text in refused.fields.items():
        form.fail(name, text)
    if not refused.fields:
        form.fail("", refused.message)
