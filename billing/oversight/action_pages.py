"""What a relationship manager should do next: open suggestions with their reasons, and what became of the others."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from tortoise.expressions import Q, Subquery

from billing.models import NextAction
from billing.oversight import actions
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Tenant
from tenants.onboarding import queries
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.shell import Tone
from ui.tables import Column, Page, TableQuery

READ = "oversight.read"
MOST = 20_000
STATES: dict[str, Text] = {"open": t("Open"), "done": t("Followed"), "dismissed": t("Dismissed")}
TONES: dict[str, Tone] = {"open": "warning", "done": "success"}
CLOSED = (
    Column("closed_at", t("When"), format="date"),
    Column("name", t("What"), is_main=True),
    Column("tenant", t("Institution")),
    Column("reason", t("Why")),
    Column("status", t("State"), format="badge", words=STATES, tones=TONES),
    Column("closed_by_name", t("By")),
    Column("note", t("Note")),
)


class ClosingForm(BaseModel):
    """What became of a suggestion."""

    status: str = Field("", title=N_("State"))
    note: str = Field("", title=N_("Note"), max_length=300)


async def listed(request: Request, actor: Actor) -> Response:
    """Show what to do next, with the reason for each, and what was closed; all of it as a file."""
    query = _query(request)
    found = await _asked(actor, query)
    if wants_export(request):
        every = await _told(await found.order_by("status", "-id").limit(MOST))
        return await export(
            request, (Column("created_at", t("Since"), format="date"), *CLOSED), every, "actions"
        )
    return await _page(request, actor)


def _query(request: Request) -> TableQuery:
    return TableQuery.parse(request, filters=("key", "branch", "mine"))


async def _page(
    request: Request, actor: Actor, wrong: NextAction | None = None, form: Form[ClosingForm] | None = None
) -> Response:
    """Answer with the page; with 422 and the suggestion on top whose closing was not taken."""
    query = _query(request)
    found = await _asked(actor, query)
    still = found.filter(status="open")
    rows = await _told(await still.order_by("-id").offset(query.offset).limit(query.limit))
    if wrong is not None:
        rows = [*await _told([wrong]), *(row for row in rows if row["id"] != wrong.id)]
    closed = await found.exclude(status="open").order_by("-closed_at").limit(query.per)
    context = {
        "page": Page.of(query, rows, await still.count()),
        "closed": await _told(closed),
        "columns": CLOSED,
        "keys": [(rule.key, gettext(rule.name)) for rule in actions.RULES],
        "branches": [(str(one.id), one.name) for one in await queries.branches(actor)],
        "root": f"/bank/{actor.place['slug']}",
        "may_close": actor.works_with_institutions(),
        "form": form,
        "wrong": wrong,
    }
    return await respond(request, "billing/oversight/actions.html", context, status=422 if form else 200)


async def _asked(actor: Actor, query: TableQuery) -> Any:
    """Return the suggestions that the filters leave, within the actor's branches.

    What is open about an institution that is suspended or leaves is not to be followed, until it is back.
    """
    branches = [str(one.id) for one in await queries.branches(actor)]
    wanted = [one for one in branches if query.get("branch") in {"", one}]
    live = Tenant.filter(bank_id=bank_of(actor), status="live").values("id")
    found = NextAction.filter(
        Q(status="open", tenant_id__in=Subquery(live)) | Q(status__not="open"),
        bank_id=bank_of(actor),
        branch_id__in=wanted,
    )
    if query.get("key"):
        found = found.filter(key=query.get("key"))
    if query.get("mine"):
        own = Tenant.filter(bank_id=bank_of(actor), manager_id=actor.person_id)
        found = found.filter(tenant_id__in=await own.values_list("id", flat=True))
    return found


async def _told(found: list[NextAction]) -> list[dict[str, Any]]:
    names = {one.id: one for one in await Tenant.filter(id__in=[one.tenant_id for one in found])}
    return [
        {
            **{
                name: getattr(one, name)
                for name in ("id", "created_at", "status", "closed_at", "closed_by_name", "note")
            },
            "tenant_id": one.tenant_id,
            "tenant": names[one.tenant_id].short_name,
            "name": gettext(actions.BY_KEY[one.key].name),
            "reason": str(actions.reason(one)),
        }
        for one in found
    ]


async def look(request: Request, actor: Actor) -> Response:
    """Look at every institution again."""
    actor.require_work()
    count = await actions.find(bank_of(actor), [one.id for one in await queries.branches(actor)])
    return redirect(request, f"/bank/{actor.place['slug']}/actions", flash=t("{n} new suggestions.", n=count))


async def close(request: Request, actor: Actor) -> Response:
    """Close a suggestion."""
    actor.require_work()
    form = await bind(request, ClosingForm)
    if form.is_valid and form.ok.status not in actions.CLOSINGS:
        form.fail("status", t("Choose what to do."))
    if not form.is_valid:
        return await _page(request, actor, await actions.get(actor, path_id(request)), form)
    await actions.close(actor, path_id(request), status=form.ok.status, note=form.ok.note)
    return redirect(request, f"/bank/{actor.place['slug']}/actions", flash=t("Noted."))


ROUTES: list[BaseRoute] = [
    bank_route("/actions", listed, permission=READ, name="bank_actions"),
    bank_route("/actions", look, permission=READ, methods=WRITES, name="bank_actions_look"),
    bank_route("/actions/{id}/closing", close, permission=READ, methods=WRITES, name="bank_action_close"),
]
