"""What the bank keeps, institution by institution: its own fee, or what was agreed with one."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.bank_terms.fee_change import KEY
from billing.bank_terms.reading import fee_of
from billing.bank_terms.words import examples
from billing.routing.sentences import fee_sentence
from tenants.actor import Actor
from tenants.banks.words import TENANT_STATUSES, TENANT_TONES
from tenants.http import bank_route, path_id
from tenants.life.kinds import KINDS
from tenants.models import BankRequest
from tenants.onboarding import queries
from tenants.onboarding.gate import tenant_of
from tenants.scope import open_scope, tenant_scope
from ui.i18n import t
from ui.render import respond
from ui.tables import Column, Page, TableQuery


async def fees(request: Request, actor: Actor) -> Response:
    """The institutions that this person sees, each a way to its fee."""
    root = f"/bank/{actor.place['slug']}"
    columns = (
        Column("name", t("Institution"), is_main=True, href=lambda row: f"{root}/fees/{row['id']}"),
        Column("branch", t("Branch")),
        Column("status", t("State"), format="badge", tones=TENANT_TONES, words=TENANT_STATUSES),
    )
    query = TableQuery.parse(request, columns=columns)
    page = Page.of(query, await queries.tenants(actor, query), await queries.count_tenants(actor, query))
    context = {"page": page, "columns": columns, "root": root}
    return await respond(request, "billing/bank_terms/fees.html", context, block="list")


async def fee(request: Request, actor: Actor) -> Response:
    """What the bank keeps of one institution's payments, and the way to agree on something else."""
    tenant, root = await tenant_of(actor, path_id(request)), f"/bank/{actor.place['slug']}"
    async with open_scope(tenant_scope(tenant.id)):
        kept, is_own = await fee_of(tenant)
    waiting = await BankRequest.filter(
        bank_id=tenant.bank_id, tenant_id=tenant.id, kind=KEY, status="asked"
    ).first()
    context = {
        "tenant": tenant,
        "root": root,
        "sentence": fee_sentence(kept, tenant.currency),
        "is_own": is_own,
        "examples": examples(kept),
        "currency": tenant.currency,
        "waiting": waiting,
        "ask": f"{root}/tenants/{tenant.id}/requests/{KEY}"
        if actor.may("tenants.write") and tenant.status in KINDS[KEY].statuses and not waiting
        else "",
    }
    return await respond(request, "billing/bank_terms/fee.html", context)


READ = "tenants.read"
ROUTES: list[BaseRoute] = [
    bank_route("/fees", fees, permission=READ, name="bank_fees"),
    bank_route("/fees/{id}", fee, permission=READ, name="bank_fee"),
]
