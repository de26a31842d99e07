"""The bank at a glance, its institutions, branches and staff."""

from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants import audit, kinds
from tenants.actor import Actor
from tenants.audit_list import audit_list
from tenants.banks.reach import bank_of, is_union, sees_branch
from tenants.banks.words import TENANT_STATUSES, TENANT_TONES
from tenants.http import WRITES, bank_route
from tenants.ids import new_id
from tenants.models import Branch
from tenants.onboarding import queries
from tenants.onboarding.columns import application_columns
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.formats import listed
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, TableQuery

LATEST = 8


class BranchForm(BaseModel):
    """A new part of the bank."""

    code: str = Field(title=N_("Code"), max_length=20)
    name: str = Field(title=N_("Name"), max_length=200)
    parent_id: UUID | None = Field(None, title=N_("Belongs to"))


async def overview(request: Request, actor: Actor) -> Response:
    """What waits for this person, and what lives."""
    latest = TableQuery(path="", sort="-changed_at", per=LATEST)
    context = {
        "counts": await queries.counts(actor),
        "latest": await queries.applications(actor, latest, most=LATEST),
        "columns": application_columns(actor),
        "root": f"/bank/{actor.place['slug']}",
        "may_open": actor.may("applications.write"),
        "may_decide": actor.may("applications.decide"),
        "may_list": actor.may("tenants.read"),
        "is_union": actor.may("oversight.read") and await is_union(bank_of(actor)),
    }
    return await respond(request, "tenants/onboarding/overview.html", context)


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = f"/bank/{actor.place['slug']}/tenants"
    names = {key: s.name for key, s in kinds.SCENARIOS.items()}
    return (
        Column("name", t("Institution"), sortable=True, is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("uscc", t("Credit code"), format="code"),
        Column(
            "scenarios",
            t("Industry cloud"),
            format=lambda value, row: listed(gettext(names.get(key, key)) for key in value),  # noqa: ARG005
        ),
        Column("branch", t("Branch")),
        Column("live_at", t("Live since"), format="date", sortable=True),
        Column("status", t("State"), format="badge", tones=TENANT_TONES, words=TENANT_STATUSES),
    )


async def institutions(request: Request, actor: Actor) -> Response:
    """List the bank's institutions."""
    columns = _columns(actor)
    query = TableQuery.parse(request, columns=columns, filters=("status", "branch"), default_sort="name")
    if wants_export(request):
        return await export(
            request, columns, await queries.tenants(actor, query, most=100_000), "institutions"
        )
    context = {
        "page": await queries.page_of_tenants(actor, query),
        "columns": columns,
        "statuses": list(TENANT_STATUSES.items()),
        "branches": [(str(b.id), b.name) for b in await queries.branches(actor)],
    }
    return await respond(request, "tenants/onboarding/institutions.html", context, block="list")


async def branches(request: Request, actor: Actor) -> Response:
    """List the branches this person works in."""
    return await _branches(request, actor, Form.blank(BranchForm))


async def add_branch(request: Request, actor: Actor) -> Response:
    """Add a branch to the bank's tree."""
    form = await bind(request, BranchForm)
    if form.is_valid:
        try:
            await _make_branch(actor, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"/bank/{actor.place['slug']}/branches", flash=t("The branch is added."))
    return await _branches(request, actor, form, status=422)


async def _make_branch(actor: Actor, given: BranchForm) -> None:
    bank_id = bank_of(actor)
    if await Branch.exists(bank_id=bank_id, code=given.code):
        text = t("Another branch has this code.")
        raise Invalid("branch.code", text, fields={"code": text})
    if given.parent_id and not await sees_branch(actor, given.parent_id):
        text = t("Choose one of your branches.")
        raise Invalid("branch.parent", text, fields={"parent_id": text})
    made = await Branch.create(id=new_id(), bank_id=bank_id, **given.model_dump())
    await audit.record(
        actor,
        "branch.added",
        subject_kind="branch",
        subject_id=made.id,
        subject_label=f"{made.code} {made.name}",
        after=given.model_dump(mode="json"),
    )


async def _branches(request: Request, actor: Actor, form: Form[BranchForm], status: int = 200) -> Response:
    found = await queries.branches(actor)
    root = f"/bank/{actor.place['slug']}"
    names: dict[UUID | None, str] = {b.id: b.name for b in found}
    rows = [
        {
            "id": b.id,
            "code": b.code,
            "name": b.name,
            "parent": names.get(b.parent_id, ""),
            "areas": ", ".join(b.areas),
        }
        for b in found
    ]
    context = {
        "rows": rows,
        "columns": (
            Column("code", t("Code"), format="code"),
            Column("name", t("Name"), is_main=True, href=lambda row: f"{root}/branches/{row['id']}"),
            Column("parent", t("Belongs to")),
            Column("areas", t("Beginnings of postal codes")),
        ),
        "form": form,
        "parents": [(str(b.id), b.name) for b in found],
        "root": f"/bank/{actor.place['slug']}",
        "may_write": actor.may("staff.write"),
    }
    return await respond(request, "tenants/onboarding/branches.html", context, status=status)


async def trail(request: Request, actor: Actor) -> Response:
    """Show what the bank's staff did."""
    return await audit_list(request, "bank_id", bank_of(actor))


ROUTES: list[BaseRoute] = [
    bank_route("", overview, permission="bank.read", name="bank_overview"),
    bank_route("/tenants", institutions, permission="tenants.read"),
    bank_route("/branches", branches, permission="bank.read"),
    bank_route("/branches", add_branch, permission="staff.write", methods=WRITES),
    bank_route("/audit", trail, permission="audit.read", name="bank_audit"),
]
