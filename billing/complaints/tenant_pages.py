"""Complaints for an institution's staff: those about it, and its own about the bank."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.files import send_file
from billing.answers.notes import keep_files
from billing.complaints import acting, filing, forms, queries, service
from billing.complaints.filing import About, Complainant
from billing.complaints.states import OPEN, kinds_for
from billing.lists import list_page
from billing.models import Complaint, ComplaintMessage, Refund
from billing.payments.words import REFUND_WORDS
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import t
from ui.render import redirect, respond

READ, WORK = "complaints.read", "complaints.work"


async def listed(request: Request, actor: Actor) -> Response:
    """List, search and download complaints."""
    context = {
        "states": forms.STATES,
        "kinds": forms.kinds(),
        "may_file": actor.may(WORK),
        "root": acting.root_of(actor),
    }
    columns = (*forms.columns(acting.root_of(actor)), forms.FILED[0])
    return await list_page(
        request, actor, queries.OF_TENANT, columns, "billing/complaints/list.html", context
    )


async def form(request: Request, actor: Actor) -> Response:
    """Ask what the institution complains about."""
    return await _form(request, actor, Form.blank(forms.Filing))


async def create(request: Request, actor: Actor) -> Response:
    """Take the institution's own complaint in."""
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    sent = await bind(request, forms.Filing)
    if sent.is_valid:
        who = Complainant("tenant", actor.name, actor.email, actor.person_id)
        try:
            files = await keep_files(actor.tenant_id, sent.ok.files)
            typed = sent.ok.model_dump(include={"kind", "summary", "text"})
            made = await filing.file(actor, About(actor.tenant_id), who, **typed, files=files)
        except Invalid as refused:
            sent.fail_with(refused)
        else:
            return redirect(
                request, f"{acting.root_of(actor)}/complaints/{made.id}", flash=t("The bank has it now.")
            )
    return await _form(request, actor, sent, 422)


async def _form(request: Request, actor: Actor, sent: Form[forms.Filing], status: int = 200) -> Response:
    context = {"form": sent, "kinds": kinds_for("tenant"), "root": acting.root_of(actor)}
    return await respond(request, "billing/complaints/new_tenant.html", context, status=status)


async def show(request: Request, actor: Actor) -> Response:
    """Show a complaint with all that was said."""
    return await _page(request, actor, await service.get(actor, path_id(request)))


async def _page(
    request: Request, actor: Actor, found: Complaint, status: int = 200, **sent: Form[Any]
) -> Response:
    refund = (
        await Refund.get_or_none(tenant_id=found.tenant_id, id=found.refund_id) if found.refund_id else None
    )
    may_work, is_open = actor.may(WORK), found.status in OPEN
    context = {
        **await forms.facts(found),
        "form": sent.get("form") or Form.blank(forms.Message),
        "deciding": sent.get("deciding") or Form.blank(forms.Deciding),
        "again": sent.get("again") or Form.blank(forms.Again),
        "refund": refund,
        "refund_word": REFUND_WORDS[refund.status] if refund else "",
        "may_say": may_work and is_open,
        "may_answer": is_open and await service.may_answer(actor, found),
        "may_refund": actor.may("refunds.request") and bool(found.refund_minor) and refund is None,
        "is_own": found.by == "tenant" and may_work,
        "can_reopen": await service.can_reopen(found),
        "is_staff": True,
        "root": acting.root_of(actor),
        "here": f"{acting.root_of(actor)}/complaints/{found.id}",
        "files": f"{acting.root_of(actor)}/complaint-files",
    }
    return await respond(request, "billing/complaints/complaint.html", context, status=status)


async def say(request: Request, actor: Actor) -> Response:
    """Write to whoever complains and to the bank."""
    return await acting.act(request, actor, _page, name="form", model=forms.Message, do=acting.say)


async def answer(request: Request, actor: Actor) -> Response:
    """Decide a payer's complaint."""
    return await acting.act(request, actor, _page, name="deciding", model=forms.Deciding, do=acting.answer)


async def refund(request: Request, actor: Actor) -> Response:
    """Ask for the refund that was decided."""
    found = await service.get(actor, path_id(request))
    try:
        await service.ask_refund(actor, found.id)
    except (Invalid, Conflict) as refused:
        return acting.back(request, actor, found, Flash(refused.message, tone="warning"))
    return acting.back(request, actor, found, t("The refund is asked for."))


async def reopen(request: Request, actor: Actor) -> Response:
    """Do not agree with the bank's answer."""
    return await acting.act(request, actor, _page, name="again", model=forms.Again, do=acting.reopen)


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of a complaint."""
    found = await ComplaintMessage.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    return send_file(found, request.path_params["n"])


ONE = "/complaints/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/complaints", listed, permission=READ, name="complaints"),
    tenant_route("/complaints/new", form, permission=WORK, name="complaint_form"),
    tenant_route("/complaints", create, permission=WORK, methods=WRITES, name="complaint_create"),
    tenant_route(ONE, show, permission=READ, name="complaint"),
    tenant_route(f"{ONE}/messages", say, permission=WORK, methods=WRITES, name="complaint_say"),
    tenant_route(f"{ONE}/answer", answer, permission=WORK, methods=WRITES, name="complaint_answer"),
    tenant_route(
        f"{ONE}/refund", refund, permission="refunds.request", methods=WRITES, name="complaint_refund"
    ),
    tenant_route(f"{ONE}/reopening", reopen, permission=WORK, methods=WRITES, name="complaint_reopen"),
    tenant_route(f"{ONE}/closing", acting.end, permission=WORK, methods=WRITES, name="complaint_end"),
    tenant_route("/complaint-files/{id}/{n}", file, permission=READ, name="complaint_file"),
]
