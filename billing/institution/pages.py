"""The institution's settings: facts, accounts and channels."""

from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from billing.institution import account_change
from billing.models import SettlementAccount
from billing.payments import settlement
from billing.runtime import channel_settings
from billing.terms_pages import pages_of
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.navigation import Place, add_tenant_places
from tenants.runtime import runtime
from tenants.scope import tenant_id
from ui.errors import Invalid
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

add_tenant_places(Place(N_("Settings"), "/settings", "settings.write", "settings", 99))


class MerchantForm(BaseModel):
    """What the bank gave an institution it opened as a merchant by hand."""

    merchant: str = Field(title=N_("Merchant number"), max_length=60)
    secret: str = Field(title=N_("Merchant key"), max_length=200)


async def settings(request: Request, actor: Actor) -> Response:
    """Show the institution's facts and where its money arrives."""
    return await _settings(request, actor)


async def _settings(
    request: Request, actor: Actor, wrong: UUID | None = None, form: Form[MerchantForm] | None = None
) -> Response:
    """Answer with the settings; with 422 where the merchant typed for the account ``wrong`` was."""
    given = channel_settings()
    context = {
        "tenant": await Tenant.get(id=tenant_id()),
        "accounts": await SettlementAccount.filter(tenant_id=tenant_id()).order_by("created_at"),
        "has_stripe": bool(given.stripe_api_key),
        "has_rail": bool(given.rail_url),
        "opens_merchants": bool(given.rail_merchants_url),
        "form": form,
        "wrong": wrong,
        "terms": [(key, page.title) for key, page in pages_of(actor).items()],
        "root": _root(actor),
    }
    return await respond(request, "billing/settings/settings.html", context, status=422 if form else 200)


async def connect_again(request: Request, actor: Actor) -> Response:
    """Ask the channels once more to open the account, as when one was down at the first time."""
    row = await settlement.find(actor, path_id(request))
    await enqueue(settlement.CONNECT_JOB, {"settlement_account_id": str(row.id)})
    return redirect(
        request, f"{_root(actor)}/settings", flash=t("The channels are asked again. Look back in a moment.")
    )


async def enter_merchant(request: Request, actor: Actor) -> Response:
    """Keep a merchant that the bank opened by hand."""
    row = await settlement.find(actor, path_id(request))
    form = await bind(request, MerchantForm)
    if form.is_valid:
        try:
            await settlement.enter_rail_merchant(
                actor, row.id, merchant=form.ok.merchant, secret=form.ok.secret
            )
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{_root(actor)}/settings", flash=t("Payments by bank QR arrive there from now on.")
            )
    return await _settings(request, actor, row.id, form)


async def to_stripe(request: Request, actor: Actor) -> Response:
    """Send the administrator to Stripe's own pages to complete the connected account."""
    back = f"{runtime().public_url}{_root(actor)}/settings"
    try:
        url = await settlement.stripe_onboarding_url(actor, path_id(request), return_url=back)
    except Invalid as error:
        return redirect(request, f"{_root(actor)}/settings", flash=Flash(error.message, tone="warning"))
    return RedirectResponse(url, 303)


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}"


account_change.register()
RIGHT = "settings.write"
ROUTES: list[BaseRoute] = [
    tenant_route("/settings", settings, permission=RIGHT, name="tenant_settings"),
    tenant_route("/settings/accounts/{id}/connection", connect_again, permission=RIGHT, methods=WRITES),
    tenant_route("/settings/accounts/{id}/merchant", enter_merchant, permission=RIGHT, methods=WRITES),
    tenant_route(
        "/settings/accounts/{id}/stripe", to_stripe, permission=RIGHT, methods=WRITES, is_transactional=False
    ),
]
