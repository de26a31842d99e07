"""Pages of shared costs: pools and their invoices for staff, the pool and their own share for who bears it."""

from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.notes import keep_files
from billing.names import localized
from scenarios.community.common import (
    LANGUAGES,
    MOST_EXPORTED,
    buildings_of,
    estate_route,
    named,
    nothing,
    resident_route,
    root_of,
    tenant_of,
)
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.meters.pages import kind_options
from scenarios.community.pools import service
from scenarios.community.pools.models import CostPool, PoolInvoice
from scenarios.community.pools.service import BASES, Terms
from tenants.actor import Actor
from tenants.days import today_at
from tenants.files import storage
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from tenants.scope import rows, value
from tenants.search import containing
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Amount, Day, Month, Upload
from ui.formats import month_text, number
from ui.forms import Form, bind
from ui.i18n import N_, current_locale, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

PAPERS = (".pdf", ".jpg", ".jpeg", ".png", ".webp")
MOST_BYTES = 10_000_000
NAME = "coalesce(p.names ->> $4, p.names ->> 'en', p.names::text)"
"""What a pool is called in the reader's language, for sorting; the language is the fourth argument."""
STATES = {"open": t("Not divided yet"), "closed": t("Divided")}
BASIS_WORDS = {key: t(words) for key, words in BASES.items()}
ORDERS = {"name": NAME, "period": "p.period", "total_minor": "p.total_minor"}
_LIST = """
  from community_pool p where p.tenant_id = $1 and ($2 = '' or p.names::text ilike $2) and ($3 = '' or p.status = $3)
"""
_SHARES = """
select s.account_id, a.number, s.weight, s.amount_minor, $3::text currency from community_pool_share s
  join tenants_account a on a.tenant_id = $1 and a.id = s.account_id
 where s.tenant_id = $1 and s.pool_id = $2 order by a.sort_key, a.number limit $4
"""
SHOWN = 50


class PoolForm(BaseModel):
    """What a pool is."""

    name_en: str = Field("", title=N_("Name in English"), max_length=100)
    name_zh_CN: str = Field("", title=N_("Name in Chinese"), max_length=100)  # noqa: N815
    period: Month = Field(title=N_("Month"))
    basis: str = Field(title=N_("Divided"))
    usage_of: str = Field("", title=N_("Meters"))
    buildings: list[UUID] = Field([], title=N_("Borne by the units of"))
    excluded: str = Field("", title=N_("Units that do not take part"), max_length=2000)
    budget_minor: Amount | None = Field(None, title=N_("Budget"))


class InvoiceForm(BaseModel):
    """An invoice in a pool."""

    supplier: str = Field(title=N_("Supplier"), max_length=100)
    number: str = Field("", title=N_("Invoice number"), max_length=60)
    invoiced_on: Day = Field(title=N_("Invoice date"))
    amount_minor: Amount = Field(title=N_("Amount"))
    note_en: str = Field("", title=N_("What for, in English"), max_length=200)
    note_zh_CN: str = Field("", title=N_("What for, in Chinese"), max_length=200)  # noqa: N815
    paper: Annotated[UploadFile | None, Upload(most_bytes=MOST_BYTES, endings=PAPERS)] = Field(
        None, title=N_("Paper")
    )

    model_config = {"arbitrary_types_allowed": True}


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("name", t("Name"), sortable=True, is_main=True, href=lambda one: f"{root}/pools/{one['id']}"),
        Column("period", t("Month"), format="month", sortable=True),
        Column("basis", t("Divided"), value=lambda one: BASIS_WORDS[one["basis"]]),
        Column(
            "status", t("State"), format="badge", tones={"closed": "success", "open": "info"}, words=STATES
        ),
        Column("budget_minor", t("Budget"), format="money"),
        Column("total_minor", t("Costs"), format="money", sortable=True),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the pools."""
    root, tenant_id = root_of(actor), tenant_of(actor)
    columns = _columns(root)
    query = TableQuery.parse(request, columns=columns, filters=("status",), default_sort="-period")
    sort = query.sort or "-period"
    order = ORDERS[sort.removeprefix("-")] + (" desc" if sort.startswith("-") else "")
    args = (tenant_id, containing(query.q), query.filters.get("status", ""))
    is_file = wants_export(request)
    found = await rows(
        f"select p.id, p.names, p.period, p.basis, p.status, p.budget_minor, p.total_minor, p.currency {_LIST}"
        f" order by {order}, {NAME} offset $5 limit $6",
        *args,
        current_locale(),
        0 if is_file else query.offset,
        MOST_EXPORTED if is_file else query.limit,
    )
    found = named(found)
    if is_file:
        return await export(request, columns, found, "shared-costs")
    context = {
        "root": root,
        "page": Page.of(query, found, int(await value(f"select count(*) {_LIST}", *args))),
        "columns": columns,
        "states": [(key, str(words)) for key, words in STATES.items()],
        "may_write": actor.may("pools.write"),
    }
    return await respond(request, "community/pools/pools.html", context, block="list")


async def new(request: Request, actor: Actor) -> Response:
    """Ask what a new pool is."""
    now = await today_at(tenant_of(actor))
    return await _new(request, actor, Form.blank(PoolForm, {"period": f"{now:%Y-%m}", "basis": "area"}))


async def _new(request: Request, actor: Actor, form: Form[PoolForm], status: int = 200) -> Response:
    context = {
        "root": root_of(actor),
        "form": form,
        "bases": [(key, gettext(words)) for key, words in BASES.items()],
        "kinds": kind_options(),
        "buildings": await buildings_of(tenant_of(actor)),
        "currency": actor.place["currency"],
    }
    return await respond(request, "community/pools/new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Open a pool."""
    form = await bind(request, PoolForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            said = form.ok
            terms = Terms(
                {key: getattr(said, f"name_{key}") for key in LANGUAGES},
                said.period,
                said.basis,
                said.usage_of if said.basis == "usage" else "",
                said.buildings,
                await _units_named(actor, said.excluded),
                said.budget_minor,
            )
            made = await service.open_pool(actor, terms)
            return redirect(
                request, f"{root_of(actor)}/pools/{made.id}", flash=t("The pool is open. Add its invoices.")
            )
        except Invalid as error:
            form.fail_with(error)
    return await _new(request, actor, form, status=422)


async def _units_named(actor: Actor, text: str) -> list[UUID]:
    """Return the accounts whose numbers were typed, one a line or with commas between."""
    names = [one.strip() for line in text.splitlines() for one in line.split(",") if one.strip()]
    found = await rows(
        "select id, lower(number) number from tenants_account where tenant_id = $1 and scenario = $2"
        " and lower(number) = any ($3::text[])",
        tenant_of(actor),
        SCENARIO_KEY,
        [name.lower() for name in names],
    )
    known = {one["number"]: one["id"] for one in found}
    missing = [name for name in names if name.lower() not in known]
    if missing:
        text_ = t("There is no unit {name}.", name=missing[0])
        raise Invalid("pool.excluded", text_, fields={"excluded": text_})
    return list(known.values())


INVOICES = (
    Column("supplier", t("Supplier"), is_main=True),
    Column("number", t("Invoice number")),
    Column("invoiced_on", t("Invoice date"), format="date"),
    Column("note", t("What for")),
    Column("amount_minor", t("Amount"), format="money"),
)
SHARES = (
    Column("number", t("Unit"), is_main=True),
    Column("weight", t("Weight"), format="number"),
    Column("amount_minor", t("Share"), format="money"),
)


async def show(request: Request, actor: Actor) -> Response:
    """Show a pool with its invoices and shares."""
    pool = await service.get(actor, path_id(request))
    if wants_export(request):
        return await export(request, SHARES, await _shares(pool, MOST_EXPORTED), "shares")
    return await _show(request, actor, pool)


async def _shares(pool: CostPool, most: int) -> list[Any]:
    return await rows(_SHARES, pool.tenant_id, pool.id, pool.currency, most)


async def invoices_of(pool: CostPool, link: str) -> list[dict[str, Any]]:
    """Return a pool's invoices as a table shows them, each with where its paper is."""
    found = await PoolInvoice.filter(tenant_id=pool.tenant_id, pool_id=pool.id).order_by("invoiced_on", "id")
    return [
        {
            "id": one.id,
            "supplier": one.supplier,
            "number": one.number,
            "invoiced_on": one.invoiced_on,
            "note": localized(one.notes),
            "amount_minor": one.amount_minor,
            "currency": pool.currency,
            "paper": f"{link}/{one.id}/content" if one.file_key else "",
        }
        for one in found
    ]


def invoice_columns() -> tuple[Column, ...]:
    """Return the columns of invoices, of which the first leads to the paper."""
    return (
        Column("supplier", t("Supplier"), is_main=True, href=lambda one: one["paper"] or None),
        *INVOICES[1:],
    )


async def _show(
    request: Request, actor: Actor, pool: CostPool, form: Form[InvoiceForm] | None = None
) -> Response:
    root = root_of(actor)
    now = await today_at(pool.tenant_id)
    weighed = await service.weigh(pool) if pool.status == "open" else service.Weighed()
    codes = dict(await buildings_of(pool.tenant_id))
    context = {
        "root": root,
        "pool": pool,
        "basis": BASIS_WORDS[pool.basis],
        "buildings": [codes[one] for one in pool.buildings if one in codes],
        "invoices": await invoices_of(pool, f"{root}/pools/{pool.id}/invoices"),
        "invoice_columns": invoice_columns(),
        "shares": await _shares(pool, SHOWN),
        "share_columns": SHARES,
        "weighed": weighed,
        "form": form or Form.blank(InvoiceForm, {"invoiced_on": now.isoformat()}),
        "may_write": actor.may("pools.write"),
    }
    return await respond(request, "community/pools/pool.html", context, status=422 if form else 200)


async def add_invoice(request: Request, actor: Actor) -> Response:
    """Put an invoice into a pool."""
    pool = await service.get(actor, path_id(request))
    form = await bind(request, InvoiceForm, context={"currency": pool.currency})
    if form.is_valid:
        said = form.ok
        try:
            kept = await keep_files(pool.tenant_id, [said.paper] if said.paper else [])
            await service.add_invoice(
                actor,
                pool.id,
                supplier=said.supplier,
                number=said.number,
                invoiced_on=said.invoiced_on,
                amount_minor=said.amount_minor,
                notes={key: getattr(said, f"note_{key}") for key in LANGUAGES},
                file=kept[0] if kept else None,
            )
            return redirect(
                request, f"{root_of(actor)}/pools/{pool.id}", flash=t("The invoice is in the pool.")
            )
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _show(request, actor, pool, form)


async def close(request: Request, actor: Actor) -> Response:
    """Divide a pool."""
    pool = await service.close(actor, path_id(request))
    flash = t("Divided. The next bill run of the month charges the shares.")
    return redirect(request, f"{root_of(actor)}/pools/{pool.id}", flash=flash)


async def reopen(request: Request, actor: Actor) -> Response:
    """Take a pool's shares back."""
    pool = await service.reopen(actor, path_id(request))
    return redirect(request, f"{root_of(actor)}/pools/{pool.id}", flash=t("The pool is open again."))


async def drop_invoice(request: Request, actor: Actor) -> Response:
    """Take an invoice out of a pool."""
    pool = await service.get(actor, path_id(request))
    await service.drop_invoice(actor, pool.id, path_id(request, "invoice"))
    return redirect(request, f"{root_of(actor)}/pools/{pool.id}", flash=t("The invoice is out of the pool."))


async def paper(request: Request, actor: Actor) -> Response:
    """Send the paper of an invoice to whoever sees the pool: staff, and those who bear a share."""
    del actor
    found = await PoolInvoice.get_or_none(id=path_id(request, "invoice"), pool_id=path_id(request))
    if found is None or not found.file_key:
        raise nothing()
    try:
        content = storage().open(found.file_key).read()
    except FileNotFoundError:
        raise nothing() from None
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.file_name)}",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=found.file_type, headers=headers)


_MINE = """
select s.weight, s.amount_minor, a.number from community_pool_share s
  join tenants_account a on a.tenant_id = s.tenant_id and a.id = s.account_id
 where s.tenant_id = $1 and s.pool_id = $2 order by a.number
"""


async def mine(request: Request, actor: Actor) -> Response:
    """Show somebody a pool that they bear a share of: its invoices, and how their share came about."""
    del actor
    pool = await CostPool.get_or_none(id=path_id(request))
    if pool is None:
        raise nothing()
    tenant = await Tenant.get(id=pool.tenant_id)
    shares = await rows(_MINE, pool.tenant_id, pool.id)
    context = {
        "pool": pool,
        "tenant": tenant,
        "basis": BASIS_WORDS[pool.basis],
        "month": month_text(pool.period),
        "invoices": await invoices_of(pool, f"/my/pools/{pool.id}/invoices"),
        "invoice_columns": invoice_columns(),
        "shares": shares,
        "units": pool.working.get("units", 0),
        "whole": number(Decimal(pool.working.get("weight", "0"))),
    }
    return await respond(request, "community/pools/mine.html", context)


ROUTES: list[BaseRoute] = [
    estate_route("/pools", index, permission="bills.read", name="pools"),
    estate_route("/pools/new", new, permission="pools.write", name="pool_new"),
    estate_route("/pools", create, permission="pools.write", methods=WRITES, name="pool_create"),
    estate_route("/pools/{id}", show, permission="bills.read", name="pool"),
    estate_route(
        "/pools/{id}/invoices", add_invoice, permission="pools.write", methods=WRITES, name="pool_invoice"
    ),
    estate_route(
        "/pools/{id}/invoices/{invoice}/removal",
        drop_invoice,
        permission="pools.write",
        methods=WRITES,
        name="pool_drop_invoice",
    ),
    estate_route("/pools/{id}/invoices/{invoice}/content", paper, permission="bills.read", name="pool_paper"),
    estate_route("/pools/{id}/closing", close, permission="pools.write", methods=WRITES, name="pool_close"),
    estate_route("/pools/{id}/opening", reopen, permission="pools.write", methods=WRITES, name="pool_reopen"),
    resident_route("/my/pools/{id}", mine, name="my_pool"),
    resident_route("/my/pools/{id}/invoices/{invoice}/content", paper, name="my_pool_paper"),
]
