"""An invitation's page: who invites to what, what stands in the way, and taking it up."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.sign_in.pages import allow_bank, branded, plain
from integrations.sign_in.provider import provider_for
from tenants import invitations
from tenants.actor import Actor
from tenants.http import WRITES, person_route, public_route, who_is
from tenants.invitations import Offer
from tenants.navigation import start_of
from ui.errors import NotFound
from ui.i18n import Text, t
from ui.render import redirect, respond
from ui.shell import Shell

GONE = 410


async def show(request: Request) -> Response:
    """Show the invitation to the bearer of its link."""
    token = request.path_params["token"]
    offer = await invitations.look(token)
    if offer is None:
        raise NotFound("invitation.not_found", t("This link does not lead to an invitation."))
    actor = await who_is(request)
    provider = await provider_for(offer.bank.id)
    if actor is not None:
        plain(request)
    if provider is not None:
        request.state.shell = branded(provider, request.state.shell if actor else Shell())
    if provider is not None:
        await allow_bank(request, provider)
    path = f"/invitations/{token}"
    context = {
        "offer": offer,
        "obstacle": invitations.obstacle(offer, actor),
        "actor": actor,
        "has_provider": provider is not None,
        "path": path,
        "confirm": f"/sign-in/confirm?next={quote(path, safe='')}",
        "facts": _facts(offer),
    }
    status = 200 if offer.state == "open" else GONE
    return await respond(request, "integrations/sign_in/invitation.html", context, status=status)


def _facts(offer: Offer) -> list[tuple[Text, Text | str]]:
    return [
        (t("Institution"), offer.tenant.name),
        (t("Unified social credit code"), offer.tenant.uscc),
        (t("Your role"), Text(offer.role)),
        (t("Invited person"), offer.invitation.name),
        (t("Invited by"), offer.invitation.invited_by_name),
    ]


async def accept(request: Request, actor: Actor) -> Response:
    """Take the invitation up and go where it leads."""
    offer = await invitations.accept(actor, request.path_params["token"])
    welcome = t("Welcome. You now work for {tenant}.", tenant=offer.tenant.short_name)
    return redirect(request, start_of(offer.tenant.slug), flash=welcome)


ROUTES: list[BaseRoute] = [
    public_route(
        "/invitations/{token}", show, reason="The link's secret opens this one page.", name="invitation"
    ),
    person_route("/invitations/{token}/acceptance", accept, methods=WRITES, name="invitation_accept"),
]
