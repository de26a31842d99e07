"""How many units one proxy votes for, and who votes for a unit that passes on or becomes another while a vote runs."""

from collections.abc import Sequence
from uuid import UUID

from scenarios.community.votes.models import EstateVote
from tenants.scope import execute, value
from ui.errors import Conflict
from ui.i18n import t

_ENTRIES = "select count(*) from community_vote_entry where tenant_id = $1 and vote_id = $2"
_CAST = """
select count(*) from community_ballot where tenant_id = $1 and vote_id = $2 and cast_by = $3 and as_proxy
"""
_FOLLOW = """
update community_vote_entry e set account_id = $3 from community_vote v
 where e.tenant_id = $1 and e.account_id = any ($2::uuid[]) and v.tenant_id = $1 and v.id = e.vote_id
   and v.status = 'open' and not exists (
     select 1 from community_ballot b where b.tenant_id = $1 and b.entry_id = e.id)
"""


def most_for(units: int, percent: int, entries: int) -> int:
    """Return how many entries one proxy may vote for: so many, or so much of all, whichever is more."""
    return max(units, entries * percent // 100)


async def most_of(vote: EstateVote) -> int:
    """Return how many entries one proxy may vote for in a vote."""
    entries = int(await value(_ENTRIES, vote.tenant_id, vote.id))
    return most_for(vote.proxy_units, vote.proxy_percent, entries)


async def cast_by(vote: EstateVote, person_id: UUID | None) -> int:
    """Return for how many entries somebody has voted as a proxy."""
    return int(await value(_CAST, vote.tenant_id, vote.id, person_id))


async def must_be_allowed(vote: EstateVote, person_id: UUID | None) -> None:
    """Refuse a proxy one entry more than one may vote for; two ballots at once wait for each other.

    Raises:
        Conflict: as many as may be were cast by them already.
    """
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"proxy:{vote.id}:{person_id}")
    most = await most_of(vote)
    if await cast_by(vote, person_id) >= most:
        raise Conflict("vote.proxy", t("One proxy votes for at most {n} units in this vote.", n=most))


async def follow(tenant_id: UUID, old_ids: Sequence[UUID], new_id: UUID) -> None:
    """Let whoever has a unit from now on cast the ballots that were not cast for what it was before.

    The electorate stays as it was written down: units that became one vote once for each of them, one that became
    several votes once, by the first part. What was cast stays cast.
    """
    await execute(_FOLLOW, tenant_id, list(old_ids), new_id)
