"""Paying ahead: begun, changed and ended on a page of the account."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import estate_route, root_of
from scenarios.community.meters.pages import KIND_WORDS
from scenarios.community.prepaid import service
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from ui.errors import Invalid
from ui.fields import Amount
from ui.formats import plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

WARN_MINOR = 2_000
"""What the form proposes: 20.00, 2,000 where the currency has no decimals."""


class PrepaidForm(BaseModel):
    """What is paid ahead, and when its holders are told that little is left."""

    kind: str = Field("water", title=N_("What is paid ahead"))
    warn_minor: Amount = Field(title=N_("Tell the holders when less than this is left"))


async def show(request: Request, actor: Actor) -> Response:
    """Show what an account pays ahead for."""
    warn = plain_amount(WARN_MINOR, actor.place["currency"])
    return await _show(request, actor, Form.blank(PrepaidForm, {"kind": "water", "warn_minor": warn}))


async def _show(request: Request, actor: Actor, form: Form[Any], status: int = 200) -> Response:
    account = await queries.account(actor, path_id(request))
    context = {
        "root": root_of(actor),
        "account": account,
        "plans": await service.plans_of([account.id]),
        "words": KIND_WORDS,
        "kinds": [(key, str(KIND_WORDS[key])) for key in ("water", "power")],
        "currency": actor.place["currency"],
        "form": form,
    }
    return await respond(request, "community/prepaid.html", context, status=status)


async def begin(request: Request, actor: Actor) -> Response:
    """Begin it, or change when its holders are told."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, PrepaidForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            await service.begin(actor, account.id, form.ok.kind, warn_minor=form.ok.warn_minor)
            flash = t("From now on readings spend what is stored. Holders top it up online or at the desk.")
            return redirect(request, f"{root_of(actor)}/accounts/{account.id}/prepaid", flash=flash)
        except Invalid as error:
            form.fail_with(error)
    return await _show(request, actor, form, status=422)


async def end(request: Request, actor: Actor) -> Response:
    """End it."""
    account = await queries.account(actor, path_id(request))
    await service.end(actor, account.id, str((await request.form()).get("kind", "")))
    flash = t("What these meters say goes on bills again.")
    return redirect(request, f"{root_of(actor)}/accounts/{account.id}/prepaid", flash=flash)


_ONE = "/accounts/{id}/prepaid"
ROUTES: list[BaseRoute] = [
    estate_route(_ONE, show, permission="accounts.write", name="prepaid"),
    estate_route(_ONE, begin, permission="accounts.write", methods=WRITES, name="prepaid_begin"),
    estate_route(_ONE + "/end", end, permission="accounts.write", methods=WRITES, name="prepaid_end"),
]
