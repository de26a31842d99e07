"""Rules: what each watches for and how often it was right; thresholds tried on the past year, then put into force."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.bank_terms.words import coin_of
from billing.models import RiskRule
from billing.risk import rules, services
from billing.risk.finding import RULES
from billing.risk.rules import Tried
from billing.risk.tabs import tabs
from billing.risk.words import MINOR, field, figures
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.fields import parse_minor
from ui.forms import bind_values
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

SHOWN = 100


class SwitchForm(BaseModel):
    """Whether a rule watches, and what waits for it."""

    is_on: bool = Field(False, title=N_("Watch for it"))
    holds_refunds: bool = Field(False, title=N_("Refunds wait while an alert is open"))
    holds_payouts: bool = Field(False, title=N_("Payouts are put on hold at once"))
    act: str = "try"


def _monthly(value: Any, row: Any) -> str:
    del row
    return f"{value / 12:.1f}"


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("name", t("Rule"), is_main=True, href=lambda row: f"{root}/risk/rules/{row['key']}"),
        Column("state", t("State"), format="badge", tones={"on": "success"}, words=STATES),
        Column("waits", t("What waits")),
        Column("said", t("Alerts in a year"), format="number"),
        Column("cleared", t("Of these cleared"), format="number"),
        Column(
            "cleared_monthly",
            t("False alerts a month"),
            value=lambda row: row["cleared"],
            format=_monthly,
            align="end",
        ),
    )


STATES: dict[str, Text] = {"on": t("Watching"), "off": t("Off")}


async def listed(request: Request, actor: Actor) -> Response:
    """List the rules with what they watch for and how often they were right."""
    own = {one.key: one for one in await RiskRule.filter(bank_id=bank_of(actor))}
    record = await rules.record_of(actor)
    found = [_row(key, own.get(key), record.get(key, (0, 0))) for key in RULES]
    columns = _columns(f"/bank/{actor.place['slug']}")
    if wants_export(request):
        return await export(request, columns, found, "risk-rules")
    context = {"rows": found, "columns": columns, "tabs": tabs(actor, "/risk/rules")}
    return await respond(request, "billing/risk/rules.html", context)


def _row(key: str, own: RiskRule | None, record: tuple[int, int]) -> dict[str, Any]:
    held = own or RULES[key]
    waits = [
        gettext(word)
        for word, does in ((N_("Refunds"), held.holds_refunds), (N_("Payouts"), held.holds_payouts))
        if does
    ]
    return {
        "key": key,
        "name": gettext(RULES[key].name),
        "state": "on" if own is None or own.is_on else "off",
        "waits": ", ".join(waits) or "–",
        "said": record[0],
        "cleared": record[1],
    }


async def show(request: Request, actor: Actor) -> Response:
    """Show one rule with its thresholds."""
    return await _page(request, actor, rules.rule_of(str(request.path_params["key"])))


async def change(request: Request, actor: Actor) -> Response:
    """Try thresholds on the past year, or put them into force."""
    key = rules.rule_of(str(request.path_params["key"]))
    body = await request.form()
    names = ("is_on", "holds_refunds", "holds_payouts", "act")
    switch = bind_values({name: [body[name]] for name in names if name in body}, SwitchForm).ok
    typed = {name: str(body.get(name, "")) for name in RULES[key].defaults}
    given = _numbers(typed, coin_of(actor))
    if given is None:
        return await _page(request, actor, key, switch, error=t("Enter figures."), status=422)
    if switch.act != "set":
        return await _page(request, actor, key, switch, await rules.try_out(actor, key, given))
    try:
        facts = switch.model_dump(exclude={"act"})
        await rules.set_rule(actor, key, thresholds=given, **facts)
    except Invalid as refused:
        return await _page(request, actor, key, switch, error=refused.message, given=given, status=422)
    return redirect(
        request, f"/bank/{actor.place['slug']}/risk/rules/{key}", flash=t("The rule is in force.")
    )


def _numbers(typed: dict[str, str], currency: str) -> dict[str, float] | None:
    """Return what was typed, sums of money in minor units; nothing where one of them is no figure."""
    try:
        found = {
            name: float(parse_minor(text, currency) if name.endswith(MINOR) else text)
            for name, text in typed.items()
        }
    except ValueError:
        return None
    return found if all(0 <= value < MOST for value in found.values()) else None


MOST = 1e15
"""No threshold is above it; what is no number at all is not below it."""


async def _page(  # noqa: PLR0917 - what the page shows
    request: Request,
    actor: Actor,
    key: str,
    switch: SwitchForm | None = None,
    tried: Tried | None = None,
    error: Text | None = None,
    given: dict[str, float] | None = None,
    status: int = 200,
) -> Response:
    own = await RiskRule.get_or_none(bank_id=bank_of(actor), key=key)
    held = switch or own or RULES[key]
    values = given or (tried.thresholds if tried else rules.in_force(own, key))
    context = {
        "key": key,
        "name": gettext(RULES[key].name),
        "fields": [field(name, value, coin_of(actor)) for name, value in values.items()],
        "is_on": switch.is_on if switch else own is None or own.is_on,
        "holds_refunds": held.holds_refunds,
        "holds_payouts": held.holds_payouts,
        "tried": tried,
        "said": [
            (one.day, tenant.short_name, services.told(key, channel, one.facts, tenant.currency))
            for tenant, channel, one in tried.found[:SHOWN]
        ]
        if tried
        else [],
        "trials": await rules.trials_of(actor, key),
        "trial_columns": _trial_columns(coin_of(actor)),
        "error": error,
        "may_try": rules.may_try(actor),
        "may_set": actor.may("policy.write"),
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/risk/rule.html", context, status=status)


def _trial_columns(currency: str) -> tuple[Column, ...]:
    def shown(value: Any, row: Any) -> str:
        del row
        return figures(value, currency)

    return (
        Column("created_at", t("Tried on"), format="datetime", is_main=True),
        Column("tried_by_name", t("By")),
        Column("thresholds", t("Figures"), format=shown),
        Column("institutions", t("Institutions"), format="number"),
        Column("alerts", t("Alerts in a year"), format="number"),
    )


READ = "risk.read"
ROUTES: list[BaseRoute] = [
    bank_route("/risk/rules", listed, permission=READ, name="risk_rules"),
    bank_route("/risk/rules/{key}", show, permission=READ, name="risk_rule"),
    bank_route("/risk/rules/{key}", change, permission=READ, methods=WRITES, name="risk_rule_try"),
]
