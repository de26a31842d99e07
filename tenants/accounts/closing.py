"""Closing an account with a last day, after everybody concerned has said what that means."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.accounts import queries, services
from tenants.accounts.forms import ClosingForm
from tenants.actor import Actor
from tenants.days import today_of
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import Text, gettext, t
from ui.render import redirect, respond

Warn = Callable[[Actor, Account], Awaitable[Text | None]]
_warnings: list[Warn] = []


def add_warning(source: Warn) -> None:
    """Have ``source(actor, account)`` say what closing an account leaves open; safe to call again."""
    if source not in _warnings:
        _warnings.append(source)


async def closing(request: Request, actor: Actor) -> Response:
    """Ask for the last day, and say what stays open."""
    found = await queries.account(actor, path_id(request))
    return await _ask(
        request, actor, found, Form.blank(ClosingForm, {"closed_on": today_of(actor).isoformat()})
    )


async def _ask(
    request: Request, actor: Actor, found: Account, form: Form[ClosingForm], status: int = 200
) -> Response:
    root = _url(actor, found)
    told = [await source(actor, found) for source in _warnings]
    context = {
        "title": gettext("Close {account}?", account=found.name),
        "lede": gettext(
            "It gets no new bills from now on. What it owes stays owed, and you can open it again."
        ),
        "warnings": [text for text in told if text],
        "action": f"{root}/closing",
        "label": gettext("Close the account"),
        "tone": "danger",
        "cancel": root,
        "form": form,
    }
    return await respond(request, "tenants/accounts/closing.html", context, status=status)


async def close(request: Request, actor: Actor) -> Response:
    """Close the account."""
    found = await queries.account(actor, path_id(request))
    form = await bind(request, ClosingForm)
    if form.is_valid:
        try:
            await services.close(actor, found.id, on=form.ok.closed_on)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, _url(actor, found), flash=t("The account is closed."))
    return await _ask(request, actor, found, form, status=422)


async def reopen(request: Request, actor: Actor) -> Response:
    """Open the account again."""
    found = await services.reopen(actor, path_id(request))
    return redirect(request, _url(actor, found), flash=t("The account is open again."))


def _url(actor: Actor, found: Account) -> str:
    return f"/t/{actor.place['slug']}/accounts/{found.id}"


_ONE = "/accounts/{id}/closing"
ROUTES: list[BaseRoute] = [
    tenant_route(_ONE, closing, permission="accounts.write", name="closing_account"),
    tenant_route(_ONE, close, permission="accounts.write", methods=WRITES, name="close_account"),
    tenant_route(
        "/accounts/{id}/opening", reopen, permission="accounts.write", methods=WRITES, name="open_account"
    ),
]
