"""Addresses of reconciliation for a tenant's staff, its place in the rail and in the worklist."""

from starlette.routing import BaseRoute

from billing.reconciliation import break_pages, list_pages, overview_pages, settlement_pages
from billing.reconciliation.states import KINDS
from billing.worklist.registry import Kind, add_kind
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

READ, WORK = "reconciliation.read", "reconciliation.work"
BREAKS = """
select b.id, b.created_at since, null::timestamptz due_at, coalesce(b.found_minor, b.expected_minor) amount_minor,
       b.currency, coalesce(nullif(l.text, ''), b.facts ->> 'payment', b.facts ->> 'refund', b.facts ->> 'payout',
       to_char(b.day, 'YYYY-MM-DD')) title, b.kind detail, '/reconciliation/breaks/' || b.id path
  from billing_break b left join billing_statement_line l on l.tenant_id = $1 and l.id = b.line_id
 where b.tenant_id = $1 and b.status in ('open', 'working')
"""
add_tenant_places(Place(N_("Reconciliation"), "/reconciliation", READ, "check", 46))
add_kind(Kind("break", N_("Breaks in reconciliation"), WORK, BREAKS, order=55, words=KINDS))

ROUTES: list[BaseRoute] = [
    tenant_route("/reconciliation", overview_pages.overview, permission=READ, name="reconciliation"),
    tenant_route(
        "/reconciliation/sources",
        overview_pages.prepare,
        permission=WORK,
        methods=WRITES,
        name="prepare_sources",
    ),
    tenant_route(
        "/reconciliation/sources/{id}/fetching",
        overview_pages.fetching,
        permission=WORK,
        methods=WRITES,
        name="fetch_source",
    ),
    tenant_route(
        "/reconciliation/sources/{id}/terms",
        overview_pages.terms,
        permission=WORK,
        methods=WRITES,
        name="source_terms",
    ),
    tenant_route("/reconciliation/breaks", break_pages.worklist, permission=READ, name="breaks"),
    tenant_route("/reconciliation/breaks/{id}", break_pages.show, permission=READ, name="break"),
    tenant_route(
        "/reconciliation/breaks/{id}/assignment",
        break_pages.assignment,
        permission=WORK,
        methods=WRITES,
        name="break_assignment",
    ),
    tenant_route(
        "/reconciliation/breaks/{id}/resolution",
        break_pages.resolution,
        permission=WORK,
        methods=WRITES,
        name="break_resolution",
    ),
    tenant_route(
        "/reconciliation/breaks/{id}/charge",
        break_pages.charge,
        permission=WORK,
        methods=WRITES,
        name="break_charge",
    ),
    tenant_route(
        "/reconciliation/breaks/{id}/recording",
        break_pages.recording,
        permission=WORK,
        methods=WRITES,
        name="break_recording",
    ),
    tenant_route(
        "/reconciliation/breaks/{id}/refund",
        break_pages.refund,
        permission=WORK,
        methods=WRITES,
        name="break_refund",
    ),
    tenant_route(
        "/reconciliation/breaks/{id}/question",
        break_pages.question,
        permission=WORK,
        methods=WRITES,
        name="break_question",
        is_transactional=False,
    ),
    tenant_route("/reconciliation/lines", list_pages.lines, permission=READ, name="statement_lines"),
    tenant_route("/reconciliation/lines/{id}", list_pages.line, permission=READ, name="statement_line"),
    tenant_route(
        "/reconciliation/lines/{id}/match",
        list_pages.match,
        permission=WORK,
        methods=WRITES,
        name="line_match",
    ),
    tenant_route(
        "/reconciliation/lines/{id}/release",
        list_pages.release,
        permission=WORK,
        methods=WRITES,
        name="line_release",
    ),
    tenant_route(
        "/reconciliation/suggestions/{id}/confirmation",
        list_pages.confirmation,
        permission=WORK,
        methods=WRITES,
        name="suggestion_confirmation",
    ),
    tenant_route(
        "/reconciliation/suggestions/{id}/refusal",
        list_pages.refusal,
        permission=WORK,
        methods=WRITES,
        name="suggestion_refusal",
    ),
    tenant_route("/reconciliation/statements", list_pages.statements, permission=READ, name="statements"),
    tenant_route("/reconciliation/statements/{id}", list_pages.statement, permission=READ, name="statement"),
    tenant_route(
        "/reconciliation/statements/{id}/file", list_pages.original, permission=READ, name="statement_file"
    ),
    tenant_route("/reconciliation/upload", list_pages.new, permission=WORK, name="new_statement"),
    tenant_route(
        "/reconciliation/upload",
        list_pages.preview,
        permission=WORK,
        methods=WRITES,
        name="preview_statement",
    ),
    tenant_route(
        "/reconciliation/statements",
        list_pages.take_in,
        permission=WORK,
        methods=WRITES,
        name="read_statement",
    ),
    tenant_route(
        "/reconciliation/settlement", settlement_pages.report, permission=READ, name="settlement_report"
    ),
    tenant_route("/reconciliation/payouts/{id}", settlement_pages.payout, permission=READ, name="payout"),
]
