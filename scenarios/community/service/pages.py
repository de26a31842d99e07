"""Pages of work for staff: the list, the shift's board, reporting at the desk, one order and what is done with it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import BaseModel, BeforeValidator, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.files import send_file
from billing.answers.notes import keep_files
from billing.names import localized
from scenarios.community.common import buildings_of, estate_route, nothing, root_of, tenant_of, unit_named
from scenarios.community.meters.pages import number_given
from scenarios.community.service import (
    assigning,
    finishing,
    orders,
    queries,
    quotes,
    reports,
    settings,
    talking,
)
from scenarios.community.service.models import WorkNote, WorkOrder
from scenarios.community.service.orders import Report
from scenarios.community.service.reports import Said
from scenarios.community.service.states import (
    CONSENTS,
    KIND_TEXTS,
    KINDS,
    OPEN,
    QUOTE_TEXTS,
    SOURCES,
    TONES,
    WORD_TEXTS,
)
from scenarios.community.service.story import story_of
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.models import Account
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Amount
from ui.form_shape import MOST_ROWS
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class DeskForm(BaseModel):
    """What somebody says at the desk or on the phone."""

    kind: str = Field("repair", title=N_("Kind"))
    source: str = Field("phone", title=N_("How it came"))
    unit: str = Field("", title=N_("Unit"), max_length=60)
    building: UUID | None = Field(None, title=N_("Building"))
    place: str = Field("", title=N_("Where exactly"), max_length=120)
    category: UUID = Field(title=N_("What is it about?"))
    text: str = Field(title=N_("What is wrong?"), max_length=4000)
    name: str = Field("", title=N_("Who reports it"), max_length=100)
    phone: str = Field("", title=N_("Phone"), max_length=40)
    is_urgent: bool = Field(False, title=N_("Urgent: somebody may come to harm, or damage grows"))


class ActForm(BaseModel):
    """What is done with an order; each act reads what it needs."""

    act: str = Field(title=N_("Act"))
    assignee: UUID | None = Field(None, title=N_("Who does it"))
    text: str = Field("", title=N_("What was done"), max_length=2000)
    files: list[UploadFile] = Field([], title=N_("Photos"))
    amount_minor: Amount | None = Field(None, title=N_("Amount"))
    name: str = Field("", title=N_("Material"), max_length=100)
    quantity: Annotated[Decimal, BeforeValidator(number_given)] | None = Field(None, title=N_("How much"))
    steps: list[int] = Field([], title=N_("Checklist"))
    is_charged: bool = Field(False, title=N_("The resident pays it, if they agree"))
    material: UUID | None = Field(None, title=N_("Material"))

    model_config = {"arbitrary_types_allowed": True}


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "number",
            t("Number"),
            format="code",
            sortable=True,
            is_main=True,
            href=lambda one: f"{root}/work/{one['id']}",
        ),
        Column("category", t("About")),
        Column("text", t("What is wrong"), value=lambda one: one["text"][:80]),
        Column("place", t("Place of the work"), sortable=True),
        Column("status", t("State"), format="badge", tones=TONES, words=WORD_TEXTS),
        Column("assignee_name", t("Who does it")),
        Column("due_at", t("Due by"), format="datetime", sortable=True),
        Column("created_at", t("Reported"), format="datetime", sortable=True),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the work orders."""
    root, tenant_id = root_of(actor), tenant_of(actor)
    columns = _columns(root)
    query = TableQuery.parse(
        request, columns=columns, filters=("status", "category", "kind"), default_sort="-created_at"
    )
    if wants_export(request):
        return await export(
            request, columns, await queries.listed(tenant_id, query, most=queries.MOST), "work"
        )
    context = {
        "root": root,
        "page": Page.of(query, await queries.listed(tenant_id, query), await queries.count(tenant_id, query)),
        "columns": columns,
        "states": [
            ("open", gettext("All that is open")),
            *((key, str(words)) for key, words in WORD_TEXTS.items()),
        ],
        "kinds": [(key, str(words)) for key, words in KIND_TEXTS.items()],
        "categories": await category_options(tenant_id),
        "may_write": actor.may("service.write"),
        "may_set": actor.may("service.settings"),
    }
    return await respond(request, "community/service/orders.html", context, block="list")


async def category_options(tenant_id: UUID) -> list[tuple[str, str]]:
    """Return what work is sorted into, as a form offers it."""
    return [(str(one.id), localized(one.names)) for one in await settings.categories(tenant_id)]


async def board(request: Request, actor: Actor) -> Response:
    """Show the shift what is open on one page: what is late, what nobody has, what is under way, what is done."""
    is_mine = request.query_params.get("of", "") == "me"
    found = await queries.board(tenant_of(actor), actor.person_id if is_mine else None)
    lanes = [
        (gettext("Waits for an answer"), [one for one in found if one["unanswered_since"]]),
        (gettext("Late"), [one for one in found if one["is_late"]]),
        (gettext("Nobody has it"), [one for one in found if _is_open(one) and not one["assignee_id"]]),
        (gettext("To be begun"), [one for one in found if _is_open(one) and one["status"] == "assigned"]),
        (gettext("Under way"), [one for one in found if _is_open(one) and one["status"] == "started"]),
        (gettext("Done since yesterday"), [one for one in found if one["status"] in {"done", "confirmed"}]),
    ]
    context = {
        "root": root_of(actor),
        "lanes": lanes,
        "is_mine": is_mine,
        "may_write": actor.may("service.write"),
    }
    return await respond(request, "community/service/board.html", context)


def _is_open(one: dict[str, Any]) -> bool:
    return one["status"] in {"reported", "assigned", "started"} and not one["is_late"]


async def new(request: Request, actor: Actor) -> Response:
    """Ask what somebody reports at the desk."""
    values = {"kind": "repair", "source": "phone", "unit": request.query_params.get("unit", "")[:60]}
    return await _new(request, actor, Form.blank(DeskForm, values))


async def _new(request: Request, actor: Actor, form: Form[DeskForm], status: int = 200) -> Response:
    tenant_id = tenant_of(actor)
    context = {
        "root": root_of(actor),
        "form": form,
        "kinds": [(key, gettext(KINDS[key])) for key in ("repair", "complaint")],
        "sources": [(key, gettext(SOURCES[key])) for key in ("phone", "desk")],
        "categories": await category_options(tenant_id),
        "buildings": await buildings_of(tenant_id),
    }
    return await respond(request, "community/service/new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Write down what somebody reports at the desk."""
    form = await bind(request, DeskForm)
    if form.is_valid:
        said = form.ok
        try:
            account = await unit_named(tenant_of(actor), said.unit)
            report = Report(
                said.category,
                said.text,
                kind=said.kind if said.kind in KINDS else "repair",
                source=said.source if said.source in SOURCES else "desk",
                account_id=account,
                building_id=said.building,
                place=said.place,
                phone=said.phone,
                name=said.name,
                is_urgent=said.is_urgent,
            )
            made = await orders.report(actor, tenant_of(actor), report)
            return redirect(request, f"{root_of(actor)}/work/{made.id}", flash=t("It is written down."))
        except Invalid as error:
            form.fail_with(error)
    return await _new(request, actor, form, status=422)


async def show(request: Request, actor: Actor) -> Response:
    """Show one order with its story and what can be done with it."""
    order = await orders.get(tenant_of(actor), path_id(request))
    return await _show(request, actor, order)


async def _show(
    request: Request, actor: Actor, order: WorkOrder, form: Form[ActForm] | None = None
) -> Response:
    root = root_of(actor)
    account = (
        await Account.get_or_none(tenant_id=order.tenant_id, id=order.account_id)
        if order.account_id
        else None
    )
    workers = await assigning.workers(order.tenant_id)
    materials = await queries.materials_of(order)
    context = {
        "root": root,
        "order": order,
        "account": account,
        "category": await queries.category_of(order),
        "kind": KIND_TEXTS[order.kind],
        "source": gettext(SOURCES[order.source]),
        "state": {"words": WORD_TEXTS[order.status], "tone": TONES[order.status]},
        "consent": gettext(CONSENTS[order.consent]) if order.consent else "",
        "story": story_of(
            order, await queries.notes_of(order, is_staff=True), f"{root}/work/{order.id}/files"
        ),
        "materials": [(one, quotes.line_of(one)) for one in materials],
        "quotes": [(one, QUOTE_TEXTS[one.status]) for one in await quotes.all_of(order)],
        "can_write": order.account_id is not None and order.status in talking.RUNNING,
        "workers": [(str(one.person_id), one.name) for one in workers],
        "bill": await queries.bill_number(order),
        "said_done": await reports.said_done(order) if order.status in OPEN else None,
        "form": form or Form.blank(ActForm, {"assignee": str(order.assignee_id or "")}),
        "may_write": actor.may("service.write"),
        "most_rows": MOST_ROWS,
    }
    return await respond(request, "community/service/order.html", context, status=422 if form else 200)


async def act(request: Request, actor: Actor) -> Response:
    """Do one thing with an order."""
    order = await orders.get(tenant_of(actor), path_id(request))
    form = await bind(request, ActForm, context={"currency": order.currency})
    if form.is_valid:
        try:
            await _do(actor, order, form.ok)
            return redirect(request, f"{root_of(actor)}/work/{order.id}", flash=t("Done."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _show(request, actor, order, form)


async def _do(actor: Actor, order: WorkOrder, said: ActForm) -> None:
    kept = await keep_files(order.tenant_id, said.files)
    match said.act:
        case "start":
            await orders.start(actor, order.id)
        case "finish":
            await finishing.finish(actor, order.id, text=said.text, files=kept)
        case "cancel":
            await orders.cancel(actor, order.id, text=said.text)
        case "check":
            steps = {place: place in said.steps for place in range(len(order.checklist))}
            await reports.report(actor, order.id, Said(str(uuid4()), datetime.now(UTC), steps))
        case "answer":
            await talking.answer(actor, order.id, text=said.text, files=kept)
        case "note":
            await orders.note(actor, order, "note", said.text, files=kept, is_internal=True)
        case "quote" | "withdraw" | "material" | "bear":
            await _charge(actor, order, said)
        case _:
            await orders.assign(actor, order.id, person_id=said.assignee or order.id)


async def _charge(actor: Actor, order: WorkOrder, said: ActForm) -> None:
    """Do what has to do with material and what the resident pays."""
    match said.act:
        case "quote":
            await quotes.quote(actor, order.id, amount_minor=said.amount_minor or 0, text=said.text)
        case "withdraw":
            await quotes.withdraw_quote(actor, order.id)
        case "bear":
            await quotes.bear(actor, order.id, said.material or order.id)
        case _:
            await quotes.add_material(
                actor,
                order.id,
                name=said.name,
                quantity=said.quantity or Decimal(0),
                price_minor=said.amount_minor or 0,
                is_charged=said.is_charged,
            )


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of an order's story to whoever sees the line it belongs to."""
    del actor
    found = await WorkNote.get_or_none(id=path_id(request, "note"), order_id=path_id(request))
    if found is None:
        raise nothing()
    return send_file(found, request.path_params["place"])


ROUTES: list[BaseRoute] = [
    estate_route("/work", index, permission="service.read", name="work"),
    estate_route("/work/board", board, permission="service.read", name="work_board"),
    estate_route("/work/new", new, permission="service.write", name="work_new"),
    estate_route("/work", create, permission="service.write", methods=WRITES, name="work_create"),
    estate_route("/work/{id}", show, permission="service.read", name="work_order"),
    estate_route("/work/{id}", act, permission="service.write", methods=WRITES, name="work_act"),
    estate_route("/work/{id}/files/{note}/{place}", file, permission="service.read", name="work_file"),
]
