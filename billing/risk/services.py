"""Watching: looking at an institution's last day, alerts and their end, refunds that wait for the bank."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.models import Refund, RiskAlert, RiskHold, RiskRule, RiskWatch
from billing.oversight.rolling import after_rolling
from billing.payments.refunding import SUBMIT_JOB, before_sending
from billing.risk.finding import RULES, Day, Found, History, history_of, look, replay
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.ids import new_id
from tenants.jobs import enqueue, job
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope, rows, tenant_scope
from tenants.states import Edge, Machine
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import money
from ui.i18n import Text, t

LOOK_JOB = "billing.look_for_risk"
YEAR = 400
ALERT = Machine(
    "alert",
    "open",
    {
        "assign": Edge(("open", "assigned"), "assigned", "somebody looks into it"),
        "confirm": Edge(
            ("open", "assigned"), "confirmed", "it is what it looks like; its refunds go on waiting"
        ),
        "clear": Edge(
            ("open", "assigned", "confirmed"), "false", "there is a good reason; what waited goes on"
        ),
    },
)
_DAYS = """
select day, channel, paid_count, paid_minor, refund_count, refund_minor, night_count, round_count
  from billing_day_figure where bank_id = $1 and tenant_id = $2 and day >= $3 order by channel, day
"""
_CHANGED = (
    "select done_at::date as day from tenants_bank_request where bank_id = $1 and tenant_id = $2 and status = 'done'"
    " and kind in ('account', 'representative')"
)


async def thresholds_of(bank_id: UUID) -> dict[str, Mapping[str, float]]:
    """Return the thresholds of every rule that is on, the bank's own where it has set any."""
    own = {one.key: one for one in await RiskRule.filter(bank_id=bank_id)}
    return {
        key: {**rule.defaults, **(own[key].thresholds if key in own else {})}
        for key, rule in RULES.items()
        if key not in own or own[key].is_on
    }


async def histories(tenant: Tenant, since: date) -> dict[str, History]:
    """Return an institution's days by channel, in its bank's open scope."""
    found = await rows(_DAYS, tenant.bank_id, tenant.id, since)
    changed = [each["day"] for each in await rows(_CHANGED, tenant.bank_id, tenant.id)]
    by_channel: dict[str, list[Day]] = {}
    for each in found:
        facts = {key: value for key, value in dict(each).items() if key != "channel"}
        by_channel.setdefault(each["channel"], []).append(Day(**facts))
    live = tenant.live_at.date() if tenant.live_at else None
    return {key: history_of(days, live_since=live, changed_on=changed) for key, days in by_channel.items()}


async def look_at(tenant: Tenant, on: date) -> list[RiskAlert]:
    """Look at one day of an institution in its bank's open scope; what was said of the day before is not said again."""
    thresholds = await thresholds_of(tenant.bank_id)
    made = []
    for channel, history in (await histories(tenant, on - timedelta(days=YEAR))).items():
        for found in look(history, history.at(on), thresholds):
            alert = await _alert(tenant, channel, found)
            made += [alert] if alert else []
    return made


async def _alert(tenant: Tenant, channel: str, found: Found) -> RiskAlert | None:
    same: dict[str, Any] = {
        "bank_id": tenant.bank_id,
        "tenant_id": tenant.id,
        "key": found.key,
        "channel": channel,
    }
    known = RiskAlert.filter(**same, day__gte=found.day - timedelta(days=3))
    if await known.exists():
        return None
    made = await RiskAlert.create(
        id=new_id(), **same, branch_id=tenant.branch_id, day=found.day, score=found.score,
        facts=found.facts | {"currency": tenant.currency},
    )  # fmt: skip
    if await _holds(made):
        await RiskWatch.create(id=new_id(), bank_id=tenant.bank_id, tenant_id=tenant.id, alert_id=made.id)
    return made


async def _holds(alert: RiskAlert) -> bool:
    own = await RiskRule.get_or_none(bank_id=alert.bank_id, key=alert.key)
    return own.holds_refunds if own else RULES[alert.key].holds_refunds


def reason(alert: RiskAlert) -> Text:
    """Return why, in words and figures."""
    facts = dict(alert.facts)
    currency = str(facts.pop("currency", "SGD"))
    shown = {
        name.removesuffix("_minor"): money(value, currency) if name.endswith("_minor") else value
        for name, value in facts.items()
    }
    return t(RULES[alert.key].sentence, **shown)


@job(LOOK_JOB)
async def look_later(actor: Actor, payload: dict[str, Any]) -> None:
    """Look at an institution's day once its figures are in; called in the institution's scope."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    tenant = await Tenant.get(id=actor.tenant_id)
    async with open_scope(bank_scope(tenant.bank_id)):
        today = datetime.now(UTC).date()
        for day in (today - timedelta(days=1), today):
            await look_at(tenant, day)


async def have_looked() -> None:
    """Have an institution's day looked at once its figures are in."""
    await enqueue(LOOK_JOB, {})


after_rolling(have_looked)


async def must_wait(actor: Actor, refund_id: UUID) -> bool:
    """Tell whether a refund may be sent; one of an institution that is watched waits for the bank. A gate."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        known = await RiskHold.get_or_none(tenant_id=actor.tenant_id, refund_id=refund_id)
        if known:
            return known.status == "released"
        watch = await RiskWatch.filter(tenant_id=actor.tenant_id, ended_at=None).first()
        refund = await Refund.get(tenant_id=actor.tenant_id, id=refund_id)
        if watch is None or refund.status != "approved":
            return True
        await RiskHold.create(
            id=new_id(), tenant_id=actor.tenant_id, bank_id=watch.bank_id, refund_id=refund.id, alert_id=watch.alert_id,
            number=refund.number, currency=refund.currency, amount_minor=refund.amount_minor,
        )  # fmt: skip
        return False


before_sending(must_wait)


async def get(actor: Actor, alert_id: UUID) -> RiskAlert:
    """Return an alert of the actor's bank and branches."""
    found = await RiskAlert.get_or_none(bank_id=bank_of(actor), id=alert_id)
    if found is None or not await sees_branch(actor, found.branch_id):
        raise NotFound("alert.not_found", t("There is no such alert."))
    return found


async def work(actor: Actor, alert_id: UUID, *, act: str, why: str) -> RiskAlert:
    """Take an alert on, confirm it or clear it; ending it needs a reason, and clearing lets refunds go on."""
    actor.require("risk.work")
    await get(actor, alert_id)
    found = await RiskAlert.select_for_update().get(bank_id=bank_of(actor), id=alert_id)
    if act not in ALERT.edges or not ALERT.can(found.status, act):
        raise Conflict("alert.state", t("This alert is closed already."))
    if act != "assign" and not why.strip():
        text = t("Say why.")
        raise Invalid("alert.reason", text, fields={"reason": text})
    before, found.status = found.status, ALERT.after(found.status, act)
    if act == "assign":
        found.assigned_to_name = actor.name[:100]
    else:
        found.reason, found.closed_by_name, found.closed_at = why.strip(), actor.name[:100], datetime.now(UTC)
    await found.save()
    if act == "clear":
        await RiskWatch.filter(bank_id=found.bank_id, alert_id=found.id).update(ended_at=datetime.now(UTC))
        for hold in await RiskHold.filter(bank_id=found.bank_id, alert_id=found.id, status="held"):
            await decide(actor, hold.id, act="release", why=why)
    await _record(actor, found, before)
    return found


async def decide(actor: Actor, hold_id: UUID, *, act: str, why: str) -> RiskHold:
    """Release a refund that waits, or keep it stopped; the institution then finds another way or takes it back."""
    actor.require("risk.work")
    actor.require_fresh()
    found = await RiskHold.select_for_update().get_or_none(bank_id=bank_of(actor), id=hold_id)
    if found is None:
        raise NotFound("hold.not_found", t("There is no such refund waiting."))
    if found.status != "held" or act not in {"release", "stop"}:
        raise Conflict("hold.state", t("This is decided already."))
    found.status = "released" if act == "release" else "stopped"
    found.decided_by_name, found.decided_at, found.reason = actor.name[:100], datetime.now(UTC), why
    await found.save()
    async with open_scope(tenant_scope(found.tenant_id)):
        if act == "release":
            await enqueue(SUBMIT_JOB, {"refund_id": str(found.refund_id)})
    await audit.record(
        actor,
        f"risk_hold.{found.status}",
        subject_kind="risk_hold",
        subject_id=found.id,
        subject_label=found.number,
        after={"amount_minor": found.amount_minor, "currency": found.currency, "reason": why},
        tenant_id=found.tenant_id,
    )
    return found


async def set_rule(
    actor: Actor, key: str, *, thresholds: dict[str, float], is_on: bool, holds_refunds: bool
) -> RiskRule:
    """Put thresholds into force for the bank."""
    actor.require("policy.write")
    actor.require_fresh()
    if key not in RULES or set(thresholds) != set(RULES[key].defaults):
        raise NotFound("rule.not_found", t("There is no such rule."))
    found = await RiskRule.get_or_none(bank_id=bank_of(actor), key=key)
    before = {"thresholds": found.thresholds, "is_on": found.is_on} if found else None
    row = found or RiskRule(id=new_id(), bank_id=bank_of(actor), key=key)
    row.thresholds, row.is_on, row.holds_refunds = thresholds, is_on, holds_refunds
    await row.save(force_create=found is None)
    await audit.record(
        actor,
        "risk_rule.changed",
        subject_kind="risk_rule",
        subject_id=row.id,
        subject_label=key,
        before=before,
        after={"thresholds": thresholds, "is_on": is_on, "holds_refunds": holds_refunds},
    )
    return row


async def try_out(
    actor: Actor, key: str, thresholds: Mapping[str, float], days: int
) -> list[tuple[Tenant, str, Found]]:
    """Return what a rule would have said over the last days about every institution of the actor's branches."""
    since = datetime.now(UTC).date() - timedelta(days=days)
    found = []
    for tenant in await Tenant.filter(bank_id=bank_of(actor), status="live").limit(2000):
        if await sees_branch(actor, tenant.branch_id):
            for channel, history in (await histories(tenant, since - timedelta(days=70))).items():
                found += [(tenant, channel, one) for one in replay(history, key, thresholds, since)]
    return sorted(found, key=lambda one: one[2].day, reverse=True)


async def _record(actor: Actor, found: RiskAlert, before: str) -> None:
    await audit.record(
        actor,
        f"risk_alert.{found.status}",
        subject_kind="risk_alert",
        subject_id=found.id,
        subject_label=RULES[found.key].name,
        before={"status": before},
        after={"status": found.status, "reason": found.reason},
        tenant_id=found.tenant_id,
    )
