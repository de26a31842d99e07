"""Where a fee is paid to, for institutions that have more accounts than one: a canteen's, a repair fund's."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import fees
from billing.charges.fee_words import root_of
from billing.models import FeeItem, SettlementAccount
from billing.names import localized
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond


class DestinationForm(BaseModel):
    """Where a fee is paid to."""

    settlement_account_id: UUID = Field(title=N_("Paid to"))


def meant(item: FeeItem, accounts: list[SettlementAccount]) -> SettlementAccount | None:
    """Return which of the accounts a fee is paid to: its own, else the first."""
    return next((one for one in accounts if one.id == item.settlement_account_id), next(iter(accounts), None))


async def show(request: Request, actor: Actor) -> Response:
    """Show where a fee is paid to, and where else it could be."""
    item = (await fees.get_item(actor, path_id(request))).item
    accounts = await fees.destinations(actor, item)
    found = meant(item, accounts)
    chosen = {"settlement_account_id": str(found.id)} if found else {}
    return await _page(request, item, accounts, Form.blank(DestinationForm, chosen))


async def _page(
    request: Request, item: FeeItem, accounts: list[SettlementAccount], form: Form[Any], status: int = 200
) -> Response:
    context = {
        "item": item,
        "name": localized(item.names),
        "form": form,
        "accounts": [(str(one.id), one.text) for one in accounts],
        "root": root_of(request),
    }
    return await respond(request, "billing/charges/fee_destination.html", context, status=status)


async def direct(request: Request, actor: Actor) -> Response:
    """Have a fee paid to another account of the institution."""
    item = (await fees.get_item(actor, path_id(request))).item
    form = await bind(request, DestinationForm)
    if form.is_valid:
        try:
            await fees.set_destination(actor, item.id, settlement_account_id=form.ok.settlement_account_id)
        except (Invalid, Conflict) as error:
            form.fail_with(error)
        else:
            flash = t("It is paid there from now on.")
            return redirect(request, f"{root_of(request)}/fees/{item.id}", flash=flash)
    return await _page(request, item, await fees.destinations(actor, item), form, status=422)


_RIGHT = "fees.activate"
ROUTES: list[BaseRoute] = [
    tenant_route("/fees/{id}/account", show, permission=_RIGHT, name="fee_destination"),
    tenant_route("/fees/{id}/account", direct, permission=_RIGHT, methods=WRITES, name="direct_fee"),
]
