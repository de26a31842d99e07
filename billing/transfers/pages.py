"""Transfers on pages: how a payer makes one, and what arrived for staff."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.bank_terms.document import TRANSFER
from billing.bank_terms.reading import bank_terms_of
from billing.credit.queries import SeenAccount, account_seen
from billing.lists import Listing, adding, list_page
from billing.models import VirtualAccount
from billing.payer.account import Card, add_card
from billing.payments.into import Payee, payees_of
from billing.transfers.opening import virtual_account
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route, tenant_route
from tenants.navigation import Place, add_tenant_places
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict
from ui.flash import Flash
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

add_tenant_places(Place(N_("Transfers"), "/transfers", "payments.read", "bank", 41))
TRANSFERS = Listing(
    name="transfers",
    filters=("state",),
    sorts={"created_at": "t.created_at", "amount_minor": "t.amount_minor"},
    default_sort="-created_at",
    lines=(adding("amount_minor"),),
    sql="""
select t.id, t.created_at, t.number, t.reference, t.payer_name, t.amount_minor, t.currency, t.payment_id,
       a.number account_number, p.number payment_number, s.owner_name
  from billing_transfer t
  left join tenants_account a on a.tenant_id = t.tenant_id and a.id = t.account_id
  left join billing_payment p on p.tenant_id = t.tenant_id and p.id = t.payment_id
  left join billing_suspense s on s.tenant_id = t.tenant_id and s.payment_id = t.payment_id and s.status = 'open'
 where t.tenant_id = $1 and ($2 = '' or t.reference ilike $2 or t.payer_name ilike $2 or t.number ilike $2
                             or a.number ilike $2)
   and ($3 = '' or ($3 = 'unknown') = (t.account_id is null))""",
)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "payment_number",
            t("Payment"),
            format="id",
            is_main=True,
            href=lambda r: f"{root}/payments/{r['payment_id']}",
        ),
        Column("created_at", t("Arrived"), format="datetime", sortable=True),
        Column("reference", t("Reference")),
        Column("payer_name", t("Payer"), format="name"),
        Column("account_number", t("Account"), format="name"),
        Column("owner_name", t("Owner")),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
    )


FILED = (Column("number", t("Number at the bank")),)


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download the transfers that arrived."""
    context = {"states": [("known", t("Account found")), ("unknown", t("Unknown reference"))]}
    columns = _columns(f"/t/{actor.place['slug']}")
    return await list_page(request, actor, TRANSFERS, columns, "billing/transfers/list.html", context, FILED)


_OPEN = """
select id, number, period, total_minor - paid_minor - adjusted_minor left_minor, currency from billing_bill
 where tenant_id = $1 and account_id = $2 and status in ('issued', 'part_paid') and held_until is null
 order by due_on, number limit 24
"""
"""Without what is only kept for its payer: that is paid on its own page, since a transfer may come too late for it."""


async def show(request: Request, actor: Actor) -> Response:
    """Say how to pay an account's bills by a transfer."""
    seen = await account_seen(path_id(request), actor.person_id)
    async with open_scope(tenant_scope(seen.tenant_id)):
        is_on = (await bank_terms_of(seen.tenant_id)).offers(TRANSFER)
    context: dict[str, Any] = {
        "account": seen,
        "is_on": is_on,
        "own": await VirtualAccount.filter(tenant_id=seen.tenant_id, account_id=seen.id).first(),
        "targets": await _targets(seen.tenant_id, await rows(_OPEN, seen.tenant_id, seen.id)),
    }
    return await respond(request, "billing/transfers/mine.html", context)


async def _targets(tenant_id: UUID, bills: Sequence[Any]) -> dict[Payee, list[Any]]:
    """Return each account that money is sent to, with the bills that are paid there."""
    payees = await payees_of(tenant_id, [(bill["id"], bill["currency"]) for bill in bills])
    targets: dict[Payee, list[Any]] = {}
    for bill in bills:
        if bill["id"] in payees:
            targets.setdefault(payees[bill["id"]], []).append(bill)
    return targets


async def open_own(request: Request, actor: Actor) -> Response:
    """Open the account's own number at the bank (outside of any scope)."""
    account_id = path_id(request)
    async with open_scope(actor.scope()):
        seen = await account_seen(account_id, actor.person_id)
    url = f"/my/accounts/{seen.id}/transfer"
    try:
        await virtual_account(actor, tenant_id=seen.tenant_id, account_id=seen.id)
    except Conflict as refused:
        return redirect(request, url, flash=Flash(refused.message, tone="warning"))
    return redirect(request, url, flash=t("Your account number for transfers is ready."))


async def transfer_card(actor: Actor, account: SeenAccount) -> Card | None:
    """Point to transfers on an account's page."""
    del actor
    text = t("Send money from your bank to an account number of your own, or with a reference.")
    return Card(t("Pay by transfer"), text, f"/my/accounts/{account.id}/transfer", t("See where to send it"))


add_card(transfer_card, order=40)
ROUTES: list[BaseRoute] = [
    tenant_route("/transfers", index, permission="payments.read", name="transfers"),
    person_route("/my/accounts/{id}/transfer", show, name="my_transfer"),
    person_route(
        "/my/accounts/{id}/transfer",
        open_own,
        methods=WRITES,
        name="my_virtual_account",
        is_transactional=False,
    ),
]
