"""One payment of orders as finance sees it: what was in it, and giving single orders back by two people."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.worklist.registry import Kind, add_kind
from scenarios.hospital.models import ClinicOrder, OrderBasket, OrderReturn
from scenarios.hospital.orders import returning, service
from scenarios.hospital.orders.states import ORDER_WORDS, RETURN_WORDS, TONES, WORDS
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.rights import SEE
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

add_kind(
    Kind(
        "order_return",
        N_("Paid orders to give back"),
        returning.AGREE,
        """
select r.id, r.created_at since, null::timestamptz due_at, r.amount_minor, r.currency, b.reference title,
       r.reason detail, '/his-payments/' || b.id path
  from hospital_order_return r join hospital_basket b on b.tenant_id = $1 and b.id = r.basket_id
 where r.tenant_id = $1 and r.status = 'asked'
""",
        order=21,
    )
)


class Asking(BaseModel):
    """Which orders, and why."""

    order: list[UUID] = Field(default_factory=list, title=N_("Orders to give back"))
    reason: str = Field(title=N_("Why"), max_length=returning.REASON_MAX)


async def payment(request: Request, actor: Actor) -> Response:
    """Show one payment with its orders; that it was opened is written down."""
    require_hospital(actor)
    return await _payment(request, actor, Form.blank(Asking))


async def _payment(request: Request, actor: Actor, form: Form[Asking], status: int = 200) -> Response:
    basket = await OrderBasket.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if basket is None:
        raise NotFound("basket.not_found", t("There is no such payment, or it is not yours to see."))
    await note_view(actor, "orders.viewed", "basket", basket.id, basket.reference)
    orders = await ClinicOrder.filter(tenant_id=basket.tenant_id, basket_id=basket.id).order_by(
        "ordered_at", "id"
    )
    returns = await OrderReturn.filter(tenant_id=basket.tenant_id, basket_id=basket.id).order_by(
        "-created_at"
    )
    context: dict[str, Any] = {
        "basket": basket,
        "account": await Account.get(tenant_id=basket.tenant_id, id=basket.account_id),
        "state": t(WORDS[basket.status]),
        "tone": TONES[basket.status],
        "orders": [_shown(one) for one in orders],
        "options": [
            (str(one.id), service.what_of(one), _shown(one)["amount"])
            for one in orders
            if one.status == "settled"
        ],
        "returns": [{"row": one, "state": gettext(RETURN_WORDS[one.status])} for one in returns],
        "form": form,
        "may_ask": actor.may(returning.ASK) and basket.status == "posted",
        "may_agree": actor.may(returning.AGREE),
        "own": actor.person_id,
        "root": root_of(actor),
        "here": f"{root_of(actor)}/his-payments/{basket.id}",
    }
    return await respond(request, "hospital/staff/payment.html", context, status=status)


def _shown(order: ClinicOrder) -> dict[str, Any]:
    return {
        "what": service.what_of(order),
        "number": order.his_id,
        "amount": order.amount_minor,
        "currency": order.currency,
        "state": gettext(ORDER_WORDS.get(order.status, order.status)),
    }


async def ask(request: Request, actor: Actor) -> Response:
    """Ask that some of the orders be given back."""
    require_hospital(actor)
    form = await bind(request, Asking)
    if form.is_valid:
        try:
            await returning.ask(
                actor, basket_id=path_id(request), order_ids=form.ok.order, reason=form.ok.reason
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return _back(request, actor, t("Asked. Another person decides."))
    return await _payment(request, actor, form, 422)


async def decide(request: Request, actor: Actor) -> Response:
    """Agree to a return, or not."""
    require_hospital(actor)
    act = str((await request.form()).get("act", ""))
    try:
        await returning.decide(actor, return_id=path_id(request, "return"), is_agreed=act == "agree")
    except (Conflict, Forbidden) as refused:
        return redirect(request, _here(request, actor), flash=Flash(refused.message, tone="warning"))
    return _back(request, actor, t("That is noted."))


def _here(request: Request, actor: Actor) -> str:
    return f"{root_of(actor)}/his-payments/{path_id(request)}"


def _back(request: Request, actor: Actor, words: Any) -> Response:
    return redirect(request, _here(request, actor), flash=words)


_ONE = "/his-payments/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route(_ONE, payment, permission=SEE, name="his_payment"),
    tenant_route(f"{_ONE}/returns", ask, permission=returning.ASK, methods=WRITES, name="order_return_ask"),
    tenant_route(
        f"{_ONE}/returns/{{return}}",
        decide,
        permission=returning.AGREE,
        methods=WRITES,
        name="order_return_decide",
    ),
]
