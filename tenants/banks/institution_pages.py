"""What the bank knows of one institution; its inside stays closed."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants import kinds
from tenants.actor import Actor
from tenants.banks.words import TENANT_STATUSES, TENANT_TONES
from tenants.http import bank_route, path_id
from tenants.life.kinds import KINDS, REQUEST_STATUSES, offered
from tenants.life.reviews import RISKS
from tenants.life.services import requests_of
from tenants.models import Application, Branch, Tenant
from tenants.onboarding import gate
from ui.formats import span_text
from ui.i18n import gettext, t
from ui.render import respond


async def institution(request: Request, actor: Actor) -> Response:
    """Show one institution and what this person can do about it."""
    found = await gate.tenant_of(actor, path_id(request))
    context = {**await _facts(actor, found), **await _gate(actor, found), **await _life(actor, found)}
    return await respond(request, "tenants/banks/institution.html", context)


async def _facts(actor: Actor, found: Tenant) -> dict[str, Any]:
    application = await Application.get_or_none(bank_id=found.bank_id, approved_tenant_id=found.id)
    return {
        "tenant": found,
        "branch": await Branch.get(bank_id=found.bank_id, id=found.branch_id),
        "application": application,
        "to_live": span_text(found.live_at - application.created_at) if application and found.live_at else "",
        "scenarios": [t(kinds.SCENARIOS[key].name) for key in found.scenarios if key in kinds.SCENARIOS],
        "risk_word": t(RISKS[found.risk]),
        "status_word": TENANT_STATUSES.get(found.status, found.status),
        "tone": TENANT_TONES.get(found.status, "neutral"),
        "root": f"/bank/{actor.place['slug']}",
        "here": f"/bank/{actor.place['slug']}/tenants/{found.id}",
    }


async def _gate(actor: Actor, found: Tenant) -> dict[str, Any]:
    steps = await gate.steps(found)
    return {
        "steps": [
            {
                "title": gettext(one.name),
                "text": f"{one.check.passed_by_name} {one.check.note}"
                if one.is_done
                else gettext(one.advice),
                "is_done": one.is_done,
                "href": None,
            }
            for one in steps
        ],
        "is_ready": found.status == "approved" and not gate.missing(steps),
        "may_decide": actor.may("applications.decide"),
        "waits_for_contact": actor.works_with_institutions()
        and found.status == "approved"
        and any(one.key == "contact" and not one.is_done for one in steps),
    }


async def _life(actor: Actor, found: Tenant) -> dict[str, Any]:
    """Return what was asked for about it, and what this person may ask for or do."""
    requests = await requests_of(found)
    return {
        "requests": [
            (one, gettext(KINDS[one.kind].name), gettext(REQUEST_STATUSES[one.status])) for one in requests
        ],
        "offered": [(one.key, gettext(one.name)) for one in offered(found)]
        if actor.may("tenants.write")
        else [],
        "may_move": actor.may("staff.write"),
        "may_support": actor.may("support.open"),
        "may_complain": actor.may("complaints.work"),
        "may_hold": actor.may("risk.work") and found.status != "approved",
    }


ROUTES: list[BaseRoute] = [bank_route("/tenants/{id}", institution, permission="tenants.read")]
