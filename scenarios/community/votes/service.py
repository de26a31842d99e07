"""Votes: drafted, opened with their electorate, voted in, closed and opened up, published."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.payments.states import Edge, Machine
from scenarios.community.common import nothing, refused, spoken, tenant_of
from scenarios.community.votes import proxies
from scenarios.community.votes.models import Ballot, EstateVote, VoteEntry
from scenarios.community.votes.tally import Opened, Result, commitment, tally
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, row, rows, tenant_scope, value
from ui.errors import Conflict
from ui.i18n import t

VOTE = Machine(
    "vote",
    "draft",
    {
        "open": Edge(("draft",), "open", "the electorate is written down, and ballots are taken"),
        "close": Edge(("open",), "closed", "its time is over; ballots are opened and counted"),
        "publish": Edge(("closed",), "published", "everybody who could vote sees the result"),
    },
)
BASES = ("area", "head")
VOTERS = ("owner", "proxy")
"""Relations that vote for a unit: its owner, or a proxy that is written down for it."""
MOST_OPTIONS = 10
MOST_UNITS = 999
_ELECTORATE = """
insert into community_vote_entry (tenant_id, vote_id, account_id, number, weight)
select $1, $2, id, row_number() over (order by gen_random_uuid()), weight from (
  select a.id, {weight} weight from community_unit u
    join tenants_account a on a.tenant_id = $1 and a.id = u.account_id and a.is_active and a.kind <> 'parking'
   where u.tenant_id = $1 and ($3::text[] = '{{}}' or u.building_id::text = any ($3::text[]))) e
 where weight > 0
"""
_WEIGHTS = {"area": "coalesce((a.attributes ->> 'area_sqm')::numeric, 0)", "head": "1::numeric"}
_MAY = """
select h.relation from tenants_holder h
 where h.tenant_id = $1 and h.account_id = $2 and h.person_id = $3 and h.confirmed_at is not null
   and h.relation = any ($4::text[]) and covers(h.since, h.until, $5) order by h.relation limit 1
"""
_OPENED = """
select e.number, e.weight, b.choice, b.nonce, encode(b.commitment, 'hex') commitment,
       case when b.as_proxy then dense_rank() over (order by b.as_proxy, b.cast_by) else 0 end proxy
  from community_ballot b join community_vote_entry e on e.tenant_id = $1 and e.id = b.entry_id
 where b.tenant_id = $1 and b.vote_id = $2 order by e.number
"""
_ENTRIES = (
    "select number, weight from community_vote_entry where tenant_id = $1 and vote_id = $2 order by number"
)
_WHOLE = "select coalesce(sum(weight), 0) from community_vote_entry where tenant_id = $1 and vote_id = $2"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of whom, and what makes it count; words by language, answers in the same order in each."""

    titles: Mapping[str, str]
    texts: Mapping[str, str]
    answers: Mapping[str, Sequence[str]]
    basis: str
    quorum_percent: int
    closes_at: datetime
    buildings: Sequence[UUID] = ()
    proxy_units: int = 2
    proxy_percent: int = 2


async def draft(actor: Actor, question: Question) -> EstateVote:
    """Write down a question.

    Raises:
        Invalid: no question, fewer than two answers, or a basis, quorum or end that cannot be (field).
    """
    actor.require("votes.write")
    titles = spoken(question.titles)
    if not titles:
        raise refused("vote.title", "title_en", t("Write the question, in one language at least."))
    options = _options(question.answers)
    if question.basis not in BASES:
        raise refused("vote.basis", "basis", t("Choose what a vote weighs."))
    if not 0 <= question.quorum_percent <= 100:  # noqa: PLR2004
        raise refused("vote.quorum", "quorum_percent", t("Enter a number from 0 to 100."))
    if not 0 <= question.proxy_units <= MOST_UNITS or not 0 <= question.proxy_percent <= 100:  # noqa: PLR2004
        raise refused("vote.proxies", "proxy_units", t("Enter how many units, and a percentage up to 100."))
    if question.closes_at <= datetime.now(UTC):
        raise refused("vote.closes", "closes_on", t("Choose a day to come."))
    return await EstateVote.create(
        id=new_id(),
        tenant_id=tenant_of(actor),
        titles=titles,
        texts=spoken(question.texts),
        options=options,
        basis=question.basis,
        quorum_percent=question.quorum_percent,
        buildings=[str(one) for one in question.buildings],
        closes_at=question.closes_at,
        proxy_units=question.proxy_units,
        proxy_percent=question.proxy_percent,
        by_name=actor.name[:100],
    )


def _options(answers: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return each answer in all languages that it was written in; a ballot names it by its place."""
    written = {key: [one.strip() for one in lines if one.strip()] for key, lines in answers.items()}
    written = {key: lines for key, lines in written.items() if lines}
    for key, lines in written.items():
        if not 2 <= len(lines) <= MOST_OPTIONS or len(set(lines)) != len(lines):  # noqa: PLR2004
            text = t("Write two to {n} different answers, one a line.", n=MOST_OPTIONS)
            raise refused("vote.options", f"answers_{key}", text)
    if not written:
        raise refused(
            "vote.options", "answers_en", t("Write two to {n} different answers, one a line.", n=MOST_OPTIONS)
        )
    if len({len(lines) for lines in written.values()}) > 1:
        text = t("Write as many answers in each language, in the same order.")
        raise refused("vote.options", f"answers_{list(written)[-1]}", text)
    return [dict(zip(written, words, strict=True)) for words in zip(*written.values(), strict=True)]


async def get(tenant_id: UUID, vote_id: UUID, *, lock: bool = False) -> EstateVote:
    """Return a vote that the open scope sees; ``NotFound`` when there is none."""
    query = EstateVote.filter(tenant_id=tenant_id, id=vote_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise nothing()
    return found


async def _move(actor: Actor, vote_id: UUID, edge: str, at: str) -> EstateVote:
    actor.require("votes.write")
    found = await get(tenant_of(actor), vote_id, lock=True)
    if not VOTE.can(found.status, edge):
        raise Conflict("vote.moved", t("This vote is past that already. Look at how it stands now."))
    found.status = VOTE.after(found.status, edge)
    await EstateVote.filter(tenant_id=found.tenant_id, id=found.id).update(
        **{"status": found.status, at: datetime.now(UTC)}
    )
    return found


async def open_vote(actor: Actor, vote_id: UUID) -> EstateVote:
    """Write the electorate down and take ballots; who has a unit later votes with it, its weight stays.

    Raises:
        Conflict: nobody may vote, or it was opened already.
    """
    found = await _move(actor, vote_id, "open", "opened_at")
    sql = _ELECTORATE.format(weight=_WEIGHTS[found.basis])
    if not await execute(sql, found.tenant_id, found.id, found.buildings):
        raise Conflict("vote.nobody", t("No unit could vote: none has what a vote would weigh."))
    await _record(actor, "vote.opened", found)
    return found


async def _record(actor: Actor, act: str, found: EstateVote) -> None:
    await audit.record(actor, act, subject_kind="vote", subject_id=found.id, subject_label=found.title)


@dataclass(frozen=True, slots=True)
class Cast:
    """What a voter keeps: with the nonce they find their ballot in the published list, and that it was not changed."""

    number: int
    nonce: str
    commitment: str


async def cast(actor: Actor, tenant_id: UUID, entry_id: UUID, *, choice: int) -> Cast:
    """Cast the one ballot of an entry, in the institution's scope; it is sealed until the vote has ended.

    Raises:
        NotFound: the person holds no such entry as an owner or proxy.
        Conflict: the vote is not open, its time is over, a ballot was cast already, or a proxy has cast enough.
        Invalid: the choice is none of the options (field ``choice``).
    """
    entry = await VoteEntry.get_or_none(tenant_id=tenant_id, id=entry_id)
    if entry is None:
        raise nothing()
    day = await today_at(tenant_id)
    may = await row(_MAY, tenant_id, entry.account_id, actor.person_id, list(VOTERS), day)
    if may is None:
        raise nothing()
    vote = await get(tenant_id, entry.vote_id)
    if vote.status != "open" or vote.closes_at <= datetime.now(UTC):
        raise Conflict("vote.over", t("This vote is not open, or its time is over."))
    if not 0 <= choice < len(vote.options):
        raise refused("vote.choice", "choice", t("Choose one of the answers."))
    if may["relation"] == "proxy":
        await proxies.must_be_allowed(vote, actor.person_id)
    nonce = secrets.token_hex(16)
    bound = commitment(str(vote.id), entry.number, choice, nonce)
    ballot = Ballot(
        id=new_id(),
        tenant_id=tenant_id,
        vote_id=vote.id,
        entry_id=entry.id,
        commitment=bound,
        sealed=runtime().encrypt(_purpose(vote.id), json.dumps([choice, nonce])),
        cast_by=actor.person_id,
        cast_by_name=actor.name[:100],
        as_proxy=may["relation"] == "proxy",
    )
    try:
        async with open_scope(tenant_scope(tenant_id)):
            await ballot.save(force_create=True)
    except IntegrityError as error:
        raise Conflict("vote.twice", t("A ballot was cast for this unit already.")) from error
    return Cast(entry.number, nonce, bound.hex())


def _purpose(vote_id: UUID) -> str:
    return f"vote:{vote_id}"


async def close(actor: Actor, vote_id: UUID) -> EstateVote:
    """End a vote whose time is over, and open its ballots.

    Raises:
        Conflict: its time is not over yet, or it is closed already.
    """
    found = await get(tenant_of(actor), vote_id)
    if found.status == "open" and found.closes_at > datetime.now(UTC):
        raise Conflict("vote.early", t("Ballots are taken until the end that was announced."))
    found = await _move(actor, vote_id, "close", "closed_at")
    for ballot in await Ballot.filter(tenant_id=found.tenant_id, vote_id=found.id):
        choice, nonce = json.loads(runtime().decrypt(_purpose(found.id), ballot.sealed))
        await Ballot.filter(tenant_id=found.tenant_id, id=ballot.id).update(choice=choice, nonce=nonce)
    await _record(actor, "vote.closed", found)
    return found


async def publish(actor: Actor, vote_id: UUID) -> EstateVote:
    """Show the result, and all that is needed to work it out again, to everybody who could vote."""
    found = await _move(actor, vote_id, "publish", "published_at")
    await _record(actor, "vote.published", found)
    return found


async def opened(vote: EstateVote) -> list[Opened]:
    """Return the opened ballots; none before the end."""
    if vote.status not in {"closed", "published"}:
        return []
    found = await rows(_OPENED, vote.tenant_id, vote.id)
    return [
        Opened(one["number"], one["weight"], one["choice"], one["nonce"], one["commitment"]) for one in found
    ]


async def whole_of(vote: EstateVote) -> Decimal:
    """Return what all entries weigh together."""
    return Decimal(await value(_WHOLE, vote.tenant_id, vote.id))


async def result_of(vote: EstateVote) -> Result:
    """Return the result, worked out from the ballots each time it is shown."""
    ballots = await opened(vote)
    return tally(str(vote.id), len(vote.options), ballots, await whole_of(vote), vote.quorum_percent)


async def published(vote: EstateVote) -> dict[str, Any]:
    """Return everything that somebody needs to work the result out again with ``tally.py``; nothing names a unit."""
    ballots = await rows(_OPENED, vote.tenant_id, vote.id) if vote.status in {"closed", "published"} else []
    return {
        "vote": str(vote.id),
        "title": vote.title,
        "options": vote.answers,
        "quorum_percent": vote.quorum_percent,
        "most_by_one_proxy": await proxies.most_of(vote),
        "weight_of_all": _plain(await whole_of(vote)),
        "commitment": "sha256(vote SP number SP choice SP nonce)",
        "entries": [
            {"number": one["number"], "weight": _plain(one["weight"])}
            for one in await rows(_ENTRIES, vote.tenant_id, vote.id)
        ],
        "ballots": [{**dict(one), "weight": _plain(one["weight"])} for one in ballots],
    }


def _plain(weight: Decimal) -> str:
    return format(weight.normalize(), "f")
