"""One way to act on a complaint from any side's page: read what was sent, do it, go back, or show why not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from billing.answers.notes import keep_files
from billing.complaints import forms, service
from billing.models import Complaint
from tenants.actor import Actor
from tenants.http import path_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Forbidden, Invalid
from ui.flash import Flash
from ui.forms import bind
from ui.i18n import Text, t
from ui.render import redirect

M = TypeVar("M", bound=BaseModel)
Page = Callable[..., Awaitable[Response]]
Do = Callable[[Actor, Complaint, M], Awaitable[Text]]


def root_of(actor: Actor) -> str:
    """Return where this side's pages begin."""
    if actor.kind == "payer":
        return "/my"
    return f"/bank/{actor.place['slug']}" if actor.kind == "bank" else f"/t/{actor.place['slug']}"


def back(request: Request, actor: Actor, found: Complaint, flash: Any) -> Response:
    """Lead to the complaint's page as this side sees it."""
    return redirect(request, f"{root_of(actor)}/complaints/{found.id}", flash=flash)


@asynccontextmanager
async def inside(actor: Actor, found: Complaint) -> AsyncIterator[Actor]:
    """Give the actor as they act on a complaint: payers within the institution it is about, others where they are."""
    if actor.kind != "payer":
        yield actor
        return
    async with open_scope(tenant_scope(found.tenant_id)):
        yield actor.within(found.tenant_id)


async def act(
    request: Request, actor: Actor, page: Page, *, name: str, model: type[M], do: Do[M]
) -> Response:
    """Do what a form asks for; what is refused stands on the page again, in the form called ``name``."""
    found = await service.get(actor, path_id(request))
    sent = await bind(request, model, context={"currency": found.currency})
    if sent.is_valid:
        try:
            async with inside(actor, found) as acting:
                flash = await do(acting, found, sent.ok)
        except (Invalid, Conflict) as refused:
            sent.fail_with(refused)
        else:
            return back(request, actor, found, flash)
    return await page(request, actor, found, 422, **{name: sent})


async def say(actor: Actor, found: Complaint, typed: forms.Message) -> Text:
    """Write to all, ask whoever complains, or keep a note for the bank alone, as the button says."""
    files = await keep_files(found.tenant_id, typed.files)
    how = {"is_question": typed.act == "ask", "is_internal": typed.act == "note"}
    await service.say(actor, found.id, text=typed.text, files=files, **how)
    return t("Noted.") if how["is_internal"] else t("Sent.")


async def answer(actor: Actor, found: Complaint, typed: forms.Deciding) -> Text:
    """Decide it."""
    await service.answer(actor, found.id, **typed.model_dump())
    return t("It is decided, and they are told.")


async def reopen(actor: Actor, found: Complaint, typed: forms.Again) -> Text:
    """Do not agree with the answer."""
    await service.reopen(actor, found.id, text=typed.text)
    return t("It is open again. The bank looks at it now.")


async def end(request: Request, actor: Actor, edge: str = "") -> Response:
    """Be content with the answer, or take the complaint back; without an edge, whichever it is time for."""
    found = await service.get(actor, path_id(request))
    edge = edge or ("accept" if found.status == "answered" else "withdraw")
    try:
        async with inside(actor, found) as acting:
            await service.end(acting, found.id, edge=edge)
    except (Conflict, Forbidden) as refused:
        return back(request, actor, found, Flash(refused.message, tone="warning"))
    is_payer = actor.kind == "payer"
    return back(request, actor, found, t("Thank you. It is closed.") if is_payer else t("It is closed."))
