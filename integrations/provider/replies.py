"""How an answer travels back to an app: always with ``iss``, by redirect or by a form that sends itself."""

from collections.abc import Mapping
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from integrations.provider.asked import Asked
from tenants.runtime import runtime
from ui.render import respond
from ui.security import allow_form_action


async def reply(request: Request, asked: Asked, parameters: Mapping[str, str]) -> Response:
    """Send the browser back to the app's address, which has been checked, with the answer."""
    given = asked.payload.data
    told = {**parameters, "iss": runtime().public_url}
    if state := given.get("state"):
        told["state"] = state
    if given.get("response_mode") == "form_post":
        return await _by_form(request, given["redirect_uri"], told)
    return RedirectResponse(with_query(given["redirect_uri"], told), 303, {"Cache-Control": "no-store"})


async def refuse(request: Request, asked: Asked, error: OAuth2Error) -> Response:
    """Send the browser back with an error."""
    return await reply(request, asked, {name: value for name, value in error.get_body() if name != "state"})


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Return an address with more in its query, what was there left letter for letter."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


async def _by_form(request: Request, url: str, told: Mapping[str, str]) -> Response:
    """Our own form (OAuth 2.0 Form Post Response Mode): values stay as they are, and it works without scripts."""
    allow_form_action(request, url)
    return await respond(request, "integrations/provider/form_post.html", {"url": url, "told": told})


async def show(request: Request, error: OAuth2Error) -> Response:
    """Say an error to the person: it is not sure enough who asked for it to be told there."""
    context = {"error": error.error, "detail": str(error.description or "")}
    return await respond(request, "integrations/provider/refused.html", context, status=400)
