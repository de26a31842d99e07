"""An agency books: a day, a time, how many or who; or a list of names from a file, tried before it is booked."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from billing.names import localized
from scenarios.tourism.agencies import booking, lists, queries
from scenarios.tourism.agencies.desk import Desk
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import GroupList, Product, Slot
from scenarios.tourism.orders import agreed, people, placing
from scenarios.tourism.orders.people import NAME_MAX
from scenarios.tourism.shop.availability import SlotLeft, slots_left
from scenarios.tourism.shop.browsing import wishes_in
from scenarios.tourism.shop.ordering import VisitorRow
from tenants.codes import new_token
from tenants.days import day_named
from tenants.http import path_id
from tenants.imports.pages import XLSX, problem_columns
from tenants.imports.staging import REFUSED
from tenants.scope import open_scope, tenant_scope
from tenants.tabular import match_columns, rejected_csv, rejected_xlsx
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Upload
from ui.formats import clock, listed
from ui.forms import Form, bind, bind_values
from ui.i18n import N_, gettext, ngettext, t
from ui.render import redirect, respond
from ui.tables import Page, TableQuery

ROWS = 10
"""Rows for names that the form offers; a longer list comes as a file."""
FIELD = "field_"


class Booking(BaseModel):
    """A booking's own fields; quantities are named after their product."""

    key: str = ""
    day: str = ""
    slot: UUID = Field(title=N_("Time"))
    name: str = Field(title=N_("Guide or contact"), max_length=NAME_MAX)
    contact: str = Field(title=N_("E-mail or mobile number"), max_length=200)
    visitors: list[VisitorRow] = Field(default_factory=list)


class Listing(BaseModel):
    """A list of names for a time."""

    day: str = ""
    slot: UUID = Field(title=N_("Time"))
    product: UUID = Field(title=N_("Ticket"))
    file: Annotated[UploadFile, Upload(most_bytes=lists.MOST_BYTES, endings=(".csv", ".xlsx", ".txt"))] = (
        Field(title=N_("File"))
    )


class Contact(BaseModel):
    """Who is told of a booked list."""

    name: str = Field(title=N_("Guide or contact"), max_length=NAME_MAX)
    contact: str = Field(title=N_("E-mail or mobile number"), max_length=200)


async def ask(request: Request, desk: Desk) -> Response:
    """Show what can be booked on a day."""
    day = day_named(request.query_params.get("day", "")) or desk.today
    values = {"key": new_token(), "day": day.isoformat(), "contact": desk.actor.email}
    return await _page(request, desk, Form.blank(Booking, values), day)


async def _page(request: Request, desk: Desk, form: Form[Booking], day: date, status: int = 200) -> Response:
    context = {
        "desk": desk,
        "day": day,
        "form": form,
        "slots": await _slots(desk, day),
        "offers": await _offers(desk),
        "rows": ROWS,
        "has_names": any(
            one.real_name == "each" for one in (await queries.products_sold(desk.contract)).values()
        ),
    }
    return await respond(request, "tourism/agencies/book.html", context, status=status)


async def _slots(desk: Desk, day: date) -> list[tuple[str, str]]:
    """Return the times of a day with what is left, for everybody and kept for the agency."""
    own = {
        one["starts_at"]: one["left_"]
        for one in await queries.allotments_of(desk.contract, day)
        if one["day"] == day
    }
    found = await slots_left(desk.site, day, agreed.CHANNEL, is_staff=True)
    return [
        (str(one.id), _words(one, own.get(one.starts_at, 0), desk))
        for one in found
        if one.state in {"free", "few"} or own.get(one.starts_at)
    ]


def _words(slot: SlotLeft, own: int, desk: Desk) -> str:
    zone = desk.tenant.timezone
    words = f"{clock(slot.starts_at, zone)}–{clock(slot.ends_at, zone)} · "
    if own:
        words += ngettext("{n} place kept for you", "{n} places kept for you", own) + " · "
    return words + ngettext("{n} place left", "{n} places left", slot.free)


async def _offers(desk: Desk) -> list[tuple[Product, list[tuple[str, str, int]]]]:
    """Return what was agreed: each product with the price of each kind of visitor."""
    prices = agreed.prices_of(desk.contract)
    made = []
    for product in (await queries.products_sold(desk.contract)).values():
        priced = [(kind, prices.price(product, kind)) for kind in VISITOR_KINDS]
        known = [(kind, gettext(VISITOR_KINDS[kind]), price) for kind, price in priced if price is not None]
        made.append((product, known))
    return made


async def book(request: Request, desk: Desk) -> Response:
    """Book on account."""
    form = await bind(request, Booking)
    day = day_named(str(form.value("day"))) or desk.today
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(desk.tenant.id)):
                order = await booking.book(
                    desk.actor, desk.contract, _asked(desk, form, day), key=form.ok.key
                )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            words = t("Booked. The tickets are good; the guide has been sent their link.")
            return redirect(request, f"{desk.root}/bookings/{order.id}", flash=words)
    return await _page(request, desk, form, day, status=422)


def _asked(desk: Desk, form: Form[Booking], day: date) -> placing.Request:
    said = form.ok
    typed = [(place, one) for place, one in enumerate(said.visitors) if one.name or one.document]
    return placing.Request(
        site_id=desk.site.id,
        day=day,
        slot_id=said.slot,
        wishes=wishes_in({name: values[-1] for name, values in form.values.items()}),
        visitors=[people.read_visitor(one.name, one.document, f"visitors-{place}") for place, one in typed],
        buyer=people.read_buyer(said.name, said.contact),
        channel=agreed.CHANNEL,
    )


async def ask_list(request: Request, desk: Desk) -> Response:
    """Ask which time a list is for, and for the file."""
    day = day_named(request.query_params.get("day", "")) or desk.today
    return await _new_list(request, desk, Form.blank(Listing, {"day": day.isoformat()}), day)


async def _named(desk: Desk) -> list[Product]:
    found = await queries.products_sold(desk.contract)
    return [one for one in found.values() if one.real_name == "each" and one.kind != "group"]


async def _new_list(
    request: Request, desk: Desk, form: Form[Listing], day: date, status: int = 200
) -> Response:
    recent = GroupList.filter(tenant_id=desk.tenant.id, account_id=desk.account.id).order_by("-created_at")
    context = {
        "desk": desk,
        "day": day,
        "form": form,
        "slots": await _slots(desk, day),
        "products": [(str(one.id), localized(one.names)) for one in await _named(desk)],
        "columns": listed(gettext(one.label) for one in lists.fields()),
        "recent": await recent.limit(5),
        "states": lists.STATES,
    }
    return await respond(request, "tourism/agencies/list_new.html", context, status=status)


async def upload(request: Request, desk: Desk) -> Response:
    """Keep a list and go on to its dry run, or to its columns where they are not sure."""
    form = await bind(request, Listing)
    day = day_named(str(form.value("day"))) or desk.today
    if form.is_valid:
        try:
            found = await _keep(desk, form.ok, day)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"{desk.root}/lists/{found.id}")
    return await _new_list(request, desk, form, day, status=422)


async def _keep(desk: Desk, said: Listing, day: date) -> GroupList:
    product = next((one for one in await _named(desk) if one.id == said.product), None)
    slot = await Slot.get_or_none(tenant_id=desk.tenant.id, id=said.slot, day=day, site_id=desk.site.id)
    if product is None or slot is None:
        raise NotFound("slot.not_found", t("There is no such time. Choose another one."))
    visit = lists.Visit(product, slot.id, day)
    return await lists.keep(desk, visit, filename=said.file.filename or "", content=await said.file.read())


async def show(request: Request, desk: Desk) -> Response:
    """Show a list where it stands: its columns, its dry run, or what was booked."""
    found = await lists.list_of(desk, path_id(request, "list"))
    if found.status == lists.UPLOADED or "columns" in request.query_params:
        return await _columns(request, desk, found, _matched(found))
    values = {"name": desk.actor.name[:NAME_MAX], "contact": desk.actor.email}
    return await _list(request, desk, found, Form.blank(Contact, values))


def _mapping() -> type[BaseModel]:
    made: dict[str, Any] = {}
    for one in lists.fields():
        needed = (str, Field(title=one.label))
        made[FIELD + one.key] = needed if one.is_required else (str | None, Field(None, title=one.label))
    return create_model("ColumnsForm", **made)


def _matched(found: GroupList) -> Form[Any]:
    similar = match_columns(found.header, lists.fields()).suggestions
    return Form.blank(_mapping(), {FIELD + key: name for key, name in (similar | found.columns).items()})


async def _columns(
    request: Request, desk: Desk, found: GroupList, form: Form[Any], status: int = 200
) -> Response:
    first = [row.cells for row, _ in zip(lists.table_of(found).rows(), range(lists.SHOWN), strict=False)]
    context = {
        "desk": desk,
        "list": found,
        "form": form,
        "fields": lists.fields(),
        "options": [(name, name) for name in found.header],
        "first": first,
        "prefix": FIELD,
    }
    return await respond(request, "tourism/agencies/list_columns.html", context, status=status)


async def choose(request: Request, desk: Desk) -> Response:
    """Fix which column is which."""
    found = await lists.list_of(desk, path_id(request, "list"))
    sent = await request.form()
    values = {name: [str(value)] for name, value in sent.multi_items() if isinstance(value, str)}
    form = bind_values(values, _mapping())
    if form.is_valid:
        try:
            await lists.choose(found, {one.key: str(form.value(FIELD + one.key)) for one in lists.fields()})
        except Invalid as refused:
            for key, text in refused.fields.items():
                form.fail(FIELD + key, text)
        else:
            return redirect(request, f"{desk.root}/lists/{found.id}")
    return await _columns(request, desk, found, form, status=422)


async def _list(
    request: Request, desk: Desk, found: GroupList, form: Form[Contact], status: int = 200
) -> Response:
    product = await Product.get(tenant_id=desk.tenant.id, id=found.product_id)
    refused = await lists.refused(desk, found, product)
    checked = await lists.check(desk, found, product) if found.status != lists.BOOKED else None
    query = TableQuery.parse(request)
    problems = _problems(refused)
    context = {
        "desk": desk,
        "list": found,
        "form": form,
        "product": localized(product.names),
        "slot": await Slot.get(tenant_id=desk.tenant.id, id=found.slot_id),
        "checked": checked,
        "good": [(one[0].name, gettext(VISITOR_KINDS[one[1]])) for one in checked.good.values()]
        if checked
        else [],
        "refused": refused,
        "page": Page.of(query, problems[query.offset : query.offset + query.limit], len(problems)),
        "columns": problem_columns({one.key: gettext(one.label) for one in lists.fields()}),
    }
    return await respond(request, "tourism/agencies/list.html", context, status=status)


def _problems(refused: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "number": row.number,
            "column": one.column,
            "key": one.key,
            "value": one.value,
            "reason": one.reason,
            "outcome": REFUSED,
        }
        for row in refused
        for one in row.problems
        if not one.is_warning
    ]


async def book_list(request: Request, desk: Desk) -> Response:
    """Book the good rows of a list."""
    found = await lists.list_of(desk, path_id(request, "list"))
    form = await bind(request, Contact)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(desk.tenant.id)):
                buyer = people.read_buyer(form.ok.name, form.ok.contact)
                order = await lists.book(desk, found, buyer)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            words = t("Booked. The tickets are good; the guide has been sent their link.")
            return redirect(request, f"{desk.root}/bookings/{order.id}", flash=words)
    return await _list(request, desk, found, form, status=422)


async def rejected(request: Request, desk: Desk) -> Response:
    """Send the rows that were refused as they stood in the file, with what is wrong beside each."""
    found = await lists.list_of(desk, path_id(request, "list"))
    product = await Product.get(tenant_id=desk.tenant.id, id=found.product_id)
    rows = await lists.refused(desk, found, product)
    if request.query_params.get("as") == "xlsx":
        return _file(rejected_xlsx(found.header, rows), "rejected.xlsx", XLSX)
    content = b"".join(rejected_csv(found.header, rows))
    return _file(content, "rejected.csv", "text/csv; charset=utf-8")


def _file(content: bytes, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=media_type)
