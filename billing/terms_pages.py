"""The institution's terms, one form for each section; sections are data that their packages add."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.terms import Section, save_terms, terms_of
from tenants.actor import Actor
from tenants.http import WRITES, tenant_route
from ui.errors import Conflict, Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import Text, t
from ui.render import redirect, respond


@dataclass(frozen=True, slots=True)
class TermsPage:
    """One section's form. ``shown`` fills it from the terms, ``read`` makes terms of it (``Invalid`` where wrong)."""

    title: Text
    lede: Text
    terms: type[Section]
    form: type[BaseModel]
    template: str
    shown: Callable[[Any, str], dict[str, Any]]
    read: Callable[[Any, str], Section]
    more: Callable[[Actor], Awaitable[dict[str, Any]]] | None = None
    """What its template needs besides the form."""
    scenario: str = ""
    """The industry whose institutions alone have it; empty for all."""


PAGES: dict[str, TermsPage] = {}


def add_terms_page(page: TermsPage) -> None:
    """Show a section among the institution's terms; safe to call again."""
    PAGES[page.terms.section] = page


def pages_of(actor: Actor) -> dict[str, TermsPage]:
    """Return the sections that the actor's institution has, by key."""
    scenarios = ("", *actor.place.get("scenarios", ()))
    return {key: page for key, page in sorted(PAGES.items()) if page.scenario in scenarios}


def _page_of(request: Request, actor: Actor) -> TermsPage:
    page = pages_of(actor).get(request.path_params["section"])
    if page is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return page


async def show(request: Request, actor: Actor) -> Response:
    """Show a section of the terms as it is in force."""
    page = _page_of(request, actor)
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    kept = await terms_of(actor.tenant_id, page.terms)
    return await _page(request, actor, page, Form.blank(page.form, page.shown(kept, actor.place["currency"])))


async def _page(
    request: Request, actor: Actor, page: TermsPage, form: Form[Any], status: int = 200
) -> Response:
    root = f"/t/{actor.place['slug']}"
    context = {
        "page": page,
        "form": form,
        "currency": actor.place["currency"],
        "root": root,
        "action": f"{root}/settings/terms/{page.terms.section}",
        "tabs": _tabs(actor, root, page),
    }
    context |= await page.more(actor) if page.more else {}
    return await respond(request, page.template, context, status=status)


def _tabs(actor: Actor, root: str, page: TermsPage) -> list[tuple[Text, str, bool]]:
    found = pages_of(actor)
    return [(each.title, f"{root}/settings/terms/{key}", each is page) for key, each in found.items()]


async def save(request: Request, actor: Actor) -> Response:
    """Keep a section of the terms."""
    page = _page_of(request, actor)
    form = await bind(request, page.form, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            await save_terms(actor, page.read(form.ok, actor.place["currency"]))
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, request.url.path, flash=t("Saved. It holds from now on."))
    return await _page(request, actor, page, form, 422)


ROUTES: list[BaseRoute] = [
    tenant_route("/settings/terms/{section}", show, permission="settings.write", name="terms"),
    tenant_route(
        "/settings/terms/{section}", save, permission="settings.write", methods=WRITES, name="save_terms"
    ),
]
