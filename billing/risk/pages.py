"""Alerts: what is out of the ordinary, why in figures, and what somebody decided."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.models import PayoutHold, RiskAlert, RiskHold
from billing.risk import hold_pages, rule_pages, services, tenant_pages
from billing.risk.finding import RULES
from billing.risk.tabs import tabs
from billing.risk.words import HOLD_TONES, HOLD_WORDS
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Tenant
from tenants.navigation import Place, add_bank_places
from tenants.onboarding import queries
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

add_bank_places(Place(N_("Risk"), "/risk", "risk.read", "flag", 27))
STATUSES = {
    "open": t("To be worked"),
    "assigned": t("Being looked into"),
    "confirmed": t("Confirmed"),
    "false": t("Cleared"),
}
TONES: dict[str, Any] = {"open": "danger", "assigned": "warning", "confirmed": "danger", "false": "success"}


class WhyForm(BaseModel):
    """What is decided, and why."""

    act: str
    reason: str = Field("", title=N_("Reason"), max_length=1000)


async def listed(request: Request, actor: Actor) -> Response:
    """List alerts, the open ones first."""
    root = f"/bank/{actor.place['slug']}"
    columns = (
        Column("day", t("Day"), format="date"),
        Column("tenant", t("Institution"), is_main=True, href=lambda row: f"{root}/risk/{row['id']}"),
        Column("name", t("What")),
        Column("reason", t("Why")),
        Column("assigned_to_name", t("With")),
        Column("status", t("State"), format="badge", tones=TONES, words=STATUSES),
    )
    query = TableQuery.parse(request, filters=("status", "key"))
    branches = [b.id for b in await queries.branches(actor)]
    found = RiskAlert.filter(bank_id=bank_of(actor), branch_id__in=branches)
    for name in ("status", "key"):
        if query.get(name):
            found = found.filter(**{name: query.get(name)})
    if wants_export(request):
        return await export(
            request, columns, await _told(await found.order_by("-day").limit(10_000)), "alerts"
        )
    page = Page.of(
        query,
        await _told(await found.order_by("-day", "-id").offset(query.offset).limit(query.limit)),
        await found.count(),
    )
    context = {
        "page": page,
        "columns": columns,
        "statuses": list(STATUSES.items()),
        "keys": [(key, gettext(rule.name)) for key, rule in RULES.items()],
        "tabs": tabs(actor, "/risk"),
    }
    return await respond(request, "billing/risk/alerts.html", context, block="list")


async def _names(ids: list[Any]) -> dict[Any, str]:
    return {one.id: one.short_name for one in await Tenant.filter(id__in=ids)}


async def _told(found: list[RiskAlert]) -> list[dict[str, Any]]:
    names = await _names([one.tenant_id for one in found])
    return [
        {
            "id": one.id,
            "day": one.day,
            "tenant": names.get(one.tenant_id, ""),
            "name": gettext(RULES[one.key].name),
            "reason": str(services.reason(one)),
            "assigned_to_name": one.assigned_to_name,
            "status": one.status,
        }
        for one in found
    ]


async def show(request: Request, actor: Actor) -> Response:
    """Show one alert."""
    return await _show(request, actor, await services.get(actor, path_id(request)), Form.blank(WhyForm))


async def work(request: Request, actor: Actor) -> Response:
    """Take an alert on, confirm it or clear it."""
    found, form = await services.get(actor, path_id(request)), await bind(request, WhyForm)
    try:
        await services.work(actor, found.id, act=form.ok.act, why=form.ok.reason)
    except Invalid as error:
        form.fail_with(error)
        return await _show(request, actor, found, form, status=422)
    return redirect(request, f"/bank/{actor.place['slug']}/risk/{found.id}", flash=t("Noted."))


async def _show(
    request: Request, actor: Actor, found: RiskAlert, form: Form[WhyForm], status: int = 200
) -> Response:
    holds = await RiskHold.filter(bank_id=found.bank_id, alert_id=found.id).order_by("id")
    on_hold = await PayoutHold.filter(tenant_id=found.tenant_id).exclude(status="released").first()
    context = {
        "alert": found,
        "tenant": await Tenant.get(id=found.tenant_id),
        "name": gettext(RULES[found.key].name),
        "reason": services.reason(found),
        "status_word": STATUSES[found.status],
        "tone": TONES[found.status],
        "holds": [(one, HOLD_WORDS[one.status], HOLD_TONES[one.status]) for one in holds],
        "on_hold": on_hold,
        "may_hold": on_hold is None and actor.may(WORK),
        "form": form,
        "may_work": actor.may(WORK) and found.status != "false",
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/risk/alert.html", context, status=status)


READ, WORK = "risk.read", "risk.work"
ROUTES: list[BaseRoute] = [
    bank_route("/risk", listed, permission=READ, name="risk_alerts"),
    *hold_pages.ROUTES,
    *rule_pages.ROUTES,
    *tenant_pages.ROUTES,
    bank_route("/risk/{id}", show, permission=READ, name="risk_alert"),
    bank_route("/risk/{id}/work", work, permission=WORK, methods=WRITES, name="risk_work"),
]
