"""What an institution sees of its payouts on hold: why, since when, what it means, how far the channels are."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.models import PayoutHold
from billing.risk import payouts
from billing.risk.hold_pages import legs_of
from billing.risk.words import HOLD_TONES, HOLD_WORDS
from billing.worklist.registry import Kind, add_kind
from tenants.actor import Actor
from tenants.http import path_id, tenant_route
from tenants.models import Tenant
from tenants.navigation import named
from ui.i18n import N_
from ui.render import respond

READ = "reconciliation.read"
_SQL = """
select id, created_at since, created_at + interval '90 days' due_at, null::bigint amount_minor, '' currency,
       number title, reason detail, '/payout-holds/' || id path
  from billing_payout_hold where tenant_id = $1 and status <> 'released'
"""
add_kind(Kind("payout_hold", N_("Payouts that your bank keeps"), READ, _SQL, order=2))


async def show(request: Request, actor: Actor) -> Response:
    """Show one hold."""
    found: PayoutHold = await payouts.get(actor, path_id(request))
    tenant = await Tenant.get(id=found.tenant_id)
    context = {
        "hold": found,
        "bank": named(actor.place, "bank_name"),
        "manager": tenant.manager_name,
        "legs": legs_of(found),
        "word": HOLD_WORDS[found.status],
        "tone": HOLD_TONES.get(found.status, "neutral"),
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "billing/risk/payouts_own.html", context)


ROUTES: list[BaseRoute] = [
    tenant_route("/payout-holds/{id}", show, permission=READ, name="own_payout_hold"),
]
