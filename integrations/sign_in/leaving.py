"""Leaving: the session ends here first, then apps forget it in this browser, then the way leads on."""

from starlette.requests import Request
from starlette.responses import Response

from integrations.sign_in.logout import Left, sign_out
from tenants import sessions
from ui.flash import Flash, add_flash
from ui.i18n import t
from ui.render import redirect, respond
from ui.security import allow_frame


async def leave(request: Request, target: str = "") -> Response:
    """End this browser's session and lead on: to ``target``, an app's own address, else to the bank's signing out."""
    token = request.cookies.get(sessions.COOKIE, "")
    left = await sign_out(token) if token else Left()
    response = await onward(request, left, target)
    sessions.clear_cookie(response)
    return response


async def onward(request: Request, left: Left, target: str) -> Response:
    """Return the page that tells apps and leads on, or at once what comes next where there is nothing to show.

    A form may not lead to another site, so the bank is reached by way of a page; an app's address was registered.
    """
    if not left.frames and target:
        return redirect(request, target)
    if not left.frames and not left.at_bank:
        return redirect(request, "/", flash=t("You are signed out."))
    for address in left.frames:
        allow_frame(request, address)
    context = {
        "url": target or left.at_bank or "/",
        "frames": left.frames,
        "is_bank": not target and bool(left.at_bank),
    }
    response = await respond(request, "integrations/sign_in/leaving.html", context)
    if not target:
        add_flash(request, response, Flash(t("You are signed out.")))
    return response
