"""Going live: the institution's own steps, the contact's link, and the bank's one click."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants import throttle
from tenants.actor import Actor
from tenants.http import WRITES, bank_route, client_ip, path_id, public_route, tenant_route
from tenants.models import Tenant
from tenants.onboarding import gate
from tenants.scope import tenant_id
from ui.i18n import gettext, t
from ui.render import redirect, respond


async def show(request: Request, actor: Actor) -> Response:
    """Show an institution what is left to do before its payers can pay."""
    tenant = await Tenant.get(id=tenant_id())
    root = f"/t/{actor.place['slug']}"
    context = {
        "tenant": tenant,
        "items": [
            {
                "title": gettext(one.name),
                "text": one.check.note if one.is_done else gettext(one.advice),
                "is_done": one.is_done,
                "href": None if one.is_done or one.key not in gate.PAGES else root + gate.PAGES[one.key],
            }
            for one in await gate.steps(tenant)
        ],
        "waits_for_fees": any(one.key == "fees" and not one.is_done for one in await gate.steps(tenant)),
        "may_review": actor.may("fees.activate"),
        "root": root,
    }
    return await respond(request, "tenants/onboarding/gate.html", context)


async def review_fees(request: Request, actor: Actor) -> Response:
    """Note that the fees have been read."""
    await gate.review_fees(actor)
    return redirect(
        request, f"/t/{actor.place['slug']}/go-live", flash=t("Noted: you have looked at the fees.")
    )


async def send_code(request: Request, actor: Actor) -> Response:
    """Send the contact a link to prove their address."""
    tenant = await gate.send_code(actor, path_id(request))
    url = f"/bank/{actor.place['slug']}/tenants/{tenant.id}"
    return redirect(request, url, flash=t("{name} has a letter to confirm.", name=tenant.contact_name))


async def go_live(request: Request, actor: Actor) -> Response:
    """Open the institution to its payers."""
    tenant = await gate.go_live(actor, path_id(request))
    url = f"/bank/{actor.place['slug']}/tenants/{tenant.id}"
    return redirect(request, url, flash=t("{name} is live. Its payers can pay now.", name=tenant.short_name))


async def contact(request: Request) -> Response:
    """Ask the contact to confirm: opening a letter's link alone proves nothing, for programs open links too."""
    await throttle.spend("contact proof from", client_ip(request), ("30/10 minutes",))
    tenant = await gate.prove_contact(request.path_params["token"], is_confirmed=request.method == "POST")
    context = {"tenant": tenant, "is_done": request.method == "POST"}
    return await respond(request, "tenants/onboarding/contact.html", context)


_WHY = "whoever has the letter proves that it has arrived"
ROUTES: list[BaseRoute] = [
    tenant_route("/go-live", show, permission="dashboard.read", name="gate"),
    tenant_route("/go-live/fees", review_fees, permission="fees.activate", methods=WRITES),
    bank_route("/tenants/{id}/contact-proof", send_code, permission="bank.read", methods=WRITES),
    bank_route("/tenants/{id}/going-live", go_live, permission="applications.decide", methods=WRITES),
    public_route(
        "/contact-proof/{token}", contact, reason=_WHY, methods=("GET", "POST"), name="contact_proof"
    ),
]
