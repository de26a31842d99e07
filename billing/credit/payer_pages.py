"""A payer's pages of credit: what the account has, how it came and went, paying ahead, using it for a bill."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit import queries
from billing.credit.applying import use_credit
from billing.credit.lots import SOURCES
from billing.credit.prepaying import start_prepayment
from billing.credit.queries import SeenAccount
from billing.credit.terms import CreditTerms
from billing.payer.queries import SeenBill, bill_of_ones_own
from billing.payer.sides import person_side
from billing.payments.service import offers
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.fields import Amount
from ui.flash import Flash
from ui.formats import plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

WORDS = {
    **SOURCES,
    "used": N_("Put to a bill"),
    "refunded": N_("Refunded"),
    "lost": N_("Taken back by the payer's bank"),
}


class Ahead(BaseModel):
    """How much is paid ahead, and by which way."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))
    channel: str = Field("", title=N_("How to pay"))


class Use(BaseModel):
    """How much of the credit goes to the bill."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))


async def credit(request: Request, actor: Actor) -> Response:
    """Show an account's credit, its statement, and the form to pay ahead."""
    seen = await queries.account_seen(path_id(request), actor.person_id)
    return await _page(request, seen, Form.blank(Ahead, {"key": new_token()}))


async def _page(request: Request, seen: SeenAccount, form: Form[Ahead], status: int = 200) -> Response:
    ways = await offers(seen.tenant_id, seen.currency)
    moves = await queries.statement_of(seen.tenant_id, seen.id)
    terms = await terms_of(seen.tenant_id, CreditTerms)
    context: dict[str, Any] = {
        "account": seen,
        "balance_minor": await queries.free_credit(seen.tenant_id, seen.id, seen.currency),
        "frozen_minor": await queries.frozen_credit(seen.tenant_id, seen.id, seen.currency),
        "moves": [{**dict(each), "words": gettext(WORDS[each["kind"]])} for each in moves],
        "terms": terms,
        "form": form,
        "ways": [(way.key, str(way.name)) for way in ways] if terms.prepay_most_minor > 0 else [],
        "first_way": ways[0].key if ways else "",
    }
    return await respond(request, "billing/credit/mine.html", context, status=status)


async def pay_ahead(request: Request, actor: Actor) -> Response:
    """Begin to pay ahead (outside of any scope) and go where it is done."""
    account_id = path_id(request)
    async with open_scope(actor.scope()):
        seen = await queries.account_seen(account_id, actor.person_id)
    form = await bind(request, Ahead, context={"currency": seen.currency})
    if form.is_valid:
        try:
            return await _begin(request, actor, seen, form.ok)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
    async with open_scope(actor.scope()):
        return await _page(request, seen, form, 422)


async def _begin(request: Request, actor: Actor, seen: SeenAccount, wanted: Ahead) -> Response:
    side = person_side(actor)
    started = await start_prepayment(
        actor,
        tenant_id=seen.tenant_id,
        account_id=seen.id,
        amount_minor=wanted.amount,
        channel=wanted.channel,
        key=wanted.key,
        return_url=side.absolute(side.payment("{payment_id}")),
    )
    is_elsewhere = started.status == "pending" and started.redirect_url and not started.qr_content
    return redirect(request, started.redirect_url if is_elsewhere else side.payment(started.payment_id))


async def choose(request: Request, actor: Actor) -> Response:
    """Ask how much of the account's credit goes to a bill."""
    bill, most = await _usable(actor, path_id(request))
    values = {"key": new_token(), "amount": plain_amount(most, bill.currency)}
    return await _choosing(request, bill, most, Form.blank(Use, values))


async def _usable(actor: Actor, bill_id: UUID) -> tuple[SeenBill, int]:
    bill = await bill_of_ones_own(bill_id)
    account_id = await queries.account_of_bill(bill.tenant_id, bill.id)
    await queries.account_seen(account_id, actor.person_id)
    free = await queries.free_credit(bill.tenant_id, account_id, bill.currency)
    return bill, min(free, bill.left_minor)


async def _choosing(
    request: Request, bill: SeenBill, most: int, form: Form[Use], status: int = 200
) -> Response:
    context = {"bill": bill, "most_minor": most, "form": form}
    return await respond(request, "billing/credit/use.html", context, status=status)


async def use(request: Request, actor: Actor) -> Response:
    """Put credit to the bill."""
    bill, most = await _usable(actor, path_id(request))
    form = await bind(request, Use, context={"currency": bill.currency})
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(bill.tenant_id)):
                await use_credit(
                    actor.within(bill.tenant_id),
                    bill_id=bill.id,
                    amount_minor=form.ok.amount,
                    key=form.ok.key,
                )
        except Invalid as refused:
            form.fail_with(refused)
        except Conflict as refused:
            return redirect(request, f"/my/bills/{bill.id}", flash=Flash(refused.message, tone="warning"))
        else:
            return redirect(request, f"/my/bills/{bill.id}", flash=t("Your credit is put to this bill."))
    return await _choosing(request, bill, most, form, 422)


ROUTES: list[BaseRoute] = [
    person_route("/my/accounts/{id}/credit", credit, name="my_credit"),
    person_route(
        "/my/accounts/{id}/prepayments",
        pay_ahead,
        methods=WRITES,
        name="my_prepayment",
        is_transactional=False,
    ),
    person_route("/my/bills/{id}/credit", choose, name="my_bill_credit"),
    person_route("/my/bills/{id}/credit", use, methods=WRITES, name="my_use_credit"),
]
