"""Paying for treatment: what the hospital's system says is owed, chosen and paid, and how its confirmation stands."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.holds.keeping import hold_of
from billing.holds.service import checkout_path
from scenarios.hospital import mine
from scenarios.hospital.models import ClinicOrder, OrderBasket
from scenarios.hospital.orders import service, tonight
from scenarios.hospital.orders.states import TONES, WORDS
from scenarios.hospital.pages.common import CARE, use_zone
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, person_route
from tenants.models import Account
from tenants.papers import papers_of
from tenants.scope import open_scope, tenant_scope
from ui.errors import AppError, Conflict, Invalid, NotFound, Unavailable
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

DIGITS = 12
"""No order comes to a longer number."""


class Paying(BaseModel):
    """The orders chosen, what the page said that each comes to (``id amount``), and the form's own key."""

    key: str = ""
    way: str = ""
    order: list[UUID] = Field(default_factory=list, title=N_("What do you want to pay?"))
    seen: list[str] = Field(default_factory=list)

    @property
    def seen_minor(self) -> int:
        """What the chosen orders came to on the page; of one that it did not show, nothing."""
        said = dict(one.split(" ", 1) for one in self.seen if " " in one)
        amounts = [said.get(str(one), "") for one in set(self.order)]
        return sum(int(amount) for amount in amounts if amount.isdecimal() and len(amount) <= DIGITS)


async def orders(request: Request, actor: Actor) -> Response:
    """Show what is to be paid, asked of the hospital's system now (outside of any scope)."""
    return await _page(request, actor, Form.blank(Paying, {"key": new_token()}))


async def _page(
    request: Request,
    actor: Actor,
    form: Form[Paying],
    refused: AppError | None = None,
) -> Response:
    proven = await mine.prove(actor, path_id(request))
    use_zone(request, proven.timezone)
    account = await _account(proven)
    listed, is_fresh = await service.look(account)
    shown = [_shown(one) for one in listed]
    open_ones = [one for one in shown if one["status"] == "billable"]
    form.values.setdefault("order", [str(one["id"]) for one in open_ones])
    async with open_scope(tenant_scope(proven.tenant_id)):
        offered = await tonight.offer(actor, account)
    context = {
        "account": account,
        "tonight": offered,
        "open": open_ones,
        "waiting": [one for one in shown if one["status"] != "billable"],
        "total_minor": sum(one["amount_minor"] for one in open_ones),
        "currency": listed[0].currency if listed else "",
        "is_fresh": is_fresh,
        "form": form,
        "refused": refused,
        "care": CARE,
        "here": f"{CARE}/patients/{account.id}",
    }
    return await respond(request, "hospital/mine/orders.html", context, status=422 if refused else 200)


async def _account(proven: mine.Proven) -> Account:
    async with open_scope(tenant_scope(proven.tenant_id)):
        return await Account.get(tenant_id=proven.tenant_id, id=proven.account_id)


def _shown(order: Any) -> dict[str, Any]:
    return {
        "id": order.id,
        "what": service.what_of(order),
        "amount_minor": order.amount_minor,
        "currency": order.currency,
        "status": order.status,
        "basket_id": order.basket_id,
        "ordered_at": order.ordered_at,
        "name": f"order-{order.id}",
    }


async def pay(request: Request, actor: Actor) -> Response:
    """Put the chosen orders into a basket, if they come to what the page said, and go on to paying it."""
    form = await bind(request, Paying)
    proven = await mine.prove(actor, path_id(request))
    account = await _account(proven)
    try:
        act = tonight.promise if form.ok.way == "tonight" else service.pay
        basket = await act(
            actor.within(proven.tenant_id),
            account=account,
            order_ids=form.ok.order,
            seen_minor=form.ok.seen_minor,
            key=form.ok.key,
        )
    except (Invalid, Conflict, Unavailable) as refused:
        kept = {"key": [new_token()], "order": [str(one) for one in form.ok.order]}
        return await _page(request, actor, Form(Paying, kept), refused)
    if basket.is_tonight:
        return redirect(request, f"{CARE}/payments/{basket.id}")
    async with open_scope(tenant_scope(proven.tenant_id)):
        hold = await hold_of(proven.tenant_id, basket.hold_id) if basket.hold_id else None
    assert hold is not None  # noqa: S101 - a basket is never without one
    return redirect(request, checkout_path(hold, is_signed_in=True))


async def payment(request: Request, actor: Actor) -> Response:
    """Show how a payment stands: paid is said, and that it is being confirmed is said too."""
    async with open_scope(actor.scope()):
        basket = await OrderBasket.get_or_none(id=path_id(request))
        papers = await papers_of(actor, "bill", basket.bill_id) if basket and basket.bill_id else []
    if basket is None:
        raise NotFound("basket.not_found", t("There is no such payment, or it is not yours to see."))
    proven = await mine.prove(actor, basket.account_id)
    use_zone(request, proven.timezone)
    async with open_scope(tenant_scope(basket.tenant_id)):
        hold = await hold_of(basket.tenant_id, basket.hold_id) if basket.hold_id else None
        found = await ClinicOrder.filter(tenant_id=basket.tenant_id, basket_id=basket.id).order_by(
            "ordered_at", "id"
        )
    orders = [_shown(one) for one in found]
    context = {
        "basket": basket,
        "patient": proven.name,
        "state": t("To be taken tonight")
        if basket.is_tonight and basket.status != "refunded"
        else t(WORDS[basket.status]),
        "tone": TONES[basket.status],
        "papers": papers,
        "orders": orders,
        "pay": checkout_path(hold, is_signed_in=True) if hold and basket.status == "paying" else "",
        "since": basket.paid_at or datetime.now().astimezone(),
        "care": CARE,
        "here": f"{CARE}/payments/{basket.id}",
        "patient_page": f"{CARE}/patients/{basket.account_id}",
    }
    return await respond(request, "hospital/mine/payment.html", context, block="state")


ROUTES: list[BaseRoute] = [
    person_route(f"{CARE}/patients/{{id}}/orders", orders, name="my_orders", is_transactional=False),
    person_route(
        f"{CARE}/patients/{{id}}/orders", pay, methods=WRITES, name="my_pay_orders", is_transactional=False
    ),
    person_route(f"{CARE}/payments/{{id}}", payment, name="my_order_payment"),
]
