"""A payer's pages of stored money: what is there, how it came and went, topping it up."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.credit.queries import SeenAccount, account_seen
from billing.models import WalletTopUp
from billing.payer.account import Card, add_card
from billing.wallets import queries
from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.queries import SeenWallet
from billing.wallets.topping_up import top_up
from billing.wallets.words import FILED, MOVEMENTS, name_of
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import Amount
from ui.formats import money
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Page, TableQuery

MOST_EXPORTED = 100_000


class TopUp(BaseModel):
    """How much is to be stored."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))


async def wallet(request: Request, actor: Actor) -> Response:
    """Show what is stored, its movements, and the form to top it up; or all movements as a file."""
    del actor
    seen = await queries.wallet_seen(path_id(request))
    if wants_export(request):
        return await export(request, FILED, await queries.moves_of(seen, limit=MOST_EXPORTED), "movements")
    return await _page(request, seen, Form.blank(TopUp, {"key": new_token()}))


async def _page(request: Request, seen: SeenWallet, form: Form[TopUp], status: int = 200) -> Response:
    query = TableQuery.parse(request)
    found = await queries.moves_of(seen, limit=query.limit, offset=query.offset)
    kind = WALLET_KINDS.get(seen.kind)
    context: dict[str, Any] = {
        "wallet": seen,
        "name": name_of(seen.kind),
        "kind": kind,
        "may_top_up": kind is not None and kind.is_topped_up_online and seen.status == "open",
        "asked": await queries.asked_of(seen),
        "form": form,
        "page": Page.of(query, found, await queries.count_moves(seen)),
        "columns": MOVEMENTS,
    }
    return await respond(request, "billing/wallets/mine.html", context, block="list", status=status)


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for a top-up and go to pay it."""
    seen = await queries.wallet_seen(path_id(request))
    form = await bind(request, TopUp, context={"currency": seen.currency})
    if form.is_valid:
        try:
            made = await _ask(actor, seen, form.ok)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"/my/checkout?bill={made.bill_id}")
    return await _page(request, seen, form, 422)


async def _ask(actor: Actor, seen: SeenWallet, wanted: TopUp) -> WalletTopUp:
    kind = WALLET_KINDS.get(seen.kind)
    if kind is None or not kind.is_topped_up_online:
        raise Conflict("wallet.offline", t("This is topped up at the institution's desk only."))
    async with open_scope(tenant_scope(seen.tenant_id)):
        inside = actor.within(seen.tenant_id)
        return await top_up(inside, wallet_id=seen.id, amount_minor=wanted.amount, key=wanted.key)


async def after_paying(request: Request, actor: Actor) -> Response:
    """Lead from a paid top-up to what it was for."""
    del actor
    found = await WalletTopUp.get_or_none(id=path_id(request))
    if found is None:
        raise NotFound("wallet.not_found", t("There is no such store of money."))
    return redirect(request, f"/my/wallets/{found.wallet_id}")


async def wallet_card(actor: Actor, account: SeenAccount) -> Card | None:
    """Show an account's stored money on its page: the first of its purposes, which leads to it."""
    del actor
    found = await queries.wallets_of(account.tenant_id, account.id)
    if not found:
        return None
    text = ", ".join(
        f"{name_of(each['kind'])}: {money(each['balance_minor'], each['currency'])}" for each in found
    )
    href = f"/my/wallets/{found[0]['id']}" if len(found) == 1 else f"/my/accounts/{account.id}/wallets"
    return Card(t("Stored money"), text, href, t("See and top up"))


async def wallets(request: Request, actor: Actor) -> Response:
    """List what an account has stored, by purpose."""
    account = await account_seen(path_id(request), actor.person_id)
    found = await queries.wallets_of(account.tenant_id, account.id)
    context = {
        "account": account,
        "wallets": [{**dict(each), "name": name_of(each["kind"])} for each in found],
    }
    return await respond(request, "billing/wallets/mine_all.html", context)


add_card(wallet_card, order=12)
