"""Moving out: asked, looked at and done by staff; the statement on page and paper, for staff and whoever left."""

import anyio.to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.payer.overview import pdf, wanted_locale
from scenarios.community.common import estate_route, nothing, resident_route, root_of
from scenarios.community.leaving import moving_out, paper
from scenarios.community.leaving.deposit_pages import kind_words
from scenarios.community.leaving.deposits import STATES
from scenarios.community.leaving.models import MoveOut
from scenarios.community.leaving.moving_out import MoveStatement, MoveTerms
from scenarios.community.meters.pages import KIND_WORDS
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.models import Account, Tenant
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond


class MoveForm(BaseModel):
    """The last day, and where whoever leaves is reached."""

    last_on: Day = Field(title=N_("Last day"))
    address: str = Field("", title=N_("Where they are reached afterwards"), max_length=200)
    act: str = Field("look", title=N_("Act"))


WORDS = {"deposits": kind_words, "states": STATES, "meters": KIND_WORDS}


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for the last day; or show the statement of somebody who has moved out."""
    account = await queries.account(actor, path_id(request))
    made = await moving_out.of_account(account.tenant_id, account.id)
    if made is not None:
        return await _done(request, actor, account, made)
    day = account.closed_on or await today_at(account.tenant_id)
    return await _ask(request, actor, account, Form.blank(MoveForm, {"last_on": day.isoformat()}), None)


async def _ask(
    request: Request, actor: Actor, account: Account, form: Form[MoveForm], found: MoveStatement | None
) -> Response:
    context = {
        "root": root_of(actor),
        "account": account,
        "form": form,
        "found": found,
        "words": {**WORDS, "deposits": kind_words()},
    }
    status = 422 if form.errors else 200
    return await respond(request, "community/leaving/move_out.html", context, status=status)


async def _done(request: Request, actor: Actor, account: Account, made: MoveOut) -> Response:
    root = root_of(actor)
    context = {
        "root": root,
        "account": account,
        "found": await moving_out.statement_of(made),
        "words": {**WORDS, "deposits": kind_words()},
        "paper": f"{root}/accounts/{account.id}/moving-out/pdf",
    }
    return await respond(request, "community/leaving/moved.html", context)


async def move_out(request: Request, actor: Actor) -> Response:
    """Show what moving out would come to, or do it."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, MoveForm)
    found = None
    if form.is_valid:
        terms = MoveTerms(form.ok.last_on, form.ok.address)
        try:
            if form.ok.act == "do":
                await moving_out.move_out(actor, account.id, terms)
                flash = t("Moved out. The statement is ready, and is beside the bills of whoever left.")
                return redirect(request, f"{root_of(actor)}/accounts/{account.id}/moving-out", flash=flash)
            found = await moving_out.preview(actor, account.id, terms)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _ask(request, actor, account, form, found)


async def staff_paper(request: Request, actor: Actor) -> Response:
    """Send the statement as a PDF to staff."""
    account = await queries.account(actor, path_id(request))
    made = await moving_out.of_account(account.tenant_id, account.id)
    if made is None:
        raise nothing()
    return await _paper(request, made)


async def _paper(request: Request, made: MoveOut) -> Response:
    locale = wanted_locale(request)
    found = await moving_out.statement_of(made)
    document = await paper.document_of(found, locale)
    content = await anyio.to_thread.run_sync(paper.render, document, locale)
    return pdf(content, f"move-out-{made.last_on}")


async def mine(request: Request, actor: Actor) -> Response:
    """Show whoever left their statement."""
    del actor
    made = await moving_out.seen(path_id(request))
    async with open_scope(tenant_scope(made.tenant_id)):
        found = await moving_out.statement_of(made)
        tenant = await Tenant.get(id=made.tenant_id)
    context = {
        "found": found,
        "tenant": tenant,
        "words": {**WORDS, "deposits": kind_words()},
        "paper": f"/my/moves/{made.id}/pdf",
    }
    return await respond(request, "community/leaving/mine.html", context)


async def my_paper(request: Request, actor: Actor) -> Response:
    """Send the statement as a PDF to whoever left."""
    del actor
    made = await moving_out.seen(path_id(request))
    async with open_scope(tenant_scope(made.tenant_id)):
        return await _paper(request, made)


_ONE = "/accounts/{id}/moving-out"
ROUTES: list[BaseRoute] = [
    estate_route(_ONE, ask, permission="bills.single", name="move_out_ask"),
    estate_route(_ONE, move_out, permission="bills.single", methods=WRITES, name="move_out"),
    estate_route(_ONE + "/pdf", staff_paper, permission="bills.read", name="move_out_pdf"),
    resident_route("/my/moves/{id}", mine, name="my_move"),
    resident_route("/my/moves/{id}/pdf", my_paper, name="my_move_pdf"),
]
