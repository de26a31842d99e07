"""What the board shows, read from the roll-ups alone: by branch for the bank, by member bank for its union."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.complaints.queries import by_branch as complaints_by_branch
from tenants.actor import Actor
from tenants.banks.policy import policy_of
from tenants.banks.reach import bank_of
from tenants.onboarding.queries import BELOW
from tenants.scope import rows, value

SUMS = (
    "coalesce(sum(paid_count), 0)::bigint paid_count, coalesce(sum(paid_minor), 0)::bigint paid_minor,"
    " coalesce(sum(failed_count), 0)::bigint failed_count, coalesce(sum(refund_count), 0)::bigint refund_count,"
    " coalesce(sum(refund_minor), 0)::bigint refund_minor"
)
_WHERE = (
    "f.bank_id = $1 and f.branch_id in (select id from below) and f.day > current_date - $3::int and f.currency = $4"
    " and ($5 = '' or f.scenario = $5) and ($6 = '' or f.branch_id::text = $6)"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks at: days back, currency, industry cloud and branch (empty: all)."""

    days: int
    currency: str
    scenario: str = ""
    branch: str = ""


def _args(actor: Actor, asked: Asked) -> tuple[Any, ...]:
    return bank_of(actor), list(actor.branches), asked.days, asked.currency, asked.scenario, asked.branch


async def is_union(actor: Actor) -> bool:
    """Tell whether the actor's bank is a union of others."""
    return bool(await value("select exists (select 1 from tenants_bank where union_id = $1)", bank_of(actor)))


async def currencies(actor: Actor) -> list[str]:
    """Return the currencies that there are figures in, the bank's main one first."""
    found = await rows(
        "select currency, sum(paid_count) n from billing_branch_figure where bank_id = $1"
        " or bank_id in (select id from tenants_bank where union_id = $1) group by 1 order by 2 desc",
        bank_of(actor),
    )
    return [each["currency"] for each in found]


async def totals(actor: Actor, asked: Asked) -> Mapping[str, int]:
    """Return everything together."""
    found = await rows(
        f"{BELOW} select {SUMS} from billing_branch_figure f where {_WHERE}", *_args(actor, asked)
    )
    return {key: int(number) for key, number in dict(found[0]).items()}


async def by_channel(actor: Actor, asked: Asked) -> list[Any]:
    """Return what each channel did."""
    return await rows(
        f"{BELOW} select channel, $4 currency, {SUMS} from billing_branch_figure f where {_WHERE}"
        " group by channel order by sum(paid_minor) desc",
        *_args(actor, asked),
    )


async def by_scenario(actor: Actor, asked: Asked) -> list[Any]:
    """Return what each industry cloud did."""
    return await rows(
        f"{BELOW} select scenario, $4 currency, {SUMS} from billing_branch_figure f where {_WHERE}"
        " group by scenario order by sum(paid_minor) desc",
        *_args(actor, asked),
    )


async def by_app(actor: Actor, asked: Asked) -> list[Any]:
    """Return at how many institutions each app is in use, and how often it was opened."""
    return await rows(
        f"{BELOW}, opened as ("
        "  select f.app_id, max(f.name) as name, sum(f.opened)::bigint n from billing_app_figure f where f.bank_id = $1"
        "   and f.branch_id in (select id from below) and f.day > current_date - $3::int"
        "   and ($4 = '' or f.scenario = $4) and ($5 = '' or f.branch_id::text = $5) group by 1),"
        " used as (select u.app_id, max(u.name) as name, count(*)::int n from billing_app_use u where u.bank_id = $1"
        "   and u.branch_id in (select id from below) and u.is_active and ($5 = '' or u.branch_id::text = $5)"
        "   group by 1)"
        " select app_id, coalesce(used.name, opened.name) as name, coalesce(opened.n, 0) opened,"
        " coalesce(used.n, 0) institutions from used full join opened using (app_id)"
        " where $4 = '' or opened.n > 0 order by opened desc, institutions desc, 2",
        *(bank_of(actor), list(actor.branches), asked.days, asked.scenario, asked.branch),
    )


async def by_time(actor: Actor, asked: Asked) -> list[Any]:
    """Return what came in by day, or by week over a longer time, the oldest first."""
    unit = "day" if asked.days <= 31 else "week"  # noqa: PLR2004 - a month
    return await rows(
        f"{BELOW} select date_trunc('{unit}', day)::date as day, $4 currency, {SUMS} from billing_branch_figure f"
        f" where {_WHERE} group by 1 order by 1",
        *_args(actor, asked),
    )


async def by_branch(actor: Actor, asked: Asked) -> list[Any]:
    """Return what each branch did, with how its institutions stand."""
    return await rows(
        f"{BELOW} select b.id, b.name, $4 currency, f.*, coalesce(s.arrears_minor, 0) arrears_minor,"
        " coalesce(s.breaks, 0) breaks, coalesce(s.payers, 0) payers,"
        " (select coalesce(sum(n), 0)::int from billing_stage c where c.bank_id = $1 and c.branch_id = b.id"
        "   and c.status = 'live') live"
        " from tenants_branch b"
        f" cross join lateral (select {SUMS} from billing_branch_figure f where {_WHERE} and f.branch_id = b.id) f"
        " left join billing_branch_standing s on s.bank_id = $1 and s.branch_id = b.id and s.currency = $4"
        " where b.bank_id = $1 and b.id in (select id from below) order by f.paid_minor desc, b.code",
        *_args(actor, asked),
    )


async def by_member(actor: Actor, asked: Asked) -> list[Any]:
    """Return what each member bank of a union did: sums, and nothing beneath them."""
    return await rows(
        f"select b.id, b.name, b.name_en, $2 currency, f.*, s.* from tenants_bank b cross join lateral ("
        f" select {SUMS} from billing_branch_figure f where f.bank_id = b.id and f.day > current_date - $3::int"
        " and f.currency = $2) f cross join lateral (select coalesce(sum(arrears_minor), 0)::bigint arrears_minor,"
        " coalesce(sum(breaks), 0)::bigint breaks, coalesce(sum(payers), 0)::bigint payers"
        " from billing_branch_standing x where x.bank_id = b.id and x.currency = $2) s"
        " where b.union_id = $1 order by f.paid_minor desc, b.name_en",
        bank_of(actor),
        asked.currency,
        asked.days,
    )


async def by_tenant(actor: Actor, asked: Asked, *, most: int = 100) -> list[Any]:
    """Return the institutions of one branch: as deep as the bank sees."""
    return await rows(
        f"{BELOW} select t.id, t.name, $4 currency, f.*, coalesce(s.arrears_minor, 0) arrears_minor,"
        " coalesce(s.breaks, 0) breaks, coalesce(s.payers, 0) payers from tenants_tenant t"
        f" cross join lateral (select {SUMS} from billing_day_figure f where {_WHERE} and f.tenant_id = t.id) f"
        " left join billing_standing s on s.tenant_id = t.id and s.currency = $4"
        " where t.bank_id = $1 and t.branch_id::text = $6 order by f.paid_minor desc, t.name limit $7",
        *_args(actor, asked),
        most,
    )


async def stages(actor: Actor, branch: str = "") -> Mapping[str, int]:
    """Return how many institutions are in which state."""
    found = await rows(
        f"{BELOW} select status, sum(n)::int n from billing_stage where bank_id = $1"
        " and branch_id in (select id from below)"
        " and ($3 = '' or branch_id::text = $3) group by 1",
        bank_of(actor),
        list(actor.branches),
        branch,
    )
    return {each["status"]: each["n"] for each in found}


async def standing(actor: Actor, asked: Asked) -> Mapping[str, int]:
    """Return how all institutions stand together."""
    found = await rows(
        f"{BELOW} select coalesce(sum(arrears_minor), 0)::bigint arrears_minor,"
        " coalesce(sum(breaks), 0)::bigint breaks,"
        " coalesce(sum(payers), 0)::bigint payers, coalesce(sum(accounts), 0)::bigint accounts"
        " from billing_branch_standing where bank_id = $1 and branch_id in (select id from below) and currency = $3"
        " and ($4 = '' or branch_id::text = $4)",
        bank_of(actor),
        list(actor.branches),
        asked.currency,
        asked.branch,
    )
    return {key: int(number) for key, number in dict(found[0]).items()}


def success_percent(one: Mapping[str, Any]) -> int | None:
    """Return how many of a hundred payments begun went through; none where none was begun."""
    tried = int(one["paid_count"]) + int(one["failed_count"])
    return int(one["paid_count"]) * 100 // tried if tried else None


async def scorecard(actor: Actor, asked: Asked) -> list[dict[str, Any]]:
    """Return the branches by points: each measure against the best branch, weighted as the bank says."""
    weights = (await policy_of(bank_of(actor))).weights
    speeds, complaints = await _speeds(actor), await complaints_by_branch(actor, asked.days)
    measured = [
        _measures(one) | {"seconds": speeds.get(one["id"], 0), "complaints": complaints.get(one["id"], 0)}
        for one in await by_branch(actor, asked)
    ]
    return sorted(_scored(measured, weights), key=lambda one: -one["points"])


def _measures(one: Any) -> dict[str, Any]:
    return {
        "id": one["id"],
        "name": one["name"],
        "currency": one["currency"],
        "volume": int(one["paid_count"]),
        "value": int(one["paid_minor"]),
        "reach": int(one["payers"]),
        "live": int(one["live"]),
    }


def _scored(measured: Sequence[dict[str, Any]], weights: Mapping[str, int]) -> list[dict[str, Any]]:
    best = {name: max((one[name] for one in measured), default=0) for name in ("volume", "value", "reach")}
    fastest = min((one["seconds"] for one in measured if one["seconds"]), default=0)
    for one in measured:
        shares = {name: one[name] / best[name] if best[name] else 0 for name in best}
        shares["speed"] = fastest / one["seconds"] if one["seconds"] else 0
        shares["complaints"] = 1 / (1 + complaint_rate(one))
        one["points"] = round(sum(share * weights.get(name, 0) for name, share in shares.items()))
    return list(measured)


def complaint_rate(one: Mapping[str, Any]) -> float:
    """Return complaints per thousand payments; a branch with fewer payments counts as if it had a thousand."""
    return int(one["complaints"]) * 1000 / max(int(one["volume"]), 1000)


async def _speeds(actor: Actor) -> dict[UUID, int]:
    """Return the median seconds from application to live, by branch, over the last year."""
    found = await rows(
        "select t.branch_id, percentile_cont(0.5) within group"
        " (order by extract(epoch from t.live_at - a.created_at)) s"
        " from tenants_application a join tenants_tenant t on t.bank_id = a.bank_id and t.id = a.approved_tenant_id"
        " where a.bank_id = $1 and t.live_at > now() - interval '1 year' group by 1",
        bank_of(actor),
    )
    return {each["branch_id"]: int(each["s"]) for each in found}
