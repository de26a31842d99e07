"""A family's year on a page, on paper and as a file."""

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.printing import issuer_of
from billing.payer.overview import pdf, wanted_locale
from billing.receipts.documents import Issuer
from scenarios.education.family import statement, statement_paper
from scenarios.education.family.statement import Year
from tenants.actor import Actor
from tenants.http import person_route
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.i18n import t, use_locale
from ui.render import respond
from ui.tables import Column

FILED = (
    Column("paid_on", t("Day"), format="date"),
    Column("school", t("School"), value=lambda row: row.child.school),
    Column("child", t("Child"), value=lambda row: row.child.name),
    Column("number", t("Number"), value=lambda row: row.child.number),
    Column("fee", t("Fee")),
    Column("amount_minor", t("Paid"), format="amount"),
    Column("mine_minor", t("By you"), format="amount"),
    Column("currency", t("Currency")),
    Column("receipt_number", t("Receipt")),
)


async def show(request: Request, actor: Actor) -> Response:
    """Show a family's year, or send it as a file."""
    found = await _read(request, actor)
    if wants_export(request):
        return await export(request, FILED, found.paid, f"school-{found.year}")
    return await respond(request, "education/my/statement.html", {"found": found})


async def _read(request: Request, actor: Actor) -> Year:
    asked = request.query_params.get("year", "")
    is_year = asked.isascii() and asked.isdigit() and len(asked) == len("2026")
    return await statement.read(actor, int(asked) if is_year else None)


async def paper(request: Request, actor: Actor) -> Response:
    """Send a family's year as a PDF, in the language asked for."""
    locale = wanted_locale(request)
    with use_locale(locale):
        found = await _read(request, actor)
    if not found.children:
        raise NotFound("statement.nobody", t("No child is known here yet"))
    issuer = await _issuer(found)
    content = await anyio.to_thread.run_sync(statement_paper.render, found, issuer, actor.name, locale)
    return pdf(content, f"school-{found.year}")


async def _issuer(found: Year) -> Issuer:
    """Return who heads the paper: the one school, or the bank of several."""
    first = found.children[0]
    async with open_scope(tenant_scope(first.tenant_id)):
        issuer = await issuer_of(await Tenant.get(id=first.tenant_id))
    if len({one.tenant_id for one in found.children}) == 1:
        return issuer
    return Issuer(name=issuer.bank_name, colour=issuer.colour, logo=issuer.logo)


ROUTES: list[BaseRoute] = [
    person_route("/my/school/statement", show, name="my_school_year", is_transactional=False),
    person_route("/my/school/statement/pdf", paper, name="my_school_year_pdf", is_transactional=False),
]
