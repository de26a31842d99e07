"""A bank's own thresholds: tried on the past year first, then put into force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing.bank_terms.words import coin_of
from billing.models import RiskRule, RiskTrial
from billing.risk.finding import RULES, Found, replay
from billing.risk.services import histories
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.days import today_at_bank
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.onboarding import queries
from tenants.scope import rows
from ui.errors import Forbidden, Invalid, NotFound
from ui.i18n import t

TRIED_DAYS, SEASON = 365, timedelta(days=70)
MOST, AT_ONCE = 2000, 200
"""Institutions that a trial looks at, those that have been live for longest, and how many of them together."""
STANDS = timedelta(days=30)
"""How long a trial stands for thresholds that come into force."""
_SAID = """
select key, count(*)::int said, count(*) filter (where status = 'false')::int cleared from billing_risk_alert
 where bank_id = $1 and day >= $2 group by key
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """What thresholds would have said: about whom, on which channel, what; and how many institutions were looked at."""

    thresholds: Mapping[str, float]
    found: Sequence[tuple[Tenant, str, Found]]
    institutions: int

    @property
    def monthly(self) -> float:
        """Alerts in a month of the year that was tried."""
        return round(len(self.found) / 12, 1)


def rule_of(key: str) -> str:
    """Return the key of a rule that there is.

    Raises:
        NotFound: there is none of this name.
    """
    if key not in RULES:
        raise NotFound("rule.not_found", t("There is no such rule."))
    return key


def may_try(actor: Actor) -> bool:
    """Tell whether somebody works with alerts or sets the rules, and does not only look on."""
    return actor.may("risk.work") or actor.may("policy.write")


async def try_out(actor: Actor, key: str, thresholds: Mapping[str, float]) -> Tried:
    """Find out what a rule would have said over the past year in the actor's branches, and note it.

    Raises:
        Forbidden: somebody who only looks on; what was tried may come into force, and is noted.
    """
    if not may_try(actor):
        raise Forbidden("permission.missing", t("You do not have the right to do this."))
    since = await today_at_bank(bank_of(actor)) - timedelta(days=TRIED_DAYS)
    branches = [one.id for one in await queries.branches(actor)]
    live = Tenant.filter(bank_id=bank_of(actor), branch_id__in=branches, status="live", is_sandbox=False)
    tenants = await live.order_by("live_at", "id").limit(MOST)
    found = []
    for at in range(0, len(tenants), AT_ONCE):
        found += await _said(tenants[at : at + AT_ONCE], rule_of(key), thresholds, since)
    await RiskTrial.create(
        id=new_id(), bank_id=bank_of(actor), key=key, thresholds=dict(thresholds), institutions=len(tenants),
        alerts=len(found), tried_by_name=actor.name[:100],
    )  # fmt: skip
    found.sort(key=lambda one: one[2].day, reverse=True)
    return Tried(thresholds, found, len(tenants))


async def _said(
    tenants: Sequence[Tenant], key: str, thresholds: Mapping[str, float], since: date
) -> list[tuple[Tenant, str, Found]]:
    by_id = {one.id: one for one in tenants}
    return [
        (by_id[tenant_id], channel, one)
        for (tenant_id, channel), history in (await histories(tenants, since - SEASON)).items()
        for one in replay(history, key, thresholds, since)
    ]


async def set_rule(
    actor: Actor,
    key: str,
    *,
    thresholds: dict[str, float],
    is_on: bool,
    holds_refunds: bool,
    holds_payouts: bool,
) -> RiskRule:
    """Put thresholds into force for the bank that were tried on history before.

    Raises:
        Invalid: nobody has tried them lately. Switching a rule off needs no trial.
    """
    actor.require("policy.write")
    actor.require_fresh()
    if set(thresholds) != set(RULES[rule_of(key)].defaults):
        raise NotFound("rule.not_found", t("There is no such rule."))
    trial = await _trial(actor, key, thresholds)
    found = await RiskRule.get_or_none(bank_id=bank_of(actor), key=key)
    if trial is None and is_on and thresholds != in_force(found, key):
        raise Invalid("rule.untried", t("Try these figures on the past year first."))
    before = _shown(found) if found else None
    row = found or RiskRule(id=new_id(), bank_id=bank_of(actor), key=key)
    row.thresholds, row.is_on = thresholds, is_on
    row.holds_refunds, row.holds_payouts = holds_refunds, holds_payouts
    await row.save(force_create=found is None)
    tried = {"alerts_tried": trial.alerts} if trial else {}
    await audit.record(
        actor,
        "risk_rule.changed",
        subject_kind="risk_rule",
        subject_id=row.id,
        subject_label=RULES[key].name,
        before=before,
        after=_shown(row) | tried | {"currency": coin_of(actor)},
    )
    return row


async def _trial(actor: Actor, key: str, thresholds: Mapping[str, float]) -> RiskTrial | None:
    since = datetime.now(UTC) - STANDS
    lately = await RiskTrial.filter(bank_id=bank_of(actor), key=key, created_at__gte=since).order_by("-id")
    return next((one for one in lately if one.thresholds == thresholds), None)


def in_force(own: RiskRule | None, key: str) -> dict[str, float]:
    """Return a rule's thresholds, the bank's own where it has set any."""
    return {**RULES[key].defaults, **(own.thresholds if own else {})}


def _shown(row: RiskRule) -> dict[str, Any]:
    names = ("thresholds", "is_on", "holds_refunds", "holds_payouts")
    return {name: getattr(row, name) for name in names}


async def record_of(actor: Actor) -> dict[str, tuple[int, int]]:
    """Return how many alerts each rule has raised in the past year, and how many of them were cleared."""
    since = await today_at_bank(bank_of(actor)) - timedelta(days=TRIED_DAYS)
    return {one["key"]: (one["said"], one["cleared"]) for one in await rows(_SAID, bank_of(actor), since)}


async def trials_of(actor: Actor, key: str, most: int = 5) -> list[RiskTrial]:
    """Return what was tried of a rule last."""
    return await RiskTrial.filter(bank_id=bank_of(actor), key=key).order_by("-id").limit(most)
