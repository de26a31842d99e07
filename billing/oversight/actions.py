"""What a relationship manager should do next about an institution, each with the reason in its own figures."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.models import NextAction
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.ids import new_id
from tenants.scope import rows
from ui.errors import Conflict, NotFound
from ui.formats import number
from ui.i18n import N_, Text, t

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to act: its name and advice, when it applies, and the sentence with the figures behind it."""

    key: str
    name: str
    reason: str
    facts: Callable[[Figures], dict[str, Any] | None]


def _collection(one: Figures) -> dict[str, Any] | None:
    billed, collected = int(one["billed_minor"]), int(one["collected_minor"])
    percent = collected * 100 // billed if billed else 100
    return {"percent": percent} if percent < LOW_COLLECTION else None


def _autopay(one: Figures) -> dict[str, Any] | None:
    accounts, mandates = int(one["accounts"]), int(one["mandates"])
    is_rare = accounts >= MANY_ACCOUNTS and mandates * 20 < accounts
    return {"accounts": accounts, "mandates": mandates} if is_rare else None


def _breaks(one: Figures) -> dict[str, Any] | None:
    return {"breaks": int(one["breaks"])} if int(one["breaks"]) >= MANY_BREAKS else None


def _peak(one: Figures) -> dict[str, Any] | None:
    last_year, usual = int(one["season_minor"] or 0), int(one["usual_minor"] or 0)
    return {"percent": last_year * 100 // usual} if usual and last_year * 2 > usual * 3 else None


def _idle(one: Figures) -> dict[str, Any] | None:
    return {"days": int(one["live_days"])} if one["live_days"] >= IDLE_DAYS and not one["paid_ever"] else None


def _unused(one: Figures) -> dict[str, Any] | None:
    return {"app": one["unused_app"], "days": int(one["unused_days"])} if one["unused_app"] else None


def _unmanaged(one: Figures) -> dict[str, Any] | None:
    return None if one["has_manager"] else {}


LOW_COLLECTION, MANY_ACCOUNTS, MANY_BREAKS, IDLE_DAYS = 80, 50, 3, 21
RULES = (
    Rule(
        "collection",
        N_("Talk about late payers"),
        N_("Only {percent} % of the last 90 days is paid."),
        _collection,
    ),
    Rule(
        "autopay",
        N_("Offer automatic payment"),
        N_("Automatic payment: {mandates} of {accounts} accounts."),
        _autopay,
    ),
    Rule(
        "breaks",
        N_("Help with reconciliation"),
        N_("{breaks} differences with statements are open."),
        _breaks,
    ),
    Rule(
        "peak",
        N_("Prepare the season"),
        N_("A year ago these weeks brought {percent} % of the usual."),
        _peak,
    ),
    Rule(
        "unused_app",
        N_("Show what an app is for"),
        N_("{app} is installed, and nobody has opened it for {days} days."),
        _unused,
    ),
    Rule("idle", N_("Ask what is missing"), N_("Live for {days} days and nobody has paid yet."), _idle),
    Rule("unmanaged", N_("Say who looks after it"), N_("Nobody of the bank looks after it."), _unmanaged),
)
BY_KEY = {rule.key: rule for rule in RULES}
_FIGURES = """
select t.id tenant_id, t.branch_id, t.bank_id, coalesce(s.accounts, 0) accounts, coalesce(s.mandates, 0) mandates,
  coalesce(s.breaks, 0) breaks, coalesce(s.billed_minor, 0) billed_minor,
  coalesce(s.collected_minor, 0) collected_minor,
  extract(day from now() - t.live_at)::int live_days,
  exists (select 1 from tenants_bank_membership m where m.bank_id = t.bank_id and m.person_id = t.manager_id
     and m.ended_at is null) has_manager,
  exists (select 1 from billing_day_figure f where f.tenant_id = t.id and f.paid_count > 0) paid_ever,
  (select sum(paid_minor) from billing_day_figure f where f.tenant_id = t.id
     and day between day_in(t.timezone) - 365 and day_in(t.timezone) - 335) season_minor,
  (select sum(paid_minor) / 12 from billing_day_figure f where f.tenant_id = t.id
     and day between day_in(t.timezone) - 365 and day_in(t.timezone)) usual_minor,
  u.name unused_app, extract(day from now() - u.since)::int unused_days
  from tenants_tenant t left join lateral (
    select name, coalesce(opened_at, created_at) since from billing_app_use where tenant_id = t.id and is_active
       and coalesce(opened_at, created_at) < now() - interval '60 days' order by 2 limit 1) u on true
  left join billing_standing s on s.tenant_id = t.id and s.currency = t.currency
 where t.bank_id = $1 and t.status = 'live' and not t.is_sandbox and t.live_at is not null
   and t.branch_id = any ($2::uuid[])
"""


async def find(bank_id: UUID, branches: list[UUID]) -> int:
    """Look at every live institution of these branches and write down what is new to do; return how many that is.

    What was done or dismissed within 90 days is not said again.
    """
    count = 0
    for one in await rows(_FIGURES, bank_id, branches):
        for rule, facts in _due(one):
            recent = NextAction.filter(bank_id=bank_id, tenant_id=one["tenant_id"], key=rule.key)
            if await recent.filter(status="open").exists() or await _was_closed_lately(recent):
                continue
            place = {"bank_id": bank_id, "branch_id": one["branch_id"], "tenant_id": one["tenant_id"]}
            await NextAction.create(id=new_id(), key=rule.key, facts=facts, **place)
            count += 1
    return count


def _due(one: Figures) -> Iterator[tuple[Rule, dict[str, Any]]]:
    for rule in RULES:
        facts = rule.facts(one)
        if facts is not None:
            yield rule, facts


async def _was_closed_lately(recent: Any) -> bool:
    last = await recent.exclude(status="open").order_by("-id").first()
    return last is not None and (datetime.now(UTC) - last.closed_at).days < 90  # noqa: PLR2004 - a quarter


def reason(action: NextAction) -> Text:
    """Return why, in words and figures."""
    counted = {key: number(one) if isinstance(one, int) else one for key, one in action.facts.items()}
    return t(BY_KEY[action.key].reason, **counted)


CLOSINGS = {"done", "dismissed"}


async def get(actor: Actor, action_id: UUID, *, lock: bool = False) -> NextAction:
    """Return a suggestion of one of the actor's branches."""
    actor.require("oversight.read")
    every = NextAction.select_for_update() if lock else NextAction.all()
    found = await every.get_or_none(bank_id=bank_of(actor), id=action_id)
    if found is None or not await sees_branch(actor, found.branch_id):
        raise NotFound("action.not_found", t("There is no such suggestion."))
    return found


async def close(actor: Actor, action_id: UUID, *, status: str, note: str) -> NextAction:
    """Note that something was done, or that it is not worth doing."""
    found = await get(actor, action_id, lock=True)
    if found.status != "open" or status not in CLOSINGS:
        raise Conflict("action.closed", t("Somebody has closed this already."))
    found.status, found.note = status, note
    found.closed_by_name, found.closed_at = actor.name[:100], datetime.now(UTC)
    await found.save(update_fields=["status", "note", "closed_by_name", "closed_at"])
    await audit.record(
        actor,
        f"next_action.{status}",
        subject_kind="next_action",
        subject_id=found.id,
        subject_label=BY_KEY[found.key].name,
        after={"note": note},
        tenant_id=found.tenant_id,
    )
    return found
