"""What a resident does with repairs: report with photos, agree to a charge, confirm and rate, open again."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.notes import keep_files
from billing.names import localized
from scenarios.community.common import nothing, resident_route
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.service import finishing, orders, queries, quotes, settings, talking
from scenarios.community.service.models import WorkCategory, WorkOrder
from scenarios.community.service.orders import Report
from scenarios.community.service.pages import file
from scenarios.community.service.states import CONSENTS, KINDS, TONES, WORD_TEXTS
from scenarios.community.service.story import story_of
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

UNITS = """
select a.id, a.number, a.name, a.tenant_id, t.short_name, bool_and(h.sees is not null) is_guest,
       a.id <> all ((select scope_barred('bills'))::uuid[]) may_bills,
       a.id <> all ((select scope_barred('pay'))::uuid[]) may_pay,
       a.id <> all ((select scope_barred('repairs'))::uuid[]) may_repairs,
       a.id <> all ((select scope_barred('visitors'))::uuid[]) may_visitors
  from tenants_holder h
  join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id
  join tenants_tenant t on t.id = a.tenant_id
 where h.person_id = $1 and h.confirmed_at is not null and a.scenario = $2 and a.closed_on is null
   and lasts(h.until, day_of(h.tenant_id))
   and not exists (select 1 from community_lease l where l.tenant_id = a.tenant_id and l.payer_id = a.id)
 group by a.tenant_id, a.id, a.number, a.name, t.short_name order by t.short_name, a.number
"""


class ReportForm(BaseModel):
    """What a resident reports."""

    kind: str = Field("repair", title=N_("Kind"))
    category: UUID = Field(title=N_("What is it about?"))
    text: str = Field(title=N_("What is wrong?"), max_length=4000)
    place: str = Field("", title=N_("Where exactly"), max_length=120)
    phone: str = Field("", title=N_("Phone"), max_length=40)
    is_urgent: bool = Field(False, title=N_("Urgent: somebody may come to harm, or damage grows"))
    files: list[UploadFile] = Field([], title=N_("Photos"))

    model_config = {"arbitrary_types_allowed": True}


class WordForm(BaseModel):
    """What a resident says to an order."""

    act: str = Field(title=N_("Act"))
    rating: int | None = Field(None, title=N_("How was it?"))
    text: str = Field("", title=N_("In your own words"), max_length=2000)
    files: list[UploadFile] = Field([], title=N_("Photos"))

    model_config = {"arbitrary_types_allowed": True}


async def unit_seen(actor: Actor, account_id: UUID, right: str = "") -> dict[str, Any]:
    """Return a unit that the person holds now, and may use in this way; ``NotFound`` for any other.

    ``right`` is what a guest must have been given: ``bills``, ``pay``, ``repairs`` or ``visitors``.
    """
    found = await rows(UNITS, actor.person_id, SCENARIO_KEY)
    for one in found:
        if one["id"] == account_id and (not right or one[f"may_{right}"]):
            return dict(one)
    raise nothing()


async def ask(request: Request, actor: Actor) -> Response:
    """Ask what is wrong."""
    unit = await unit_seen(actor, path_id(request), "repairs")
    return await _ask(request, unit, Form.blank(ReportForm, {"kind": "repair"}))


async def _ask(request: Request, unit: dict[str, Any], form: Form[ReportForm], status: int = 200) -> Response:
    async with open_scope(tenant_scope(unit["tenant_id"])):
        found = await settings.categories(unit["tenant_id"])
    context = {
        "unit": unit,
        "form": form,
        "kinds": [(key, gettext(KINDS[key])) for key in ("repair", "complaint")],
        "categories": [(str(one.id), localized(one.names)) for one in found],
    }
    return await respond(request, "community/service/report.html", context, status=status)


async def report(request: Request, actor: Actor) -> Response:
    """Report it."""
    unit = await unit_seen(actor, path_id(request), "repairs")
    form = await bind(request, ReportForm)
    if form.is_valid:
        said = form.ok
        try:
            async with open_scope(tenant_scope(unit["tenant_id"])):
                kept = await keep_files(unit["tenant_id"], said.files)
                made = await orders.report(
                    actor,
                    unit["tenant_id"],
                    Report(
                        said.category,
                        said.text,
                        kind="complaint" if said.kind == "complaint" else "repair",
                        account_id=unit["id"],
                        place=said.place,
                        phone=said.phone,
                        is_urgent=said.is_urgent,
                        files=kept,
                    ),
                )
        except Invalid as error:
            form.fail_with(error)
        else:
            flash = t("Thank you. You see here how it goes on.")
            return redirect(request, f"/my/repairs/{made.id}", flash=flash)
    return await _ask(request, unit, form, status=422)


async def _own(request: Request) -> WorkOrder:
    found = await WorkOrder.get_or_none(id=path_id(request))
    if found is None:
        raise nothing()
    return found


async def show(request: Request, actor: Actor) -> Response:
    """Show a resident their report and how it goes on."""
    del actor
    return await _show(request, await _own(request), Form.blank(WordForm))


async def _show(request: Request, order: WorkOrder, form: Form[WordForm], status: int = 200) -> Response:
    async with open_scope(tenant_scope(order.tenant_id)):
        category = await WorkCategory.get(tenant_id=order.tenant_id, id=order.category_id)
    tenant = await Tenant.get(id=order.tenant_id)
    story = story_of(order, await queries.notes_of(order, is_staff=False), f"/my/repairs/{order.id}/files")
    context = {
        "order": order,
        "tenant": tenant,
        "category": localized(category.names),
        "state": {"words": WORD_TEXTS[order.status], "tone": TONES[order.status]},
        "consent": gettext(CONSENTS[order.consent]) if order.consent else "",
        "story": story,
        "bill": await queries.bill_number(order),
        "asked": await quotes.live_of(order, "asked"),
        "agreed": await quotes.live_of(order, "agreed"),
        "can_write": order.status in talking.RUNNING,
        "form": form,
        "ratings": [(str(n), "★" * n) for n in range(5, 0, -1)],
    }
    return await respond(request, "community/service/mine.html", context, status=status)


async def say(request: Request, actor: Actor) -> Response:
    """Keep what a resident says to their report."""
    order = await _own(request)
    form = await bind(request, WordForm)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(order.tenant_id)):
                await _say(actor, order, form.ok)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
        else:
            return redirect(request, f"/my/repairs/{order.id}", flash=t("Thank you."))
    return await _show(request, order, form, status=422)


async def _say(actor: Actor, order: WorkOrder, said: WordForm) -> None:
    match said.act:
        case "agree" | "refuse":
            await quotes.answer_quote(actor, order.tenant_id, order.id, is_agreed=said.act == "agree")
        case "confirm":
            await finishing.confirm(actor, order.tenant_id, order.id, rating=said.rating, text=said.text)
        case "message":
            kept = await keep_files(order.tenant_id, said.files)
            await talking.write(actor, order.tenant_id, order.id, text=said.text, files=kept)
        case _:
            await finishing.reopen(actor, order.tenant_id, order.id, text=said.text)


ROUTES: list[BaseRoute] = [
    resident_route("/my/units/{id}/repairs/new", ask, name="my_repair_new"),
    resident_route("/my/units/{id}/repairs", report, methods=WRITES, name="my_repair_report"),
    resident_route("/my/repairs/{id}", show, name="my_repair"),
    resident_route("/my/repairs/{id}", say, methods=WRITES, name="my_repair_say"),
    resident_route("/my/repairs/{id}/files/{note}/{place}", file, name="my_repair_file"),
]
