"""Answering: a whole page, or the one block that htmx asked for and the handler named."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ui import hx
from ui.flash import Flash, add_flash, clear_flashes, read_flashes
from ui.formats import use_zone
from ui.forms import Form
from ui.i18n import Text, current_locale
from ui.settings import settings_of
from ui.shell import Shell, shell_of
from ui.templating import environment, render, serving, url_for

__all__ = ["environment", "page_context", "redirect", "render", "respond", "url_for"]


async def respond(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    block: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return ``template`` as a page, or its ``block`` when htmx asks for a part of the page.

    The server names the block, so that a client can never choose one that a template would have hidden. Asked for
    a part of a page that has none, it has the browser open the page itself: work that was watched is done.
    What is wrong with a form that the page no longer draws, since somebody else was quicker, stands above the page.
    Pages are private and never cached: they show what one person may see.
    """
    if block is None and status == HTTPStatus.OK and _only_reads_a_part(request):
        return Response(headers={"Vary": hx.VARY, "Cache-Control": "no-store", **hx.leave(_here(request))})
    shell = shell_of(request)
    full = {**page_context(request, shell), **(context or {})}
    wanted = block if hx.is_partial(request) else None
    with serving(request), use_zone(shell.zone):
        html = render(template, full, block=wanted)
        if status >= HTTPStatus.BAD_REQUEST and (unsaid := _unsaid(full, html)):
            full["flashes"] = [*full["flashes"], *unsaid]
            html = render(template, full, block=wanted)
        if wanted and full["flashes"]:
            html += str(environment().get_template("ui/flash_oob.html").render(full))
    response = HTMLResponse(html, status, {"Vary": hx.VARY, "Cache-Control": "no-store", **(headers or {})})
    clear_flashes(request, response)
    return response


def _unsaid(context: Mapping[str, Any], html: str) -> list[Flash]:
    """Return what is wrong with the forms of a page that has no summary of errors."""
    if 'id="errors"' in html:
        return []
    found = {id(one): one for one in context.values() if isinstance(one, Form)}.values()
    said = [(one.label(name) if name else "", text) for one in found for name, text in one.errors.items()]
    return [Flash(f"{label}: {text}" if label else text, tone="danger") for label, text in said]


def page_context(request: Request, shell: Shell) -> dict[str, Any]:
    """Return what every template may use: who and where, the language, the theme and waiting messages."""
    theme = request.cookies.get("theme", "")
    return {
        "request": request,
        "shell": shell,
        "layout": shell.layout,
        "flashes": read_flashes(request),
        "locale": current_locale(),
        "html_lang": current_locale().replace("_", "-"),
        "theme": theme if theme in {"light", "dark"} else "",
        "here": _here(request),
        "product": settings_of(request).product,
        "htmx_config": hx.CONFIG,
    }


def redirect(
    request: Request, url: str, *, flash: Text | Flash | str | None = None, status: int = 303
) -> Response:
    """Send the browser to ``url`` by GET, with a message for the page it arrives at.

    A fetch may not follow to another origin, and what it follows to would land inside the page that asked, so
    htmx is told to leave the page instead.
    """
    is_elsewhere = "://" in url and not url.startswith(str(request.base_url))
    if _only_reads_a_part(request) or (hx.is_partial(request) and is_elsewhere):
        response = Response(status_code=200, headers=hx.leave(url))
    else:
        response = RedirectResponse(url, status)
    response.headers["Cache-Control"] = "no-store"
    if flash is not None:
        add_flash(request, response, flash if isinstance(flash, Flash) else Flash(flash))
    return response


def _only_reads_a_part(request: Request) -> bool:
    return request.method == "GET" and hx.is_partial(request)


def _here(request: Request) -> str:
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else str(path)
