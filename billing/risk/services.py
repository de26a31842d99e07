"""Watching: looking at an institution's last day, alerts and their end."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.channels import CHANNEL_KEYS, channel_name
from billing.models import RiskAlert, RiskRule, RiskWatch
from billing.oversight.rolling import after_rolling
from billing.risk.finding import RULES, Counted, Day, Found, History, history_of, look
from billing.risk.holds import must_say, release_all
from billing.risk.payouts import hold_by_rule
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.days import day_at, today
from tenants.ids import new_id
from tenants.jobs import enqueue, job
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope, rows
from tenants.states import Edge, Machine
from ui.errors import Conflict, NotFound
from ui.formats import money
from ui.i18n import gettext, ngettext, t, use_locale

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
_DAYS = f"""
select tenant_id, channel, {", ".join(one.name for one in fields(Day))} from billing_day_figure
 where bank_id = $1 and tenant_id = any ($2::uuid[]) and day >= $3 order by tenant_id, channel, day
"""
_CHANGED = """
select tenant_id, day_of(tenant_id, done_at) as day from tenants_bank_request
 where bank_id = $1 and tenant_id = any ($2::uuid[])
   and status = 'done' and kind in ('account', 'representative')
"""


async def thresholds_of(bank_id: UUID) -> dict[str, Mapping[str, float]]:
    """Return the thresholds of every rule that is on, the bank's own where it has set any."""
    own = {one.key: one for one in await RiskRule.filter(bank_id=bank_id)}
    return {
        key: {**rule.defaults, **(own[key].thresholds if key in own else {})}
        for key, rule in RULES.items()
        if key not in own or own[key].is_on
    }


async def histories(tenants: Sequence[Tenant], since: date) -> dict[tuple[UUID, str], History]:
    """Return the days of some institutions of one bank by institution and channel, in that bank's open scope."""
    if not tenants:
        return {}
    asked = (tenants[0].bank_id, [one.id for one in tenants])
    changed: dict[UUID, list[date]] = {}
    for each in await rows(_CHANGED, *asked):
        changed.setdefault(each["tenant_id"], []).append(each["day"])
    days: dict[tuple[UUID, str], list[Day]] = {}
    for each in await rows(_DAYS, *asked, since):
        tenant_id, channel, *facts = each
        days.setdefault((tenant_id, channel), []).append(Day(*facts))
    live = {one.id: day_at(one.live_at, one.timezone) if one.live_at else None for one in tenants}
    return {
        (tenant_id, channel): history_of(
            found, live_since=live[tenant_id], changed_on=changed.get(tenant_id, ())
        )
        for (tenant_id, channel), found in days.items()
    }


async def look_at(tenant: Tenant, on: date) -> list[RiskAlert]:
    """Look at one day of an institution in its bank's open scope; what was said of the day before is not said again."""
    thresholds = await thresholds_of(tenant.bank_id)
    made = []
    for (_, channel), history in (await histories([tenant], on - timedelta(days=YEAR))).items():
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
    rule = await RiskRule.get_or_none(bank_id=made.bank_id, key=made.key) or RULES[made.key]
    if rule.holds_refunds:
        await RiskWatch.create(id=new_id(), bank_id=tenant.bank_id, tenant_id=tenant.id, alert_id=made.id)
    if rule.holds_payouts:
        with use_locale(tenant.locale):
            await hold_by_rule(made, tenant, str(reason(made)))
    return made


def reason(alert: RiskAlert) -> str:
    """Return why, in words and figures, in the reader's language."""
    facts = dict(alert.facts)
    return told(alert.key, alert.channel, facts, str(facts.pop("currency", "SGD")))


def told(key: str, channel: str, facts: Mapping[str, Any], currency: str) -> str:
    """Return what a rule has found on one channel, in words and figures; what is usual may be nothing at all."""
    shown = {
        name.removesuffix("_minor"): money(value, currency) if name.endswith("_minor") else value
        for name, value in facts.items()
    }
    rule = RULES[key]
    is_first = rule.unseen and facts.get("usual_minor") == 0
    words = _said(rule.unseen if is_first else rule.sentence, shown)
    if channel not in CHANNEL_KEYS:
        return words
    return gettext("{label}: {shown}", label=channel_name(channel), shown=words)


def _said(sentence: str | Counted, shown: Mapping[str, Any]) -> str:
    """Return a rule's sentence with its figures; one that counts takes the form of its count."""
    if isinstance(sentence, str):
        return gettext(sentence, **shown)
    return ngettext(*sentence.words, int(shown[sentence.figure]), **shown)


@job(LOOK_JOB)
async def look_later(actor: Actor, payload: dict[str, Any]) -> None:
    """Look at an institution's day once its figures are in; called in the institution's scope."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    tenant = await Tenant.get(id=actor.tenant_id)
    async with open_scope(bank_scope(tenant.bank_id)):
        now = today(tenant.timezone)
        for day in (now - timedelta(days=1), now):
            await look_at(tenant, day)


async def have_looked() -> None:
    """Have an institution's day looked at once its figures are in."""
    await enqueue(LOOK_JOB, {})


after_rolling(have_looked)


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
    if act != "assign":
        must_say(why)
    before, found.status = found.status, ALERT.after(found.status, act)
    if act == "assign":
        found.assigned_to_name = actor.name[:100]
    else:
        found.reason, found.closed_by_name, found.closed_at = why.strip(), actor.name[:100], datetime.now(UTC)
    await found.save()
    if act == "clear":
        await RiskWatch.filter(bank_id=found.bank_id, alert_id=found.id).update(ended_at=datetime.now(UTC))
        await release_all(actor, found, why)
    await _record(actor, found, before)
    return found


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
