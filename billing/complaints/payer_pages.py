"""A payer's complaints: from a bill, a payment or an institution; what was said, and whether they agree."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.files import send_file
from billing.answers.notes import keep_files
from billing.complaints import acting, filing, forms, queries, service
from billing.complaints.filing import About, Complainant
from billing.complaints.states import STATE_TONES, STATE_WORDS, kinds_for
from billing.models import Complaint, ComplaintMessage
from billing.payer.queries import bill_seen, payment_seen
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, row, tenant_scope
from ui.errors import Invalid, NotFound
from ui.formats import month_text
from ui.forms import Form, bind
from ui.i18n import gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

COLUMNS = (
    Column("summary", t("What it says"), is_main=True, href=lambda row: f"/my/complaints/{row['id']}"),
    Column("kind", t("About"), format=forms.kind_word),
    Column("created_at", t("When"), format="date"),
    Column("status", t("State"), format="badge", words=STATE_WORDS, tones=STATE_TONES),
)
ASKED = t("You have asked for this money already. You can follow it, or add to it, on this page.")
_INSTITUTION = (
    "select t.id, t.name from tenants_account a join tenants_tenant t on t.id = a.tenant_id"
    " where a.tenant_id = any ((select scope_tenants())::uuid[]) and a.id = $1"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a payer complains about, and how it is called on their page."""

    about: About
    institution: str
    title: str
    query: str


async def _seen(request: Request) -> Seen:
    """Return what the address names, as the payer's own scope sees it.

    Raises:
        NotFound: nothing of theirs is named.
    """
    for name, look in (("bill", _bill), ("payment", _payment), ("account", _account)):
        if given := request.query_params.get(name, ""):
            try:
                return await look(UUID(given))
            except ValueError:
                break
    raise NotFound(
        "complaint.about_nothing", t("Begin from the bill, the payment or the account it is about.")
    )


async def _bill(bill_id: UUID) -> Seen:
    found = await bill_seen(bill_id)
    about = About(found.tenant_id, found.id, None, found.number, found.currency, found.total_minor)
    return Seen(
        about,
        found.tenant_name,
        gettext("Bill for {month}", month=month_text(found.period)),
        f"bill={found.id}",
    )


async def _payment(payment_id: UUID) -> Seen:
    found = await payment_seen(payment_id)
    paid = found.amount_minor if found.is_received else None
    about = About(found.tenant_id, None, found.id, found.number, found.currency, paid)
    title = gettext("Payment {number}", number=found.number)
    return Seen(about, found.tenant_name, title, f"payment={found.id}")


async def _account(account_id: UUID) -> Seen:
    found = await row(_INSTITUTION, account_id)
    if found is None:
        raise NotFound("account.not_found", t("There is no such account, or it is not yours to see."))
    return Seen(About(found["id"]), found["name"], "", f"account={account_id}")


async def listed(request: Request, actor: Actor) -> Response:
    """List the person's complaints."""
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    query = TableQuery.parse(request)
    found, total = await queries.of_person(actor.person_id, query)
    context = {"page": Page.of(query, found, total), "columns": COLUMNS}
    return await respond(request, "billing/complaints/mine.html", context, block="list")


async def form(request: Request, actor: Actor) -> Response:
    """Ask what is wrong; a link may have said already what it is about (``kind``)."""
    seen, kind = await _seen(request), request.query_params.get("kind", "")
    if asked := await _asked(actor, seen, kind):
        return redirect(request, f"/my/complaints/{asked.id}", flash=ASKED)
    return await _form(request, actor, seen, Form.blank(forms.Filing, {"kind": kind}))


async def _asked(actor: Actor, seen: Seen, kind: str) -> Complaint | None:
    """Return the request that waits for an answer, where the money of this payment is asked for once more."""
    is_wish = kind == "money_back" and seen.about.payment_id is not None
    return await queries.open_wish(actor.person_id, seen.about.payment_id) if is_wish else None


async def create(request: Request, actor: Actor) -> Response:
    """Take the complaint in."""
    seen = await _seen(request)
    sent = await bind(request, forms.Filing)
    if sent.is_valid and (asked := await _asked(actor, seen, sent.ok.kind)):
        return redirect(request, f"/my/complaints/{asked.id}", flash=ASKED)
    if sent.is_valid:
        who = Complainant("payer", actor.name, actor.email, actor.person_id)
        try:
            async with open_scope(tenant_scope(seen.about.tenant_id)):
                files = await keep_files(seen.about.tenant_id, sent.ok.files)
                typed = sent.ok.model_dump(include={"kind", "summary", "text"})
                made = await filing.file(
                    actor.within(seen.about.tenant_id), seen.about, who, **typed, files=files
                )
        except Invalid as refused:
            sent.fail_with(refused)
        else:
            return redirect(
                request, f"/my/complaints/{made.id}", flash=t("We have it. You can follow it on this page.")
            )
    return await _form(request, actor, seen, sent, 422)


async def _form(
    request: Request, actor: Actor, seen: Seen, sent: Form[forms.Filing], status: int = 200
) -> Response:
    del actor
    wants_money = sent.value("kind") == "money_back"
    context = {"form": sent, "seen": seen, "kinds": kinds_for("payer"), "wants_money": wants_money}
    return await respond(request, "billing/complaints/new.html", context, status=status)


async def show(request: Request, actor: Actor) -> Response:
    """Show a complaint with all that was said."""
    return await _page(request, actor, await service.get(actor, path_id(request)))


async def _page(
    request: Request, actor: Actor, found: Complaint, status: int = 200, **sent: Form[Any]
) -> Response:
    del actor
    context = {
        **await forms.facts(found),
        "form": sent.get("form") or Form.blank(forms.Message),
        "again": sent.get("again") or Form.blank(forms.Again),
        "can_reopen": await service.can_reopen(found),
        "here": f"/my/complaints/{found.id}",
        "files": "/my/complaint-files",
    }
    return await respond(request, "billing/complaints/own.html", context, status=status)


async def say(request: Request, actor: Actor) -> Response:
    """Add to a complaint."""
    return await acting.act(request, actor, _page, name="form", model=forms.Message, do=acting.say)


async def reopen(request: Request, actor: Actor) -> Response:
    """Do not agree."""
    return await acting.act(request, actor, _page, name="again", model=forms.Again, do=acting.reopen)


async def accept(request: Request, actor: Actor) -> Response:
    """Be content."""
    return await acting.end(request, actor, "accept")


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take it back."""
    return await acting.end(request, actor, "withdraw")


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of one's own complaint."""
    found = await ComplaintMessage.get_or_none(id=path_id(request), person_id=actor.person_id)
    return send_file(found, request.path_params["n"])


ROUTES: list[BaseRoute] = [
    person_route("/my/complaints", listed, name="my_complaints"),
    person_route("/my/complaints/new", form, name="my_complaint_form"),
    person_route("/my/complaints", create, methods=WRITES, name="my_complaint_create"),
    person_route("/my/complaints/{id}", show, name="my_complaint"),
    person_route("/my/complaints/{id}/messages", say, methods=WRITES, name="my_complaint_say"),
    person_route("/my/complaints/{id}/reopening", reopen, methods=WRITES, name="my_complaint_reopen"),
    person_route("/my/complaints/{id}/closing", accept, methods=WRITES, name="my_complaint_accept"),
    person_route("/my/complaints/{id}/withdrawal", withdraw, methods=WRITES, name="my_complaint_withdraw"),
    person_route("/my/complaint-files/{id}/{n}", file, name="my_complaint_file"),
]
