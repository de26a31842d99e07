"""Complaints for the bank's people: the list with its figures, a call written down, a complaint worked."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.files import send_file
from billing.answers.notes import keep_files
from billing.complaints import acting, filing, forms, queries, service, terms_pages
from billing.complaints.filing import About, Complainant
from billing.complaints.states import OPEN, kinds_for
from billing.models import Complaint, ComplaintMessage
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Branch, Tenant
from tenants.navigation import Place, add_bank_places
from tenants.onboarding.gate import tenant_of
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid, NotFound
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, Text, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

READ, WORK = "complaints.read", "complaints.work"
MOST_EXPORTED = 50_000
add_bank_places(Place(N_("Complaints"), "/complaints", READ, "mail", 26))


def _columns(root: str) -> tuple[Column, ...]:
    return forms.columns(
        root,
        Column(
            "tenant", t("Institution"), sortable=True, href=lambda row: f"{root}/tenants/{row['tenant_id']}"
        ),
        Column("assigned_to_name", t("With")),
    )


async def listed(request: Request, actor: Actor) -> Response:
    """List, search and download complaints, what is due first on top."""
    columns = _columns(acting.root_of(actor))
    query = TableQuery.parse(request, columns=columns, filters=queries.FILTERS)
    if wants_export(request):
        found = await queries.of_bank(actor, query, most=MOST_EXPORTED)
        filed = (*columns, Column("desk", t("Branch")), *forms.FILED)
        return await export(request, filed, found, "complaints")
    found = await queries.of_bank(actor, query)
    context = {
        "page": Page.of(query, found, await queries.count_of_bank(actor, query)),
        "columns": columns,
        "figures": await queries.figures(actor),
        "states": forms.STATES,
        "kinds": forms.kinds(),
        "root": acting.root_of(actor),
        "may_work": actor.may(WORK),
    }
    return await respond(request, "billing/complaints/bank_list.html", context, block="list")


async def form(request: Request, actor: Actor) -> Response:
    """Ask what a caller says about an institution; without one, it is looked for first."""
    if not request.query_params.get("tenant"):
        words = t("Find the institution first, and write the complaint down on its page.")
        return redirect(request, f"{acting.root_of(actor)}/tenants", flash=Flash(words, tone="info"))
    return await _form(request, actor, await _institution(request, actor), Form.blank(forms.Calling))


async def create(request: Request, actor: Actor) -> Response:
    """Write a caller's complaint down."""
    tenant = await _institution(request, actor)
    sent = await bind(request, forms.Calling)
    if sent.is_valid:
        try:
            made = await _take_down(actor, tenant, sent.ok)
        except Invalid as refused:
            sent.fail_with(refused)
        else:
            return acting.back(request, actor, made, t("It is written down."))
    return await _form(request, actor, tenant, sent, 422)


async def _institution(request: Request, actor: Actor) -> Tenant:
    try:
        return await tenant_of(actor, UUID(request.query_params.get("tenant", "")))
    except ValueError:
        raise NotFound("tenant.not_found", t("There is no such institution.")) from None


async def _take_down(actor: Actor, tenant: Tenant, typed: forms.Calling) -> Complaint:
    files = await keep_files(tenant.id, typed.files)
    who = Complainant("caller", typed.name, typed.contact)
    words = typed.model_dump(include={"kind", "summary", "text"})
    async with open_scope(tenant_scope(tenant.id)):
        return await filing.file(actor, About(tenant.id), who, **words, files=files)


async def _form(
    request: Request, actor: Actor, tenant: Tenant, sent: Form[forms.Calling], status: int = 200
) -> Response:
    context = {"form": sent, "kinds": kinds_for("caller"), "tenant": tenant, "root": acting.root_of(actor)}
    return await respond(request, "billing/complaints/new_bank.html", context, status=status)


async def show(request: Request, actor: Actor) -> Response:
    """Show a complaint with all that was said, and what this person can do."""
    return await _page(request, actor, await service.get(actor, path_id(request)))


async def _page(
    request: Request, actor: Actor, found: Complaint, status: int = 200, **sent: Form[Any]
) -> Response:
    is_open, may_work = found.status in OPEN, actor.may(WORK)
    people = await service.colleagues(actor, found) if is_open and may_work else []
    me = {"to": str(found.assigned_to or actor.person_id)}
    context = {
        **await forms.facts(found),
        "tenant": await Tenant.get(id=found.tenant_id),
        "desk": await Branch.get(bank_id=found.bank_id, id=found.desk_id),
        "form": sent.get("form") or Form.blank(forms.Message),
        "deciding": sent.get("deciding") or Form.blank(forms.Deciding),
        "giving": sent.get("giving") or Form.blank(forms.Giving, me),
        "people": [(str(one.person_id), one.name) for one in people],
        "may_say": is_open and may_work,
        "may_answer": is_open and await service.may_answer(actor, found),
        "can_reopen": False,
        "is_own": found.by == "caller" and may_work,
        "is_bank": True,
        "is_staff": True,
        "before": await Complaint.get_or_none(bank_id=found.bank_id, id=found.repeat_of)
        if found.repeat_of
        else None,
        "root": acting.root_of(actor),
        "here": f"{acting.root_of(actor)}/complaints/{found.id}",
        "files": f"{acting.root_of(actor)}/complaint-files",
    }
    return await respond(request, "billing/complaints/complaint.html", context, status=status)


async def assign(request: Request, actor: Actor) -> Response:
    """Give it to somebody, or take it."""
    return await acting.act(request, actor, _page, name="giving", model=forms.Giving, do=_give)


async def _give(actor: Actor, found: Complaint, typed: forms.Giving) -> Text:
    given = await service.assign(actor, found.id, to=typed.to or found.id)
    return t("{name} has it now.", name=given.assigned_to_name)


async def say(request: Request, actor: Actor) -> Response:
    """Write to all, ask whoever complains, or keep a note for the bank alone."""
    return await acting.act(request, actor, _page, name="form", model=forms.Message, do=acting.say)


async def answer(request: Request, actor: Actor) -> Response:
    """Decide it."""
    return await acting.act(request, actor, _page, name="deciding", model=forms.Deciding, do=acting.answer)


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of a complaint."""
    message = await ComplaintMessage.get_or_none(bank_id=bank_of(actor), id=path_id(request))
    if message is not None:
        await service.get(actor, message.complaint_id)
    return send_file(message, request.path_params["n"])


ONE = "/complaints/{id}"
ROUTES: list[BaseRoute] = [
    bank_route("/complaints", listed, permission=READ, name="bank_complaints"),
    *terms_pages.ROUTES,
    bank_route("/complaints/new", form, permission=WORK, name="bank_complaint_form"),
    bank_route("/complaints", create, permission=WORK, methods=WRITES, name="bank_complaint_create"),
    bank_route(ONE, show, permission=READ, name="bank_complaint"),
    bank_route(f"{ONE}/assignment", assign, permission=WORK, methods=WRITES, name="bank_complaint_assign"),
    bank_route(f"{ONE}/messages", say, permission=WORK, methods=WRITES, name="bank_complaint_say"),
    bank_route(f"{ONE}/answer", answer, permission=WORK, methods=WRITES, name="bank_complaint_answer"),
    bank_route(f"{ONE}/closing", acting.end, permission=WORK, methods=WRITES, name="bank_complaint_end"),
    bank_route("/complaint-files/{id}/{n}", file, permission=READ, name="bank_complaint_file"),
]
