"""A year of one account for whoever holds it: what was owed, what was charged by fee, what was paid, what is left."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit.queries import SeenAccount
from billing.ledger.reading import Span
from billing.ledger.statement_pages import MOVEMENTS, Statement, documents_of, read
from billing.names import localized
from billing.payer.account import Card, add_card
from billing.payer.overview import pdf, wanted_locale
from billing.receipts.statement import render_statement
from tenants.actor import Actor
from tenants.days import today
from tenants.http import path_id, person_route
from tenants.models import Account, Tenant
from tenants.scope import open_scope, row, rows, tenant_scope
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.formats import use_zone
from ui.i18n import t, use_locale
from ui.render import respond
from ui.tables import Column

EARLIEST = 2000
_HELD = """
select a.tenant_id, min(coalesce(h.since, '1970-01-01'::date)) since, max(coalesce(h.until, 'infinity'::date)) until
  from tenants_holder h join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id
 where h.account_id = $1 and h.person_id = $2 and h.confirmed_at is not null
   and h.account_id <> all ((select scope_barred('bills') || scope_barred('whole'))::uuid[])
 group by a.tenant_id
"""
"""Who may read all of the bills, and from when to when the account was theirs: nobody sees what was before or after."""
_BY_FEE = """
select l.names, l.currency, sum(l.amount_minor)::bigint charged_minor, sum(l.adjusted_minor)::bigint let_off_minor
  from billing_bill_line l join billing_bill b on b.tenant_id = $1 and b.id = l.bill_id
   and b.status not in ('draft', 'void') and b.held_until is null
 where l.tenant_id = $1 and l.account_id = $2 and b.issued_at >= $3 and b.issued_at < $4
 group by l.fee_item_id, l.names, l.currency order by min(l.position), l.names::text
"""
_YEARS = """
select min(extract(year from b.issued_at))::int from billing_bill b where b.tenant_id = $1 and b.account_id = $2
   and b.status not in ('draft', 'void')
"""
FEES = (
    Column("name", t("Fee"), is_main=True),
    Column("charged_minor", t("Billed"), format="money"),
    Column("let_off_minor", t("Let off"), format="money"),
)


@dataclass(frozen=True, slots=True)
class Year:
    """One account's year, as far as it was its reader's."""

    tenant: Tenant
    account: Account
    year: int
    statement: Statement
    fees: Sequence[dict[str, Any]]
    years: Sequence[int]

    @property
    def currency(self) -> str:
        """The currency of the sums that stand first."""
        return next(iter(sorted(self.statement.closing)), self.tenant.currency)

    def sums(self) -> dict[str, int]:
        """Return what was owed at the beginning, charged, paid or let off, and owed at the end; minor units."""
        moved = [one for one in self.statement.movements if one["currency"] == self.currency]
        return {
            "opening": self.statement.opening.get(self.currency, 0),
            "charged": sum(one["charged_minor"] or 0 for one in moved),
            "paid": sum(one["paid_minor"] or 0 for one in moved),
            "closing": self.statement.closing.get(self.currency, 0),
        }


def _span(year: int, held: Any, tenant: Tenant) -> Span:
    first = max(date(year, 1, 1), held["since"].replace(day=1))
    last = min(date(year, 12, 31), held["until"])
    return Span(first, max(first, last), tenant.timezone)


async def _year(request: Request, actor: Actor) -> Year:
    account_id: UUID = path_id(request)
    held = await row(_HELD, account_id, actor.person_id)
    if held is None:
        raise NotFound("account.not_found", t("There is no such account, or it is not yours to see."))
    async with open_scope(tenant_scope(held["tenant_id"])):
        tenant = await Tenant.get(id=held["tenant_id"])
        account = await Account.get(tenant_id=tenant.id, id=account_id)
        now = today(tenant.timezone).year
        asked = request.query_params.get("year", "")
        year = int(asked) if asked.isascii() and asked.isdecimal() and EARLIEST <= int(asked) <= now else now
        span = _span(year, held, tenant)
        fees = await rows(_BY_FEE, tenant.id, account.id, span.start, span.end)
        begun = await row(f"select ({_YEARS}) begun", tenant.id, account.id)
        first = max((begun and begun["begun"]) or now, held["since"].year)
        return Year(
            tenant,
            account,
            year,
            await read(tenant.id, account, span),
            [{**dict(one), "name": localized(json.loads(one["names"]))} for one in fees],
            range(now, min(first, now) - 1, -1),
        )


async def year(request: Request, actor: Actor) -> Response:
    """Show an account's year, or send its movements as a file."""
    found = await _year(request, actor)
    request.state.shell = replace(request.state.shell, zone=found.tenant.timezone)
    if wants_export(request):
        return await export(request, MOVEMENTS, reversed(found.statement.movements), f"year-{found.year}")
    context = {"found": found, "sums": found.sums(), "fee_columns": FEES, "columns": MOVEMENTS}
    return await respond(request, "billing/payer/year.html", context)


async def year_paper(request: Request, actor: Actor) -> Response:
    """Send an account's year as a PDF, in the language asked for."""
    found, locale = await _year(request, actor), wanted_locale(request)
    async with open_scope(tenant_scope(found.tenant.id)):
        with use_locale(locale), use_zone(found.tenant.timezone):
            documents = await documents_of(found.statement, found.tenant)
    content = await anyio.to_thread.run_sync(render_statement, documents, locale)
    return pdf(content, f"statement-{found.year}")


async def year_card(actor: Actor, account: SeenAccount) -> Card:
    """Lead from an account's page to its years."""
    del actor
    text = t("What was charged, paid and left of a whole year, on one page or paper.")
    return Card(t("Yearly statement"), text, f"/my/accounts/{account.id}/year", t("Show it"))


add_card(year_card, order=70)
ROUTES: list[BaseRoute] = [
    person_route("/my/accounts/{id}/year", year, name="my_year"),
    person_route("/my/accounts/{id}/year/pdf", year_paper, name="my_year_pdf"),
]
