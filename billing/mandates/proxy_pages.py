"""Proxies on pages: a holder lets somebody pay, and ends it; whoever may pay enters the code and sees how much."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit.queries import SeenAccount, account_seen
from billing.mandates import proxies
from billing.models import Proxy
from billing.payer.account import Card, add_card
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import AppError, Conflict, Invalid, NotFound
from ui.fields import Day, MinorAmount
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond


class Grant(BaseModel):
    """Whom a holder lets pay, how much, and until when."""

    name: str = Field(title=N_("Who pays"), max_length=100)
    bill_cap: Annotated[int, MinorAmount()] = Field(title=N_("At most for one bill"))
    month_cap: Annotated[int, MinorAmount()] = Field(title=N_("At most in a month"))
    until: Day = Field(title=N_("Last day"))


class Code(BaseModel):
    """The code that a holder gave."""

    code: str = Field(title=N_("Code"), max_length=60)


async def helpers(request: Request, actor: Actor) -> Response:
    """Show who else may pay for an account, and the form to let somebody."""
    seen = await account_seen(path_id(request), actor.person_id)
    return await _page(request, seen, Form.blank(Grant))


async def _page(
    request: Request, seen: SeenAccount, form: Form[Grant], *, code: str = "", status: int = 200
) -> Response:
    context: dict[str, Any] = {
        "account": seen,
        "proxies": await Proxy.filter(tenant_id=seen.tenant_id, account_id=seen.id, ended_at=None).order_by(
            "-created_at"
        ),
        "form": form,
        "code": code,
    }
    return await respond(request, "billing/mandates/helpers.html", context, status=status)


async def grant(request: Request, actor: Actor) -> Response:
    """Let somebody pay, and show the code once (outside of any scope)."""
    async with open_scope(actor.scope()):
        seen = await account_seen(path_id(request), actor.person_id)
    form, code = await bind(request, Grant, context={"currency": seen.currency}), ""
    if form.is_valid:
        try:
            _, code = await proxies.grant(
                actor,
                tenant_id=seen.tenant_id,
                account_id=seen.id,
                name=form.ok.name,
                bill_cap_minor=form.ok.bill_cap,
                month_cap_minor=form.ok.month_cap,
                until=form.ok.until,
            )
        except Invalid as refused:
            form.fail_with(refused)
    async with open_scope(actor.scope()):
        if code:
            return await _page(request, seen, Form.blank(Grant), code=code)
        return await _page(request, seen, form, status=422)


async def end(request: Request, actor: Actor) -> Response:
    """Stop somebody from paying, or stop paying for somebody."""
    found = await Proxy.get_or_none(id=path_id(request))
    if found is None:
        raise NotFound("proxy.not_found", t("There is no such leave to pay."))
    async with open_scope(tenant_scope(found.tenant_id)):
        await proxies.end(actor, tenant_id=found.tenant_id, proxy_id=found.id)
    is_own = found.person_id == actor.person_id
    url = "/my/helping" if is_own else f"/my/accounts/{found.account_id}/helpers"
    return redirect(request, url, flash=t("Stopped."))


_HELPING = """
select x.id, x.granted_by_name, x.currency, x.bill_cap_minor, x.month_cap_minor, x.until, t.short_name,
       (select min(b.account_number) from billing_bill b
         where b.tenant_id = x.tenant_id and b.account_id = x.account_id) account_number
  from billing_proxy x join tenants_tenant t on t.id = x.tenant_id
 where x.person_id = $1 and x.ended_at is null and x.until >= day_of(x.tenant_id) order by x.created_at
"""


async def helping(request: Request, actor: Actor) -> Response:
    """Show for whom the person may pay, and a field for another code."""
    return await _helping(request, actor, Form.blank(Code))


async def _helping(request: Request, actor: Actor, form: Form[Code], status: int = 200) -> Response:
    context = {"form": form, "accounts": await rows(_HELPING, actor.person_id)}
    return await respond(request, "billing/mandates/helping.html", context, status=status)


async def accept(request: Request, actor: Actor) -> Response:
    """Take the code that a holder gave (outside of any scope)."""
    form = await bind(request, Code)
    if form.is_valid:
        try:
            await proxies.accept(actor, form.ok.code)
        except (Invalid, Conflict) as refused:
            _fail(form, refused)
        else:
            return redirect(
                request, "/my/helping", flash=t("You may pay now. The open bills are under “To pay”.")
            )
    async with open_scope(actor.scope()):
        return await _helping(request, actor, form, 422)


def _fail(form: Form[Code], refused: AppError) -> None:
    form.fail("code", refused.fields.get("code", refused.message))


async def helper_card(actor: Actor, account: SeenAccount) -> Card | None:
    """Point to the people who may pay, on an account's page."""
    del actor
    text = t("Let somebody else pay for this account, up to an amount and until a day you choose.")
    return Card(t("Who else may pay"), text, f"/my/accounts/{account.id}/helpers", t("See or change"))


add_card(helper_card, order=60)
ROUTES: list[BaseRoute] = [
    person_route("/my/accounts/{id}/helpers", helpers, name="my_helpers"),
    person_route("/my/accounts/{id}/helpers", grant, methods=WRITES, name="my_grant", is_transactional=False),
    person_route("/my/helpers/{id}/end", end, methods=WRITES, name="my_helper_end"),
    person_route("/my/helping", helping, name="my_helping"),
    person_route("/my/helping", accept, methods=WRITES, name="my_helping_accept", is_transactional=False),
]
