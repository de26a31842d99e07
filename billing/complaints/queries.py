"""Complaints as they are listed: for the bank within the actor's branches, for an institution, for a payer."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from billing.complaints.states import OPEN
from billing.lists import Listing
from billing.models import Complaint
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.onboarding.queries import BELOW
from tenants.scope import rows, value
from tenants.search import containing
from ui.tables import TableQuery

_OPEN = "(" + ", ".join(f"'{status}'" for status in OPEN) + ")"
IS_LATE = f"(c.status in {_OPEN} and c.due_at < now())"
_COLUMNS = (
    "c.id, c.number, c.created_at, c.kind, c.by, c.person_name, c.summary, c.status, c.due_at, c.escalation,"
    f" c.assigned_to_name, c.outcome, c.answered_at, c.reopened, c.repeat_of is not null is_repeat, {IS_LATE} is_late"
)
_WHERE = (
    "c.bank_id = $1 and (c.branch_id in (select id from below) or c.desk_id in (select id from below))"
    " and ($3 = '' or c.number ilike $3 or c.summary ilike $3 or c.person_name ilike $3 or t.name ilike $3)"
    f" and ($4 = '' or c.status = $4 or ($4 = 'open' and c.status in {_OPEN}) or ($4 = 'late' and {IS_LATE}))"
    " and ($5 = '' or c.kind = $5) and ($6 = '' or c.assigned_to::text = $6)"
)
_FROM = (
    "from billing_complaint c join tenants_tenant t on t.id = c.tenant_id"
    " join tenants_branch b on b.id = c.desk_id"
)
FILTERS = ("state", "kind", "with")
ORDERS = {"number": "c.number", "created_at": "c.created_at", "due_at": "c.due_at", "tenant": "t.name"}
ENDED_LAST = f"(c.status not in {_OPEN})"


def _args(actor: Actor, query: TableQuery) -> tuple[Any, ...]:
    mine = str(actor.person_id) if query.get("with") == "me" else ""
    search = containing(query.q)
    return bank_of(actor), list(actor.branches), search, query.get("state"), query.get("kind"), mine


async def of_bank(actor: Actor, query: TableQuery, *, most: int = 0) -> list[Any]:
    """Return the complaints of the actor's branches; what is due first comes first, unless another order is asked."""
    name = query.sort.removeprefix("-")
    asked = f"{ORDERS[name]} {'desc' if query.sort.startswith('-') else 'asc'}," if name in ORDERS else ""
    return await rows(
        f"{BELOW} select {_COLUMNS}, t.id tenant_id, t.name tenant, b.name desk {_FROM} where {_WHERE}"
        f" order by {asked} {ENDED_LAST}, case when {ENDED_LAST} then null else c.due_at end,"
        " c.created_at desc, c.id limit $7 offset $8",
        *_args(actor, query),
        most or query.limit,
        0 if most else query.offset,
    )


async def count_of_bank(actor: Actor, query: TableQuery) -> int:
    """Return how many the search and the filters leave."""
    return int(await value(f"{BELOW} select count(*) {_FROM} where {_WHERE}", *_args(actor, query)))


_FIGURES = f"""
select count(*) filter (where c.status in {_OPEN})::int still_open,
       count(*) filter (where {IS_LATE})::int late,
       count(*) filter (where c.created_at > now() - interval '90 days' and c.status <> 'withdrawn')::int lately,
       count(*) filter (where c.created_at > now() - interval '90 days' and c.status <> 'withdrawn'
         and (c.reopened > 0 or c.repeat_of is not null))::int again,
       percentile_cont(0.5) within group (order by extract(epoch from c.answered_at - c.created_at) / 86400)
         filter (where c.answered_at > now() - interval '90 days') days
  from billing_complaint c
 where c.bank_id = $1 and (c.branch_id in (select id from below) or c.desk_id in (select id from below))
   and (c.status in {_OPEN} or c.created_at > now() - interval '180 days')
"""


async def figures(actor: Actor) -> Mapping[str, Any]:
    """Return how the actor's branches stand: open, late, days to an answer, and how many come again (percent)."""
    found = (await rows(f"{BELOW} {_FIGURES}", bank_of(actor), list(actor.branches)))[0]
    repeat = round(found["again"] * 100 / found["lately"]) if found["lately"] else None
    return {**dict(found), "repeat": repeat}


COUNTED = "c.status <> 'withdrawn' and c.outcome <> 'not_upheld'"
"""What counts against a branch: all but what was taken back or found to be in order."""


async def by_branch(actor: Actor, days: int) -> dict[UUID, int]:
    """Return how many complaints of the last days count against each branch of the actor's bank."""
    found = await rows(
        f"select c.branch_id, count(*)::int n from billing_complaint c where c.bank_id = $1 and {COUNTED}"
        " and c.created_at > now() - make_interval(days => $2) group by 1",
        bank_of(actor),
        days,
    )
    return {each["branch_id"]: each["n"] for each in found}


OF_TENANT = Listing(
    name="complaints",
    filters=("state", "kind"),
    sorts={"created_at": "c.created_at", "number": "c.number", "due_at": "c.due_at"},
    default_sort="-created_at",
    sql=(
        f"select {_COLUMNS}, c.refund_minor is not null and c.refund_id is null has_refund_to_ask"
        " from billing_complaint c where c.tenant_id = $1"
        " and ($2 = '' or c.number ilike $2 or c.summary ilike $2 or c.person_name ilike $2)"
        f" and ($3 = '' or c.status = $3 or ($3 = 'open' and c.status in {_OPEN}) or ($3 = 'late' and {IS_LATE}))"
        " and ($4 = '' or c.kind = $4)"
    ),
)


async def open_wish(person_id: UUID | None, payment_id: UUID | None) -> Complaint | None:
    """Return the person's own request for the money of a payment that has no answer yet, in their own scope."""
    found = Complaint.filter(person_id=person_id, payment_id=payment_id, kind="money_back", by="payer")
    return await found.filter(status__in=OPEN).order_by("created_at").first()


_MINE = f"""
select {_COLUMNS}, c.tenant_id from billing_complaint c where c.person_id = $1 and c.by = 'payer'
 order by {ENDED_LAST}, c.created_at desc, c.id limit $2 offset $3
"""


async def of_person(person_id: UUID, query: TableQuery) -> tuple[list[Any], int]:
    """Return a page of the person's own complaints, the open ones first, and how many there are."""
    count = "select count(*) from billing_complaint c where c.person_id = $1 and c.by = 'payer'"
    return await rows(_MINE, person_id, query.limit, query.offset), int(await value(count, person_id))
