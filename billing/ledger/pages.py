"""The ledger for finance: sums, postings, the journal, statements, closed months, seals."""

from starlette.routing import BaseRoute

from billing.ledger import journal_pages, period_pages, statement_pages, trial_pages
from billing.worklist.registry import Kind, add_kind
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Ledger"), "/ledger", "ledger.read", "ledger", 58))

PERIODS = """
select id, asked_at since, null::timestamptz due_at, null::bigint amount_minor, '' currency,
       to_char(month, 'YYYY-MM') title, asked_by_name detail, '/ledger/periods/' || id path
  from billing_period where tenant_id = $1 and status in ('closing', 'reopening')
"""
add_kind(Kind("period", N_("Months to close or to open again"), "periods.close", PERIODS, order=30))

ROUTES: list[BaseRoute] = [
    tenant_route("/ledger", trial_pages.trial_balance, permission="ledger.read", name="ledger"),
    tenant_route(
        "/ledger/accounts/{ledger}", trial_pages.account, permission="ledger.read", name="ledger_account"
    ),
    tenant_route("/ledger/journal", journal_pages.journal, permission="ledger.read", name="journal"),
    tenant_route(
        "/ledger/journal/files",
        journal_pages.make_file,
        permission="ledger.read",
        methods=WRITES,
        name="journal_file",
    ),
    tenant_route(
        "/ledger/statements/{id}", statement_pages.statement, permission="ledger.read", name="statement"
    ),
    tenant_route(
        "/ledger/statements/{id}/pdf", statement_pages.pdf, permission="ledger.read", name="statement_pdf"
    ),
    tenant_route("/ledger/periods", period_pages.periods, permission="ledger.read", name="periods"),
    tenant_route(
        "/ledger/periods", period_pages.ask, permission="periods.close", methods=WRITES, name="period_closing"
    ),
    tenant_route("/ledger/periods/{id}", period_pages.period, permission="ledger.read", name="period"),
    tenant_route(
        "/ledger/periods/{id}/reopening",
        period_pages.ask_reopening,
        permission="periods.close",
        methods=WRITES,
        name="period_reopening",
    ),
    tenant_route(
        "/ledger/periods/{id}/approval",
        period_pages.approval,
        permission="periods.close",
        methods=WRITES,
        name="period_approval",
    ),
    tenant_route(
        "/ledger/periods/{id}/rejection",
        period_pages.rejection,
        permission="periods.close",
        methods=WRITES,
        name="period_rejection",
    ),
]
