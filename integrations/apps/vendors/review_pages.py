"""The bank's review desk: vendors to admit, versions to list, and ending what turned out badly."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.models import App, Vendor
from integrations.apps.vendors import queries, review, services
from integrations.apps.vendors.shown import shown_app, shown_version
from integrations.apps.vendors.states import TONES, VENDOR_MOVES, VENDOR_WORDS, VERSION_MOVES, VERSION_WORDS
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.navigation import Place, add_bank_places
from tenants.scope import open_scope, rows, vendor_scope
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

VENDOR_STATES = {key: t(word) for key, word in VENDOR_WORDS.items()}
VERSION_STATES = {key: t(word) for key, word in VERSION_WORDS.items() if key not in {"draft", "replaced"}}
MOST_EXPORTED = 10_000


class DecisionForm(BaseModel):
    """What is decided, and why."""

    becomes: str
    reasons: str = Field("", title=N_("Reasons"), max_length=2000)


def root_of(actor: Actor) -> str:
    """Return where the bank's console is."""
    return f"/bank/{actor.place['slug']}"


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("name", t("App"), is_main=True, sortable=True, href=lambda row: f"{root}/apps/{row['id']}"),
        Column("number", t("Version"), format="number"),
        Column("vendor", t("Vendor"), sortable=True, href=lambda row: f"{root}/vendors/{row['vendor_id']}"),
        Column("status", t("State"), format="badge", tones=TONES, words=VERSION_STATES, sortable=True),
        Column("submitted_at", t("Submitted"), format="datetime", sortable=True),
        Column("decided_by_name", t("Decided by")),
    )


async def desk(request: Request, actor: Actor) -> Response:
    """List what vendors handed in, what waits for a decision first."""
    columns = _columns(root_of(actor))
    query = TableQuery.parse(request, columns=columns, filters=("status",), default_sort="-submitted_at")
    if wants_export(request):
        return await export(request, columns, await review.listing(actor, query, MOST_EXPORTED), "apps")
    page = Page.of(query, await review.listing(actor, query), await review.count(actor, query))
    context = {
        "page": page,
        "columns": columns,
        "statuses": list(VERSION_STATES.items()),
        "root": root_of(actor),
    }
    return await respond(request, "integrations/apps/review/desk.html", context, block="list")


async def show_version(request: Request, actor: Actor) -> Response:
    """Show one version: what it says, what we measured, and what can be decided."""
    return await _version(request, actor, Form.blank(DecisionForm))


async def _version(request: Request, actor: Actor, form: Form[DecisionForm], status: int = 200) -> Response:
    found = await review.get(actor, path_id(request))
    vendor = await Vendor.get(bank_id=found.bank_id, id=found.vendor_id)
    context = {
        "version": shown_version(found),
        "app": await App.get(bank_id=found.bank_id, id=found.app_id),
        "vendor": vendor,
        "vendor_status": VENDOR_STATES[vendor.status],
        "installs": await review.installs(found.app_id),
        "form": form,
        "moves": sorted(VERSION_MOVES[found.status] & {"listed", "returned", "suspended"}),
        "may_decide": actor.may("apps.review"),
        "root": root_of(actor),
        "tones": TONES,
    }
    return await respond(request, "integrations/apps/review/version.html", context, status=status)


async def decide_version(request: Request, actor: Actor) -> Response:
    """List, return, suspend or resume."""
    form = await bind(request, DecisionForm)
    version_id = path_id(request)
    try:
        done = await review.decide(actor, version_id, form.ok.becomes, reasons=form.ok.reasons)
    except Invalid as error:
        form.fail_with(error)
        return await _version(request, actor, form, status=422)
    words = {
        "listed": t("It is in the catalogue now."),
        "returned": t("It is back with its vendor."),
        "suspended": t("It is suspended. Nobody can open it any more, and its access has ended."),
    }
    return redirect(request, f"{root_of(actor)}/apps/{version_id}", flash=words[done.status])


async def vendors(request: Request, actor: Actor) -> Response:
    """List the bank's vendors."""
    root = root_of(actor)
    columns = (
        Column("name", t("Vendor"), is_main=True, sortable=True, href=lambda row: f"{root}/vendors/{row.id}"),
        Column("uscc", t("Credit code"), format="code"),
        Column("status", t("State"), format="badge", tones=TONES, words=VENDOR_STATES, sortable=True),
        Column("created_at", t("Registered"), format="datetime", sortable=True),
    )
    query = TableQuery.parse(request, columns=columns, filters=("status",), default_sort="-created_at")
    found = Vendor.filter(bank_id=bank_of(actor))
    if query.get("status"):
        found = found.filter(status=query.get("status"))
    if query.q:
        found = found.filter(name__icontains=query.q)
    if wants_export(request):
        return await export(
            request, columns, await found.order_by(query.sort).limit(MOST_EXPORTED), "vendors"
        )
    page = Page.of(
        query, await found.order_by(query.sort).offset(query.offset).limit(query.limit), await found.count()
    )
    context = {"page": page, "columns": columns, "statuses": list(VENDOR_STATES.items()), "root": root}
    return await respond(request, "integrations/apps/review/vendors.html", context, block="list")


async def show_vendor(request: Request, actor: Actor) -> Response:
    """Show one vendor: who it is, its people and apps, and what can be decided."""
    return await _vendor(request, actor, Form.blank(DecisionForm))


async def _vendor(request: Request, actor: Actor, form: Form[DecisionForm], status: int = 200) -> Response:
    found = await services.get(actor, path_id(request))
    context = {
        "vendor": found,
        "status": VENDOR_STATES[found.status],
        "tone": TONES[found.status],
        "apps": await _apps(found),
        "members": await _members(actor, found),
        "owed": await review.owed(found),
        "form": form,
        "moves": sorted(VENDOR_MOVES[found.status]),
        "may_decide": actor.may("apps.review"),
        "root": root_of(actor),
    }
    return await respond(request, "integrations/apps/review/vendor.html", context, status=status)


async def _apps(vendor: Vendor) -> list[dict[str, Any]]:
    async with open_scope(vendor_scope(vendor.id)):
        return [shown_app(row) for row in await queries.apps(vendor.id)]


async def _members(actor: Actor, vendor: Vendor) -> list[Any]:
    return await rows(
        "select name, email, role from integrations_vendor_member"
        " where bank_id = $1 and vendor_id = $2 and ended_at is null and person_id is not null order by name",
        bank_of(actor),
        vendor.id,
    )


async def decide_vendor(request: Request, actor: Actor) -> Response:
    """Admit, refuse, suspend or resume."""
    form = await bind(request, DecisionForm)
    vendor_id = path_id(request)
    try:
        done = await services.decide(actor, vendor_id, form.ok.becomes, reasons=form.ok.reasons)
    except Invalid as error:
        form.fail_with(error)
        return await _vendor(request, actor, form, status=422)
    words = {
        "admitted": t("{name} can offer apps now.", name=done.name),
        "refused": t("{name} is refused.", name=done.name),
        "suspended": t("{name} is suspended. The access of all its apps has ended.", name=done.name),
    }
    return redirect(request, f"{root_of(actor)}/vendors/{vendor_id}", flash=words[done.status])


add_bank_places(
    Place(N_("Apps"), "/apps", "apps.read", "app", 50),
    Place(N_("Vendors"), "/vendors", "apps.read", "people", 55),
)
READ, DECIDE = "apps.read", "apps.review"
ROUTES: list[BaseRoute] = [
    bank_route("/apps", desk, permission=READ, name="bank_apps"),
    bank_route("/apps/{id}", show_version, permission=READ, name="bank_app"),
    bank_route(
        "/apps/{id}/decision", decide_version, permission=DECIDE, methods=WRITES, name="bank_app_decide"
    ),
    bank_route("/vendors", vendors, permission=READ, name="bank_vendors"),
    bank_route("/vendors/{id}", show_vendor, permission=READ, name="bank_vendor"),
    bank_route(
        "/vendors/{id}/decision", decide_vendor, permission=DECIDE, methods=WRITES, name="bank_vendor_decide"
    ),
]
