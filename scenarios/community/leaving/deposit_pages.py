"""Deposits: the list for staff, asking for one, giving it back; what a resident sees of theirs."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import list_page
from scenarios.community.common import estate_route, root_of, tenant_of
from scenarios.community.leaving import deposits
from scenarios.community.leaving.deposits import DEPOSITS, KINDS, STATES, TONES, DepositTerms
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id
from tenants.models import Account
from ui.errors import Conflict, Invalid
from ui.fields import Amount
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column


class AskForm(BaseModel):
    """What a deposit is asked for."""

    kind: str = Field(title=N_("For what"))
    label: str = Field("", title=N_("Number of the card, or what is being done"), max_length=100)
    amount_minor: Amount = Field(title=N_("Amount"))
    key: str = Field("", title=N_("Number of this try"), max_length=60)


class BackForm(BaseModel):
    """How much of it is kept, and why."""

    kept_minor: Amount = Field(title=N_("Kept of it"))
    reason: str = Field("", title=N_("Kept for"), max_length=200)


def kind_words() -> dict[str, str]:
    """Return what deposits are for, by key, in the reader's language."""
    return {key: gettext(words) for key, words in KINDS.items()}


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "unit", t("Unit"), is_main=True, sortable=True, href=lambda one: f"{root}/deposits/{one['id']}"
        ),
        Column("kind", t("For what"), format=lambda value, _row: gettext(KINDS[value])),
        Column("label", t("Details")),
        Column("status", t("State"), format="badge", tones=TONES, words=STATES),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
        Column("kept_minor", t("Kept of it"), format="money"),
        Column("created_at", t("Asked for"), format="date", sortable=True),
        Column("returned_at", t("Given back"), format="date"),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download the deposits."""
    context = {
        "root": root_of(actor),
        "states": [(key, str(words)) for key, words in STATES.items()],
        "kinds": list(kind_words().items()),
    }
    columns = _columns(root_of(actor))
    return await list_page(request, actor, DEPOSITS, columns, "community/leaving/deposits.html", context)


async def new(request: Request, actor: Actor) -> Response:
    """Ask for what a deposit is asked."""
    account = await queries.account(actor, path_id(request))
    return await _new(
        request, actor, account, Form.blank(AskForm, {"key": new_token(), "kind": "access_card"})
    )


async def _new(
    request: Request, actor: Actor, account: Account, form: Form[AskForm], status: int = 200
) -> Response:
    context = {
        "root": root_of(actor),
        "account": account,
        "form": form,
        "kinds": list(kind_words().items()),
        "currency": actor.place["currency"],
    }
    return await respond(request, "community/leaving/ask.html", context, status=status)


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for a deposit."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, AskForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        said = form.ok
        try:
            terms = DepositTerms(said.kind, said.amount_minor, said.label)
            made = await deposits.ask(actor, account.id, terms, key=said.key or new_token())
            flash = t("Asked for. It is paid like a bill, online or at the desk, within two weeks.")
            return redirect(request, f"{root_of(actor)}/deposits/{made.id}", flash=flash)
        except Invalid as error:
            form.fail(
                "amount_minor" if "amount" in error.fields else next(iter(error.fields), ""), error.message
            )
        except Conflict as error:
            form.fail("", error.message)
    return await _new(request, actor, account, form, status=422)


async def show(request: Request, actor: Actor) -> Response:
    """Show one deposit."""
    return await _show(request, actor, Form.blank(BackForm, {"kept_minor": "0"}))


async def _show(request: Request, actor: Actor, form: Form[BackForm], status: int = 200) -> Response:
    one: dict[str, Any] = await deposits.one_of(tenant_of(actor), path_id(request))
    context = {
        "actor": actor,
        "root": root_of(actor),
        "one": one,
        "kind": gettext(KINDS[one["kind"]]),
        "state": {"words": STATES[one["status"]], "tone": TONES[one["status"]]},
        "form": form,
        "may_return": actor.may("facilities.write") and one["status"] == "held",
    }
    return await respond(request, "community/leaving/deposit.html", context, status=status)


async def give_back(request: Request, actor: Actor) -> Response:
    """Give it back."""
    form = await bind(request, BackForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        said = form.ok
        try:
            await deposits.give_back(
                actor, path_id(request), kept_minor=said.kept_minor, reason=said.reason
            )  # fmt: skip
            flash = t("It goes back to where it came from. Cash is paid out at the desk, under Refunds.")
            return redirect(request, f"{root_of(actor)}/deposits/{path_id(request)}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _show(request, actor, form, status=422)


ROUTES: list[BaseRoute] = [
    estate_route("/deposits", index, permission="accounts.read", name="deposits"),
    estate_route("/deposits/{id}", show, permission="accounts.read", name="deposit"),
    estate_route(
        "/deposits/{id}/return",
        give_back,
        permission="facilities.write",
        methods=WRITES,
        name="deposit_return",
    ),
    estate_route("/accounts/{id}/deposits/new", new, permission="facilities.write", name="deposit_new"),
    estate_route(
        "/accounts/{id}/deposits", ask, permission="facilities.write", methods=WRITES, name="deposit_ask"
    ),
]
