"""A template as an offer: fees with their rules and the plan of notices of one industry, taken together."""

from collections.abc import Mapping, Sequence
from typing import Any

from billing.bank_terms.words import coin_of
from billing.catalogue import TEMPLATES
from billing.names import localized
from billing.offers import rules
from billing.reminders.plan import ReminderTerms
from billing.terms import save_terms
from tenants.actor import Actor
from tenants.kinds import SCENARIOS
from tenants.models import BankOffer
from tenants.offers.kinds import Begun, Content, Line, OfferKind, Result, add_kind
from ui.errors import Invalid
from ui.i18n import N_, Text, gettext, t


async def sources(actor: Actor) -> Sequence[tuple[str, str]]:
    """Return the industry clouds."""
    del actor
    return [(key, gettext(scenario.name)) for key, scenario in SCENARIOS.items() if TEMPLATES.get(key)]


async def begin(actor: Actor, source: str) -> Begun:
    """Begin with every fee of an industry that has a rule, and the usual plan of notices.

    Raises:
        Invalid: there is no such industry.
    """
    if source not in SCENARIOS:
        text = t("Choose from the list.")
        raise Invalid("offer.source", text, fields={"source": text})
    found = [rules.content_of(source, one, coin_of(actor)) for one in TEMPLATES.get(source, ())]
    content = {
        "scenario": source,
        "fees": [one for one in found if one["document"]],
        "reminders": ReminderTerms().model_dump(mode="json"),
    }
    return Begun(source, source, content)


async def choices(actor: Actor, scenario: str) -> dict[str, dict[str, Any]]:
    """Return the fees that a template can hold, by key: those of the catalogue, and the rules that the bank offers."""
    found = [rules.content_of(scenario, one, coin_of(actor)) for one in TEMPLATES.get(scenario, ())]
    known = {one["fee_key"]: one for one in found if one["document"]}
    own = BankOffer.filter(bank_id=actor.bank_id, kind="rule", scenario=scenario, status="published")
    return known | {one.content["fee_key"]: dict(one.content) for one in await own.order_by("number")}


def lines(content: Content) -> list[Line]:
    """Read a template back: each fee, and the plan of notices."""
    fees = [
        Line(f"fee.{one['fee_key']}", localized(one["names"]), rules.rule_text(one))
        for one in content["fees"]
    ]
    scenario = gettext(SCENARIOS[content["scenario"]].name)
    return [
        Line("scenario", gettext("Industry cloud"), scenario),
        *fees,
        Line(
            "reminders", gettext("Reminders"), plan_text(ReminderTerms.model_validate(content["reminders"]))
        ),
    ]


def plan_text(plan: ReminderTerms) -> str:
    """Return when somebody is reminded, in words."""
    if not plan.is_on:
        return gettext("No reminders")
    steps = [str(_step(step.offset_days)) for step in plan.steps]
    quiet = t("quiet from {start}:00 to {end}:00", start=plan.quiet_from, end=plan.quiet_until)
    return "; ".join([*steps, str(quiet)])


def _step(days: int) -> Text:
    if days < 0:
        return t("{n} days before it is due", n=-days)
    return t("{n} days after it was due", n=days) if days else t("on the due day")


async def apply(actor: Actor, content: Content, before: Result) -> Result:
    """Draft every fee's rule and keep the plan of notices; a fee whose rule is as it was is left alone.

    Raises:
        Forbidden: the actor may not change settings.
        Conflict, Invalid: what a single rule finds; nothing of the template is then taken.
    """
    actor.require("settings.write")
    made: dict[str, Any] = dict(before.get("fees", {}))
    for one in content["fees"]:
        known = made.get(one["fee_key"], {})
        if known and known["document"] == one["document"]:
            continue
        result = await rules.apply(actor, one, known)
        made[one["fee_key"]] = result | {"document": one["document"]}
    if before.get("reminders") != content["reminders"]:
        await save_terms(actor, ReminderTerms.model_validate(content["reminders"]))
    return {"fees": made, "reminders": content["reminders"]}


def missing(content: Content) -> str:
    """Say that a template without fees, or with one that has no rule, gives nothing."""
    if not content["fees"]:
        return gettext("a fee")
    return next((lacks for one in content["fees"] if (lacks := rules.missing(one))), "")


def leads(result: Mapping[str, Any]) -> tuple[str, str]:
    """Lead to the fees."""
    del result
    return "/fees", gettext("To the fees and their drafts")


def register() -> None:
    """Let templates be offered; safe to call again."""
    add_kind(
        OfferKind(
            "template",
            N_("Template of fees and notices"),
            N_("Taken, its rules are drafts to be put into force, and its plan of reminders holds at once."),
            "fees.write",
            sources,
            begin,
            rules.renew,
            lines,
            apply,
            leads,
            edit="/template",
            missing=missing,
        )
    )


register()
