"""Alerts, refunds that wait, and thresholds that are tried on history before they go live."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.models import RiskAlert, RiskHold, RiskRule
from billing.risk import services
from billing.risk.finding import RULES, Found
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Tenant
from tenants.navigation import Place, add_bank_places
from tenants.onboarding import queries
from ui.errors import Invalid, NotFound
from ui.exports import export, wants_export
from ui.formats import money
from ui.forms import Form, bind, bind_values
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

add_bank_places(Place(N_("Risk"), "/risk", "risk.read", "flag", 27))
STATUSES = {
    "open": t("Open"),
    "assigned": t("Being looked into"),
    "confirmed": t("Confirmed"),
    "false": t("Cleared"),
}
TONES: dict[str, Any] = {"open": "danger", "assigned": "warning", "confirmed": "danger", "false": "success"}
HOLDS = {"held": t("Waits"), "released": t("Released"), "stopped": t("Stopped")}
THRESHOLDS = {
    "deviations": N_("Deviations above the usual"),
    "least_minor": N_("At least, in the smallest unit of money"),
    "least_count": N_("At least so many"),
    "percent": N_("At least percent"),
    "days": N_("Within days"),
    "times": N_("At least times the usual"),
}
TRIED_DAYS = 365


class WhyForm(BaseModel):
    """What is decided, and why."""

    act: str
    reason: str = Field("", title=N_("Reason"), max_length=1000)


class SwitchForm(BaseModel):
    """Whether a rule watches, and whether refunds wait for it."""

    is_on: bool = Field(False, title=N_("Watch for it"))
    holds_refunds: bool = Field(False, title=N_("Refunds wait while an alert is open"))
    act: str = "try"


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
    holds = await RiskHold.filter(bank_id=bank_of(actor), status="held").order_by("id").limit(100)
    names = await _names([one.tenant_id for one in holds])
    context = {
        "page": page,
        "columns": columns,
        "statuses": list(STATUSES.items()),
        "keys": [(key, gettext(rule.name)) for key, rule in RULES.items()],
        "holds": [(one, names[one.tenant_id]) for one in holds],
        "may_work": actor.may("risk.work"),
        "root": root,
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
    context = {
        "alert": found,
        "tenant": await Tenant.get(id=found.tenant_id),
        "name": gettext(RULES[found.key].name),
        "reason": services.reason(found),
        "status_word": STATUSES[found.status],
        "tone": TONES[found.status],
        "holds": [(one, HOLDS[one.status]) for one in holds],
        "form": form,
        "may_work": actor.may("risk.work") and found.status != "false",
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/risk/alert.html", context, status=status)


async def decide(request: Request, actor: Actor) -> Response:
    """Release a refund that waits, or stop it."""
    form = await bind(request, WhyForm)
    held = await services.decide(actor, path_id(request), act=form.ok.act, why=form.ok.reason)
    return redirect(request, f"/bank/{actor.place['slug']}/risk/{held.alert_id}", flash=HOLDS[held.status])


async def rules(request: Request, actor: Actor) -> Response:
    """List the rules with what they watch for."""
    own = {one.key: one for one in await RiskRule.filter(bank_id=bank_of(actor))}
    context = {
        "rules": [
            (
                key,
                gettext(rule.name),
                key not in own or own[key].is_on,
                own[key].holds_refunds if key in own else rule.holds_refunds,
            )
            for key, rule in RULES.items()
        ],
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/risk/rules.html", context)


async def rule(request: Request, actor: Actor) -> Response:
    """Show one rule with its thresholds."""
    return await _rule(request, actor, _key(request))


async def try_rule(request: Request, actor: Actor) -> Response:
    """Try thresholds on the past year, or put them into force."""
    key = _key(request)
    body = await request.form()
    switch = bind_values(
        {name: [body[name]] for name in ("is_on", "holds_refunds", "act") if name in body}, SwitchForm
    )
    thresholds = _numbers(key, {name: str(body.get(name, "")) for name in RULES[key].defaults})
    if thresholds is None:
        return await _rule(request, actor, key, wrong=True, status=422)
    if switch.ok.act == "set":
        await services.set_rule(
            actor, key, thresholds=thresholds, is_on=switch.ok.is_on, holds_refunds=switch.ok.holds_refunds
        )
        return redirect(
            request, f"/bank/{actor.place['slug']}/risk/rules/{key}", flash=t("The rule is in force.")
        )
    found = await services.try_out(actor, key, thresholds, TRIED_DAYS)
    return await _rule(request, actor, key, tried=(thresholds, found))


def _numbers(key: str, typed: dict[str, str]) -> dict[str, float] | None:
    try:
        return {name: max(float(typed[name]), 0.0) for name in RULES[key].defaults}
    except ValueError:
        return None


async def _rule(  # noqa: PLR0917 - what the page shows
    request: Request,
    actor: Actor,
    key: str,
    tried: tuple[dict[str, float], list[tuple[Tenant, str, Found]]] | None = None,
    wrong: bool = False,
    status: int = 200,
) -> Response:
    own = await RiskRule.get_or_none(bank_id=bank_of(actor), key=key)
    values = tried[0] if tried else {**RULES[key].defaults, **(own.thresholds if own else {})}
    context = {
        "key": key,
        "name": gettext(RULES[key].name),
        "fields": [(name, gettext(THRESHOLDS[name]), f"{value:g}") for name, value in values.items()],
        "is_on": own.is_on if own else True,
        "holds": own.holds_refunds if own else RULES[key].holds_refunds,
        "tried": [
            (one.day, tenant.short_name, channel, _sentence(key, one, tenant))
            for tenant, channel, one in tried[1][:100]
        ]
        if tried
        else None,
        "count": len(tried[1]) if tried else 0,
        "monthly": round(len(tried[1]) / 12, 1) if tried else 0,
        "wrong": wrong,
        "may_set": actor.may("policy.write"),
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/risk/rule.html", context, status=status)


def _sentence(key: str, found: Found, tenant: Tenant) -> str:
    shown = {
        name.removesuffix("_minor"): money(value, tenant.currency) if name.endswith("_minor") else value
        for name, value in found.facts.items()
    }
    return str(t(RULES[key].sentence, **shown))


def _key(request: Request) -> str:
    key = str(request.path_params["key"])
    if key not in RULES:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return key


READ, WORK = "risk.read", "risk.work"
ROUTES: list[BaseRoute] = [
    bank_route("/risk", listed, permission=READ, name="risk_alerts"),
    bank_route("/risk/rules", rules, permission=READ, name="risk_rules"),
    bank_route("/risk/rules/{key}", rule, permission=READ, name="risk_rule"),
    bank_route("/risk/rules/{key}", try_rule, permission=READ, methods=WRITES, name="risk_rule_try"),
    bank_route("/risk/{id}", show, permission=READ, name="risk_alert"),
    bank_route("/risk/{id}/work", work, permission=WORK, methods=WRITES, name="risk_work"),
    bank_route("/risk/holds/{id}/decision", decide, permission=WORK, methods=WRITES, name="risk_hold_decide"),
]
