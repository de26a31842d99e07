"""The site's pages of its agencies: contracts, where each agency stands, and their monthly statements."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from starlette.requests import Request
from starlette.responses import Response

from billing.charges.fee_pages import root_of
from billing.charges.periods import months_after
from billing.lists import list_page
from billing.models import Bill
from billing.names import Sum, localized
from scenarios.tourism.agencies import contracts, queries, statements
from scenarios.tourism.agencies.forms import ContractForm, price_field, prices_in, tiers_shown, values_of
from scenarios.tourism.agencies.my_pages import LINE_COLUMNS, lines_of, price_rows
from scenarios.tourism.agencies.standing import deposit_of, standing_of
from scenarios.tourism.agencies.words import (
    CONTRACT_TONES,
    CONTRACT_WORDS,
    COUNTS,
    STATEMENT_TONES,
    STATEMENT_WORDS,
)
from scenarios.tourism.kinds import AGENCY, VISITOR_KINDS
from scenarios.tourism.models import AgencyStatement, Contract, Product, Site
from scenarios.tourism.planning.pages import require_here
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.days import today
from tenants.http import path_id
from tenants.models import Account, Holder
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import gettext, t, texts
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class Keyed(BaseModel):
    """A money act's key."""

    key: str = ""


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("name", t("Travel agency"), sortable=True, is_main=True,
               href=lambda row: f"{root}/agencies/{row['id']}"),
        Column("number", t("Number"), format="code"),
        Column("status", t("State"), format="badge", words=texts(CONTRACT_WORDS), tones=CONTRACT_TONES),
        Column("until", t("Visits until"), format="date", sortable=True),
        Column("counts", t("Billed by"), words=texts(COUNTS)),
        Column("limit_minor", t("Credit limit"), format="money", sortable=True),
        Column("deposit_minor", t("In the deposit"), format="money"),
        Column("drafts", t("Statements to issue"), format="number"),
    )  # fmt: skip


async def index(request: Request, actor: Actor) -> Response:
    """List contracts with agencies."""
    require_here(actor)
    context = {
        "states": [(key, gettext(word)) for key, word in CONTRACT_WORDS.items()],
        "may_write": actor.may(contracts.RIGHT),
        "root": root_of(request),
    }
    columns = _columns(root_of(request))
    return await list_page(
        request, actor, queries.CONTRACTS, columns, "tourism/agencies/agencies.html", context
    )


async def show(request: Request, actor: Actor) -> Response:
    """Show a contract: what was agreed, where the agency stands, who books for it, its statements."""
    found = await contracts.contract_of(actor, path_id(request))
    deposit = await deposit_of(found)
    products = await queries.products_sold(found)
    context = {
        "contract": found,
        "account": await contracts.account_of(found),
        "site": await Site.get(tenant_id=found.tenant_id, id=found.site_id),
        "deposit": deposit,
        "standing": await standing_of(found, deposit),
        "prices": price_rows(found.prices, products),
        "holders": await Holder.filter(
            tenant_id=found.tenant_id, account_id=found.account_id, until=None
        ).order_by("name"),
        "allotments": await queries.allotments_of(found, today(actor.place["timezone"])),
        "statements": await AgencyStatement.filter(
            tenant_id=found.tenant_id, contract_id=found.id
        ).order_by("-period").limit(6),
        "words": (CONTRACT_WORDS, STATEMENT_WORDS, COUNTS),
        "tones": (CONTRACT_TONES, STATEMENT_TONES),
        "month": months_after(today(actor.place["timezone"]), -1),
        "may_write": actor.may(contracts.RIGHT),
        "root": root_of(request),
    }  # fmt: skip
    return await respond(request, "tourism/agencies/contract.html", context)


async def new(request: Request, actor: Actor) -> Response:
    """Show the form of a new contract."""
    require_here(actor)
    begin = today(actor.place["timezone"])
    values = {name: field.default for name, field in ContractForm.model_fields.items() if field.default}
    values |= {"since": begin, "until": begin.replace(month=12, day=31), "tiers": tiers_shown([])}
    values = {name: one for name, one in values.items() if one is not PydanticUndefined}
    return await _form(request, actor, None, Form.blank(ContractForm, values))


async def edit(request: Request, actor: Actor) -> Response:
    """Show the form of a contract."""
    found = await contracts.contract_of(actor, path_id(request))
    form = Form.blank(ContractForm, values_of(found, actor.place["currency"]))
    for one in found.prices:
        name = f"price-{one['product']}-{one['kind']}"
        form.values[name] = [values_of(found, actor.place["currency"])[name]]
    return await _form(request, actor, found, form)


async def _form(
    request: Request, actor: Actor, found: Contract | None, form: Form[ContractForm], status: int = 200
) -> Response:
    sites = await Site.filter(tenant_id=actor.tenant_id).order_by("word")
    agencies = await Account.filter(tenant_id=actor.tenant_id, kind=AGENCY, is_active=True).order_by("number")
    context = {
        "contract": found,
        "form": form,
        "sites": [(str(one.id), localized(one.names)) for one in sites],
        "agencies": [(str(one.id), f"{one.number} {one.name}") for one in agencies],
        "counts": [(key, gettext(word)) for key, word in COUNTS.items()],
        "products": [_priced(one) for one in await _products(actor, found)],
        "currency": actor.place["currency"],
        "root": root_of(request),
    }
    return await respond(request, "tourism/agencies/contract_form.html", context, status=status)


def _priced(product: Product) -> tuple[str, list[tuple[str, str]]]:
    kinds = [(price_field(product, key), gettext(name)) for key, name in VISITOR_KINDS.items()]
    return localized(product.names), kinds


async def _products(actor: Actor, found: Contract | None) -> list[Product]:
    """Return what can be sold to agencies: anything for a time, of the contract's site where it has one."""
    query = Product.filter(tenant_id=actor.tenant_id, is_slotted=True).exclude(kind="pass")
    return await (query.filter(site_id=found.site_id) if found else query).order_by("position", "key")


async def add(request: Request, actor: Actor) -> Response:
    """Make a contract."""
    require_here(actor)
    return await _save(request, actor, None)


async def change(request: Request, actor: Actor) -> Response:
    """Change a contract."""
    return await _save(request, actor, await contracts.contract_of(actor, path_id(request)))


async def _save(request: Request, actor: Actor, found: Contract | None) -> Response:
    currency = actor.place["currency"]
    form = await bind(request, ContractForm, context={"currency": currency})
    prices = prices_in(form, await _products(actor, found), currency)
    if form.is_valid:
        facts = form.ok.facts(prices)
        try:
            made = await (contracts.change(actor, found.id, facts) if found else contracts.add(actor, facts))
        except Invalid as refused:
            form.fail_with(refused)
        else:
            url = f"{root_of(request)}/agencies/{made.id}"
            return redirect(request, url, flash=t("The contract is saved."))
    return await _form(request, actor, found, form, status=422)


async def end(request: Request, actor: Actor) -> Response:
    """End a contract."""
    found = await contracts.end(actor, path_id(request))
    words = t("The contract has ended. Its free places go to everybody.")
    return redirect(request, f"{root_of(request)}/agencies/{found.id}", flash=words)


def _statement_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("period", t("Month"), format="month", sortable=True, is_main=True,
               href=lambda row: f"{root}/agency-statements/{row['id']}"),
        Column("name", t("Travel agency"), sortable=True),
        Column("status", t("State"), format="badge", words=texts(STATEMENT_WORDS), tones=STATEMENT_TONES),
        Column("counts", t("Billed by"), words=texts(COUNTS)),
        Column("total_minor", t("Amount"), format="money", sortable=True),
        Column("left_minor", t("Still owed"), format="money"),
        Column("bill_number", t("Bill"), format="code"),
    )  # fmt: skip


async def statement_index(request: Request, actor: Actor) -> Response:
    """List monthly statements of all agencies."""
    require_here(actor)
    root = root_of(request)
    context = {"states": [(key, gettext(word)) for key, word in STATEMENT_WORDS.items()], "root": root}
    columns = _statement_columns(root)
    return await list_page(
        request, actor, queries.STATEMENTS, columns, "tourism/agencies/statements.html", context
    )


async def work_out(request: Request, actor: Actor) -> Response:
    """Draft the statement of the month that is over, or work it out anew."""
    actor.require(contracts.RIGHT)
    found = await contracts.contract_of(actor, path_id(request))
    month = months_after(today(actor.place["timezone"]), -1)
    made = await statements.work_out(found, month)
    return redirect(request, f"{root_of(request)}/agency-statements/{made.id}")


async def statement(request: Request, actor: Actor) -> Response:
    """Show a statement line by line, or send it as a file."""
    found = await statements.statement_of(actor, path_id(request))
    lines = await lines_of(found)
    if wants_export(request):
        return await export(request, LINE_COLUMNS, lines, f"statement-{found.period:%Y-%m}")
    contract = await contracts.contract_of(actor, found.contract_id)
    context: dict[str, Any] = {
        "statement": found,
        "contract": contract,
        "account": await contracts.account_of(contract),
        "bill": await _bill(found),
        "left_minor": await statements.left_of(found),
        "deposit": await deposit_of(contract),
        "page": Page.of(TableQuery.parse(request), lines, len(lines)),
        "columns": LINE_COLUMNS,
        "words": STATEMENT_WORDS,
        "tones": STATEMENT_TONES,
        "counts": COUNTS,
        "key": new_token(),
        "may_write": actor.may(contracts.RIGHT),
        "may_pay": actor.may("payments.take"),
        "root": root_of(request),
    }
    return await respond(request, "tourism/agencies/statement.html", context)


async def _bill(found: AgencyStatement) -> Bill | None:
    return await Bill.get_or_none(tenant_id=found.tenant_id, id=found.bill_id) if found.bill_id else None


async def issue(request: Request, actor: Actor) -> Response:
    """Issue a statement as a bill."""
    found = await statements.issue(actor, path_id(request))
    words = t("Issued. The agency has the bill.") if found.bill_id else t("Issued. There is nothing to pay.")
    return redirect(request, _statement_url(request, found.id), flash=words)


async def pay(request: Request, actor: Actor) -> Response:
    """Pay a statement from the agency's deposit."""
    form, statement_id = await bind(request, Keyed), path_id(request)
    try:
        paid = await statements.pay_from_deposit(actor, statement_id, key=form.ok.key)
    except Conflict as refused:
        flash = Flash(refused.message, tone="warning")
        return redirect(request, _statement_url(request, statement_id), flash=flash)
    words = t("{amount} was paid from the deposit.", amount=Sum(paid, actor.place["currency"]))
    return redirect(request, _statement_url(request, statement_id), flash=words)


def _statement_url(request: Request, statement_id: UUID) -> str:
    return f"{root_of(request)}/agency-statements/{statement_id}"
