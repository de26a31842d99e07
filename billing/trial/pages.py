"""The institution's test before it goes live: pay one unit of money to itself, and get it back."""

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.payments.refreshing import refresh
from billing.trial import service
from tenants.actor import Actor
from tenants.http import WRITES, tenant_route
from tenants.ids import new_id
from tenants.models import GateCheck, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope
from ui.forms import bind
from ui.i18n import t
from ui.render import redirect, respond

PATH = "/go-live/trial"


class KeyForm(BaseModel):
    """The key that makes a press count once."""

    key: str


async def show(request: Request, actor: Actor) -> Response:
    """Show how far the test is; a payment under way is asked after first."""
    assert actor.tenant_id is not None  # noqa: S101 - a tenant's route
    async with open_scope(actor.scope()):
        found = await service.trial_of(actor.tenant_id)
    if found.payment and found.payment.status in {"pending", "processing", "unknown"}:
        await refresh(actor, found.payment.id)
    async with open_scope(actor.scope()):
        context = {
            "trial": await service.trial_of(actor.tenant_id),
            "tenant": await Tenant.get(id=actor.tenant_id),
            "is_passed": await GateCheck.exists(
                tenant_id=actor.tenant_id, key="trial", passed_at__not_isnull=True
            ),
            "key": str(new_id()),
            "root": _root(actor),
        }
        return await respond(request, "billing/trial/trial.html", context)


async def begin(request: Request, actor: Actor) -> Response:
    """Issue the test bill and go on to the bank's page."""
    form = await bind(request, KeyForm)
    back = f"{runtime().public_url}{_root(actor)}{PATH}"
    started = await service.begin(actor, return_url=back, key=form.ok.key)
    return redirect(request, started.redirect_url or back)


async def give_back(request: Request, actor: Actor) -> Response:
    """Have the money given back."""
    form = await bind(request, KeyForm)
    await service.give_back(actor, key=form.ok.key)
    return redirect(
        request, _root(actor) + PATH, flash=t("The money is on its way back. Look again in a moment.")
    )


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}"


RIGHT = "bills.single"
ROUTES: list[BaseRoute] = [
    tenant_route(PATH, show, permission=RIGHT, name="trial", is_transactional=False),
    tenant_route(PATH, begin, permission=RIGHT, methods=WRITES, name="trial_begin", is_transactional=False),
    tenant_route(PATH + "/refund", give_back, permission=RIGHT, methods=WRITES, name="trial_back"),
]
