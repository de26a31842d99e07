"""Stored money for a tenant's staff: the list, one wallet with its movements, money at the desk, paying out."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.channels.counter import CASH, METHODS
from billing.lists import list_page
from billing.wallets import queries
from billing.wallets.kinds import WALLET_KINDS, wallet_names
from billing.wallets.paying_out import pay_out
from billing.wallets.queries import WALLETS, SeenWallet
from billing.wallets.service import open_wallet
from billing.wallets.topping_up import take_top_up
from billing.wallets.words import FILED, MOVEMENTS, name_of
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from tenants.models import Account
from tenants.scope import open_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import Amount
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_EXPORTED = 100_000


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "account_number",
            t("Account"),
            is_main=True,
            sortable=True,
            href=lambda row: f"{root}/wallets/{row['id']}",
        ),
        Column("account_name", t("Name"), format="name"),
        Column("kind", t("Purpose"), format=lambda value, _row: name_of(value)),
        Column("moved_at", t("Last movement"), format="date", sortable=True),
        Column("balance_minor", t("Stored"), format="money", sortable=True),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download what accounts have stored."""
    context = {
        "kinds": list(wallet_names().items()),
        "states": [("stored", t("Something is stored")), ("empty", t("Empty"))],
    }
    columns = _columns(f"/t/{actor.place['slug']}")
    return await list_page(request, actor, WALLETS, columns, "billing/wallets/list.html", context)


class Taken(BaseModel):
    """Money taken for it at the desk."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))
    method: str = Field(CASH, title=N_("How it was paid"))
    reference: str = Field("", title=N_("Number on the slip, cheque or transfer"), max_length=100)
    payer_name: str = Field("", title=N_("Name of the payer"), max_length=100)


class Out(BaseModel):
    """How much goes back, and why."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))
    reason: str = Field(title=N_("Why"), max_length=500)


async def wallet(request: Request, actor: Actor) -> Response:
    """One wallet: what is in it, its movements, and what may be done; or all movements as a file."""
    seen = await queries.wallet_seen(path_id(request))
    if wants_export(request):
        return await export(request, FILED, await queries.moves_of(seen, limit=MOST_EXPORTED), "movements")
    return await _page(request, actor, seen)


async def _page(request: Request, actor: Actor, seen: SeenWallet) -> Response:
    query = TableQuery.parse(request)
    found = await queries.moves_of(seen, limit=query.limit, offset=query.offset)
    context: dict[str, Any] = {
        "wallet": seen,
        "name": name_of(seen.kind),
        "kind": WALLET_KINDS.get(seen.kind),
        "page": Page.of(query, found, await queries.count_moves(seen)),
        "columns": MOVEMENTS,
        "root": f"/t/{actor.place['slug']}",
        "actor": actor,
    }
    return await respond(request, "billing/wallets/one.html", context, block="list")


async def new_taking(request: Request, actor: Actor) -> Response:
    """The form for money that is taken for a wallet at the desk."""
    seen = await queries.wallet_seen(path_id(request))
    form = Form.blank(Taken, {"key": new_token(), "method": CASH})
    return await _form(request, actor, seen, "take", form)


async def new_payout(request: Request, actor: Actor) -> Response:
    """The form for money that is paid out of a wallet."""
    seen = await queries.wallet_seen(path_id(request))
    return await _form(request, actor, seen, "pay_out", Form.blank(Out, {"key": new_token()}))


async def _form(  # noqa: PLR0917 - the parts of one page
    request: Request, actor: Actor, seen: SeenWallet, what: str, form: Form[Any], status: int = 200
) -> Response:
    context: dict[str, Any] = {
        "wallet": seen,
        "name": name_of(seen.kind),
        "kind": WALLET_KINDS.get(seen.kind),
        "form": form,
        "methods": [(key, t(name)) for key, name in METHODS.items()],
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, f"billing/wallets/{what}.html", context, status=status)


async def take(request: Request, actor: Actor) -> Response:
    """Take money for a wallet at the desk (outside of any scope)."""
    async with open_scope(actor.scope()):
        seen = await queries.wallet_seen(path_id(request))
    form = await bind(request, Taken, context={"currency": seen.currency})
    if form.is_valid:
        said = form.ok
        try:
            paid = await take_top_up(
                actor,
                wallet_id=seen.id,
                amount_minor=said.amount,
                method=said.method,
                key=said.key,
                reference=said.reference,
                payer_name=said.payer_name,
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"/t/{actor.place['slug']}/desk/payments/{paid}")
    async with open_scope(actor.scope()):
        return await _form(request, actor, seen, "take", form, 422)


async def give_out(request: Request, actor: Actor) -> Response:
    """Pay out of a wallet to where the money came from."""
    seen = await queries.wallet_seen(path_id(request))
    form = await bind(request, Out, context={"currency": seen.currency})
    if form.is_valid:
        said = form.ok
        try:
            await pay_out(
                actor, wallet_id=seen.id, amount_minor=said.amount, reason=said.reason, key=said.key
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            url = f"/t/{actor.place['slug']}/wallets/{seen.id}"
            return redirect(request, url, flash=t("The payout is asked for. It goes back the way it came."))
    return await _form(request, actor, seen, "pay_out", form, 422)


async def open_one(request: Request, actor: Actor) -> Response:
    """Open a wallet that staff may open by hand, and go to it."""
    form = await request.form()
    kind = WALLET_KINDS.get(str(form.get("kind", "")))
    if kind is None or not kind.is_opened_by_hand:
        raise NotFound("wallet.no_kind", t("There is no such purpose."))
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    made = await open_wallet(actor.tenant_id, path_id(request), kind.key)
    return redirect(request, f"/t/{actor.place['slug']}/wallets/{made.id}")


async def wallet_panel(actor: Actor, account: Account) -> Panel | None:
    """Return what an account has stored, for those who may see payments; and what may be opened for it."""
    if not actor.may("payments.read"):
        return None
    found = await queries.wallets_of(account.tenant_id, account.id)
    has = {each["kind"] for each in found}
    by_hand = [kind for kind in WALLET_KINDS.values() if kind.is_opened_by_hand and kind.key not in has]
    openable = by_hand if actor.may("payments.take") and account.is_active else []
    if not found and not openable:
        return None
    wallets = [{**dict(each), "name": name_of(each["kind"])} for each in found]
    action = f"/t/{actor.place['slug']}/accounts/{account.id}/wallets"
    return Panel(
        "billing/wallets/account_panel.html",
        {"wallets": wallets, "root": f"/t/{actor.place['slug']}", "openable": openable, "action": action},
    )


add_panel(wallet_panel, order=16)
