"""The accounts a payer holds, and adding one with the code on its printed bill."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.payer import queries
from tenants.accounts.confirmation import confirm_holder
from tenants.actor import Actor
from tenants.kinds import SCENARIOS
from tenants.navigation import other_places
from tenants.scope import open_scope
from ui.errors import Conflict, Invalid
from ui.formats import listed
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond


class Code(BaseModel):
    """The code as typed; spaces, hyphens and small letters do not matter."""

    code: str = Field(title=N_("Code on the bill"), max_length=60)


async def accounts(request: Request, actor: Actor) -> Response:
    """The person's accounts, and a field for the code of another; a printed link fills it in."""
    form = Form.blank(Code, {"code": request.query_params.get("code", "")[:60]})
    return await _page(request, actor, form)


async def _page(request: Request, actor: Actor, form: Form[Code], *, status: int = 200) -> Response:
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    found = await queries.accounts_of(actor.person_id)
    context: dict[str, Any] = {
        "form": form,
        "others": [
            (gettext(place.label), f"/my{place.path}")
            for place in other_places(actor.place.get("scenarios", ()))
        ],
        "accounts": [{**dict(each), "held_as": held_as(each)} for each in found],
    }
    return await respond(request, "billing/payer/accounts.html", context, status=status)


def held_as(account: Any) -> str:
    """Return the person's relations to an account in words."""
    names = SCENARIOS[account["scenario"]].relations if account["scenario"] in SCENARIOS else {}
    return listed(gettext(names.get(relation, relation)) for relation in account["relations"])


async def confirm(request: Request, actor: Actor) -> Response:
    """Add the account whose code was typed (outside of any scope: a refusal is kept in the audit trail)."""
    form = await bind(request, Code)
    if form.is_valid:
        try:
            await confirm_holder(actor, form.ok.code)
        except (Invalid, Conflict) as refused:
            form.fail("code", refused.fields.get("code", refused.message))
        else:
            return redirect(request, "/my", flash=t("The account is added. Its bills are here."))
    async with open_scope(actor.scope()):
        return await _page(request, actor, form, status=422)
