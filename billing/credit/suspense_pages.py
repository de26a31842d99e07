"""Unassigned money to an account's credit: find the account, say why."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.credit.crediting import credit_suspense
from billing.models import Suspense
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from tenants.scope import rows
from tenants.search import containing
from ui.errors import Conflict, Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

_ACCOUNTS = """
select id, number, name from tenants_account
 where tenant_id = $1 and (number ilike $2 or name ilike $2) order by sort_key, number limit 12
"""


class ToCredit(BaseModel):
    """Whose credit it becomes, and why."""

    key: str = ""
    account: UUID | None = Field(None, title=N_("Account"))
    reason: str = Field(title=N_("Why"), max_length=500)


async def choose(request: Request, actor: Actor) -> Response:
    """Find the account whose credit unassigned money becomes."""
    return await _page(
        request, actor, await _held(request, actor), Form.blank(ToCredit, {"key": new_token()})
    )


async def _held(request: Request, actor: Actor) -> Suspense:
    found = await Suspense.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("suspense.not_found", t("There is no such unassigned money."))
    return found


async def _page(
    request: Request, actor: Actor, held: Suspense, form: Form[ToCredit], status: int = 200
) -> Response:
    sent = request.query_params if request.method == "GET" else await request.form()
    words = str(sent.get("q", ""))[:100].replace("\x00", "").strip()
    context: dict[str, Any] = {
        "held": held,
        "form": form,
        "q": words,
        "accounts": await rows(_ACCOUNTS, held.tenant_id, containing(words)) if words else [],
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "billing/credit/suspense.html", context, status=status)


async def credit(request: Request, actor: Actor) -> Response:
    """Put unassigned money to an account's credit."""
    held = await _held(request, actor)
    form = await bind(request, ToCredit)
    if form.is_valid and form.ok.account is None:
        form.fail("account", t("Choose the account."))
    if form.is_valid and form.ok.account is not None:
        try:
            made = await credit_suspense(
                actor,
                suspense_id=held.id,
                account_id=form.ok.account,
                reason=form.ok.reason,
                key=form.ok.key,
            )
        except (Invalid, Conflict, NotFound) as refused:
            form.fail_with(refused)
        else:
            url = f"/t/{actor.place['slug']}/credit/{made}"
            return redirect(request, url, flash=t("It is the account's credit now."))
    return await _page(request, actor, held, form, 422)
