"""The page on which guardians agree who pays how much of a child's bills, and pay their part."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.payer.amounts import address
from scenarios.education.family import sharing
from scenarios.education.family.children import Child, child_of
from scenarios.education.family.sharing import Guardian, Standing
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.flash import Flash
from ui.forms import Form
from ui.i18n import t
from ui.render import redirect, respond


class SharesForm(BaseModel):
    """The form's own fields are named after the guardians (``percent-{person}``)."""


async def show(request: Request, actor: Actor) -> Response:
    """Show what is agreed, what waits for an answer, and the form for another proposal."""
    child = await child_of(actor, path_id(request, "account_id"))
    return await _page(request, actor, child, None)


async def _page(
    request: Request, actor: Actor, child: Child, form: Form[SharesForm] | None, status: int = 200
) -> Response:
    async with open_scope(tenant_scope(child.tenant_id)):
        guardians = await sharing.guardians_of(child) if child.may_sign else []
    found = await sharing.standing(child)
    context: dict[str, Any] = {
        "child": child,
        "guardians": guardians,
        "agreed": found.get("agreed"),
        "proposed": found.get("proposed"),
        "me": actor.person_id,
        "form": form or Form.blank(SharesForm, _first(guardians, found)),
        "root": f"/my/school/{child.account_id}",
        **await _mine(actor, child, found.get("agreed")),
    }
    return await respond(request, "education/my/shares.html", context, status=status)


async def _mine(actor: Actor, child: Child, agreed: Standing | None) -> dict[str, Any]:
    """Return the reader's part of each open bill, and the address that pays what is left of it."""
    if agreed is None or actor.person_id is None or agreed.part_of(actor.person_id) is None:
        return {"shares": [], "pay": ""}
    found = await sharing.bills_of(child, actor.person_id, agreed)
    asked = [(one.bill["id"], one.due_minor, one.bill["currency"]) for one in found if one.due_minor]
    return {
        "shares": found,
        "pay": address("/my/checkout", asked) if asked else "",
        "mine_minor": sum(one.due_minor for one in found),
        "later_minor": sum(one.later_minor for one in found),
    }


def _first(guardians: list[Guardian], found: dict[str, Standing]) -> dict[str, str]:
    """Return what the form begins with: what holds, or equal parts."""
    agreed = found.get("agreed")
    each, more = divmod(sharing.WHOLE, max(1, len(guardians)))
    parts = {one["person_id"]: one["percent"] for one in agreed.parts} if agreed else {}
    return {
        f"percent-{one.person_id}": str(parts.get(one.person_id, each + (n < more)))
        for n, one in enumerate(guardians)
    }


async def propose(request: Request, actor: Actor) -> Response:
    """Propose who pays how much."""
    child = await child_of(actor, path_id(request, "account_id"))
    sent = await request.form()
    form = Form(SharesForm, {name: [str(value)] for name, value in sent.items()}, is_sent=True)
    try:
        async with open_scope(tenant_scope(child.tenant_id)):
            await sharing.propose(actor, child, _percents(form))
    except Invalid as refused:
        form.fail_with(refused)
        return await _page(request, actor, child, form, 422)
    return redirect(request, _here(child), flash=t("Sent. It holds once every guardian has agreed."))


def _percents(form: Form[SharesForm]) -> dict[UUID, int]:
    found = {}
    for name in form.values:
        text = str(form.value(name)).strip()
        try:
            person_id = UUID(name.removeprefix("percent-"))
        except ValueError:
            continue
        found[person_id] = int(text) if text.isascii() and text.isdigit() and len(text) <= len("100") else -1
    return found


async def agree(request: Request, actor: Actor) -> Response:
    """Say yes to a proposal."""
    child = await child_of(actor, path_id(request, "account_id"))
    try:
        async with open_scope(tenant_scope(child.tenant_id)):
            await sharing.agree(actor, child, path_id(request))
    except Conflict as refused:
        return redirect(request, _here(child), flash=Flash(refused.message, tone="warning"))
    return redirect(request, _here(child), flash=t("Agreed."))


async def close(request: Request, actor: Actor) -> Response:
    """End what is agreed, or say no to a proposal."""
    child = await child_of(actor, path_id(request, "account_id"))
    async with open_scope(tenant_scope(child.tenant_id)):
        await sharing.close(actor, child, path_id(request))
    return redirect(request, _here(child), flash=t("It does not hold any more."))


def _here(child: Child) -> str:
    return f"/my/school/{child.account_id}/shares"


_ROOT = "/my/school/{account_id}/shares"
ROUTES: list[BaseRoute] = [
    person_route(_ROOT, show, name="my_shares"),
    person_route(_ROOT, propose, methods=WRITES, name="my_shares_propose"),
    person_route(_ROOT + "/{id}/agreement", agree, methods=WRITES, name="my_shares_agree"),
    person_route(_ROOT + "/{id}/ending", close, methods=WRITES, name="my_shares_end"),
]
