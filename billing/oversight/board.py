"""What the board shows, read from the roll-ups alone: by branch for the bank, by member bank for its union."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.complaints.queries import by_branch as complaints_by_branch
from tenants.actor import Actor
from tenants.banks.policy import policy_of
from tenants.banks.reach import bank_of
from tenants.onboarding.queries import BELOW, speeds_of
from tenants.scope import rows

_SINCE = "f.day > (select bank_day_of($1)) - $3::int"
SUMS = (
    "coalesce(sum(paid_count), 0)::bigint paid_count, coalesce(sum(paid_minor), 0)::bigint paid_minor,"
    " coalesce(sum(failed_count), 0)::bigint failed_count, coalesce(sum(refund_count), 0)::bigint refund_count,"
    " coalesce(sum(refund_minor), 0)::bigint refund_minor"
)
_STOOD = (
    "coalesce(sum(arrears_minor), 0)::bigint arrears_minor, coalesce(sum(breaks), 0)::bigint breaks,"
    " coalesce(sum(payers), 0)::bigint payers"
)
MOST = 100
_WHICH = f"{_SINCE} and f.currency = $4 and ($5 = '' or f.scenario = $5) and ($6 = '' or f.channel = $6)"
_BRANCH, _MEMBER = ("tenants_branch", "branch_id", "b.name"), ("tenants_bank", "bank_id", "b.name_en")
_MEMBERS = (
    "with below as (select id from tenants_bank where union_id = $1"
    " and (cardinality($2::uuid[]) = 0 or id = any ($2)))"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks at: days back, currency, industry cloud and channel (empty: all), and where.

    ``place`` is one branch with all below it or, for a union (``is_union``), one of its members; none is everything
    that the actor sees.
    """

    days: int
    currency: str
    scenario: str = ""
    channel: str = ""
    place: UUID | None = None
    is_union: bool = False

    @property
    def below(self) -> str:
        """The places in question, as ``below`` before a statement: branches, or the members of a union."""
        return _MEMBERS if self.is_union else BELOW

    @property
    def here(self) -> str:
        """The condition that a row ``f`` is of these places."""
        return f"{self.bank} and f.{'bank_id' if self.is_union else 'branch_id'} in (select id from below)"

    @property
    def bank(self) -> str:
        """The condition that a row ``f`` is of the bank's own; a union has rows of its members alone."""
        return "true" if self.is_union else "f.bank_id = $1"

    @property
    def where(self) -> str:
        """The condition that a row of sums is one of those asked for."""
        return f"{self.here} and {_WHICH}"


def _places(actor: Actor, asked: Asked) -> tuple[UUID, list[UUID]]:
    return bank_of(actor), [asked.place] if asked.place else list(actor.branches)


def _args(actor: Actor, asked: Asked) -> tuple[Any, ...]:
    return *_places(actor, asked), asked.days, asked.currency, asked.scenario, asked.channel


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
        f"{asked.below} select {SUMS} from billing_branch_figure f where {asked.where}", *_args(actor, asked)
    )
    return {key: int(number) for key, number in dict(found[0]).items()}


async def by_channel(actor: Actor, asked: Asked) -> list[Any]:
    """Return what each channel did."""
    return await rows(
        f"{asked.below} select channel, $4 currency, {SUMS} from billing_branch_figure f where {asked.where}"
        " group by channel order by sum(paid_minor) desc",
        *_args(actor, asked),
    )


async def by_scenario(actor: Actor, asked: Asked) -> list[Any]:
    """Return what each industry cloud did."""
    return await rows(
        f"{asked.below} select scenario, $4 currency, {SUMS} from billing_branch_figure f where {asked.where}"
        " group by scenario order by sum(paid_minor) desc",
        *_args(actor, asked),
    )


async def by_app(actor: Actor, asked: Asked) -> list[Any]:
    """Return how often each app was opened and, within one bank, at how many institutions it is in use."""
    used = (
        "select null::uuid app_id, '' as name, null::int n where false"
        if asked.is_union
        else f"select f.app_id, max(f.name) as name, count(*)::int n from billing_app_use f where {asked.here}"
        " and f.is_active and ($4 = '' or f.scenario = $4) group by 1"
    )
    return await rows(
        f"{asked.below}, opened as ("
        "  select f.app_id, max(f.name) as name, sum(f.opened)::bigint n from billing_app_figure f"
        f"   where {asked.here} and {_SINCE} and ($4 = '' or f.scenario = $4) group by 1),"
        f" used as ({used})"
        " select app_id, coalesce(used.name, opened.name) as name, coalesce(opened.n, 0) opened,"
        " coalesce(used.n, 0) institutions from used full join opened using (app_id)"
        " order by opened desc, institutions desc, 2",
        *(*_places(actor, asked), asked.days, asked.scenario),
    )


async def by_time(actor: Actor, asked: Asked) -> list[Any]:
    """Return what came in by day, or by week over a longer time, the oldest first."""
    unit = "day" if asked.days <= 31 else "week"  # noqa: PLR2004 - a month
    return await rows(
        f"{asked.below} select date_trunc('{unit}', day)::date as day, $4 currency, {SUMS}"
        f" from billing_branch_figure f where {asked.where} group by 1 order by 1",
        *_args(actor, asked),
    )


async def by_place(actor: Actor, asked: Asked) -> list[Any]:
    """Return what each branch did, with how its institutions stand; for a union each member's sums, no more."""
    table, column, name = _MEMBER if asked.is_union else _BRANCH
    own = f"{asked.bank} and f.{column} = b.id"
    return await rows(
        f"{asked.below} select b.id, b.name, {name} name_en, $4 currency, f.*, s.*, c.live from {table} b"
        f" cross join lateral (select {SUMS} from billing_branch_figure f where {own} and {_WHICH}) f"
        f" cross join lateral (select {_STOOD} from billing_branch_standing f where {own} and f.currency = $4"
        "   and ($5 = '' or f.scenario = $5)) s"
        f" cross join lateral (select coalesce(sum(n), 0)::int live from tenants_tenant_count f where {own}"
        "   and f.status = 'live' and ($5 = '' or f.scenario = $5)) c"
        " where b.id in (select id from below) order by f.paid_minor desc, b.name",
        *_args(actor, asked),
    )


async def by_tenant(actor: Actor, asked: Asked, *, most: int = MOST) -> list[Any]:
    """Return the institutions of one branch and those below it: as deep as the bank sees."""
    return await rows(
        f"{BELOW} select t.id, t.name, b.name branch, $4 currency, f.*, coalesce(s.arrears_minor, 0) arrears_minor,"
        " coalesce(s.breaks, 0) breaks, coalesce(s.payers, 0) payers from tenants_tenant t"
        " join tenants_branch b on b.id = t.branch_id"
        f" cross join lateral (select {SUMS} from billing_day_figure f where {_WHICH} and f.tenant_id = t.id) f"
        " left join billing_standing s on s.tenant_id = t.id and s.currency = $4"
        " where t.bank_id = $1 and t.branch_id in (select id from below) and not t.is_sandbox"
        " and ($5 = '' or coalesce(t.scenarios[1], '') = $5) order by f.paid_minor desc, t.name limit $7",
        *_args(actor, asked),
        most,
    )


async def stages(actor: Actor, asked: Asked) -> Mapping[str, int]:
    """Return how many institutions are in which state."""
    found = await rows(
        f"{asked.below} select status, sum(n)::int n from tenants_tenant_count f where {asked.here}"
        " and ($3 = '' or f.scenario = $3) group by 1 having sum(n) > 0",
        *_places(actor, asked),
        asked.scenario,
    )
    return {each["status"]: each["n"] for each in found}


async def standing(actor: Actor, asked: Asked) -> Mapping[str, int]:
    """Return how the institutions stand together."""
    found = await rows(
        f"{asked.below} select {_STOOD} from billing_branch_standing f where {asked.here} and f.currency = $3"
        " and ($4 = '' or f.scenario = $4)",
        *(*_places(actor, asked), asked.currency, asked.scenario),
    )
    return {key: int(number) for key, number in dict(found[0]).items()}


def success_percent(one: Mapping[str, Any]) -> int | None:
    """Return how many of a hundred payments begun went through; none where none was begun."""
    tried = int(one["paid_count"]) + int(one["failed_count"])
    return int(one["paid_count"]) * 100 // tried if tried else None


async def scorecard(actor: Actor, asked: Asked) -> list[dict[str, Any]]:
    """Return the branches by points: each measure against the best branch, weighted as the bank says."""
    weights = (await policy_of(bank_of(actor))).weights
    speeds, complaints = await speeds_of(actor), await complaints_by_branch(actor, asked.days)
    measured = [
        _measures(one) | {"seconds": speeds.get(one["id"], 0), "complaints": complaints.get(one["id"], 0)}
        for one in await by_place(actor, asked)
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
