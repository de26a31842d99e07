"""Pages of votes: asking, opening, closing and publishing for staff; voting and the result for owners."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from scenarios.community.common import (
    LANGUAGES,
    buildings_of,
    estate_route,
    named,
    nothing,
    resident_route,
    root_of,
    tenant_of,
)
from scenarios.community.votes import proxies, service, tally
from scenarios.community.votes.models import Ballot, EstateVote, VoteEntry
from scenarios.community.votes.service import Question
from scenarios.community.votes.tally import Result
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid
from ui.fields import Day
from ui.formats import until_text
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t, use_locale
from ui.render import redirect, respond
from ui.shell import Tone
from ui.tables import Column

STATES = {
    "draft": t("Draft"),
    "open": t("Voting is open"),
    "closed": t("Counted"),
    "published": t("Made public"),
}
TONES: dict[str, Tone] = {"draft": "neutral", "open": "info", "closed": "warning", "published": "success"}
_LIST = """
select v.id, v.titles, v.status, v.closes_at, v.created_at,
       (select count(*) from community_vote_entry e where e.tenant_id = $1 and e.vote_id = v.id) entries,
       (select count(*) from community_ballot b where b.tenant_id = $1 and b.vote_id = v.id) ballots
  from community_vote v where v.tenant_id = $1 order by v.created_at desc limit 200
"""
_MINE = """
select e.id, e.number, e.weight, a.id account_id, a.number unit, b.created_at cast_at, b.cast_by_name, b.as_proxy,
       exists (select 1 from tenants_holder h where h.tenant_id = e.tenant_id and h.account_id = e.account_id
                and h.person_id = $2 and h.confirmed_at is not null and h.relation = 'owner' and h.sees is null
                and covers(h.since, h.until, $3)) is_owner,
       exists (select 1 from tenants_holder h where h.tenant_id = e.tenant_id and h.account_id = e.account_id
                and h.person_id = $2 and h.confirmed_at is not null and h.relation in ('owner', 'proxy')
                and covers(h.since, h.until, $3)) may_vote
  from community_vote_entry e
  join tenants_account a on a.tenant_id = e.tenant_id and a.id = e.account_id
  left join community_ballot b on b.tenant_id = e.tenant_id and b.entry_id = e.id
 where e.vote_id = $1 order by a.number
"""


DEFAULTS = {"basis": "area", "quorum_percent": "50", "proxy_units": "2", "proxy_percent": "2"}


class VoteForm(BaseModel):
    """A question as it is written."""

    title_en: str = Field("", title=N_("The question in English"), max_length=200)
    text_en: str = Field("", title=N_("What it is about, in English"), max_length=8000)
    answers_en: str = Field("", title=N_("Answers in English, one a line"), max_length=2000)
    title_zh_CN: str = Field("", title=N_("The question in Chinese"), max_length=200)  # noqa: N815
    text_zh_CN: str = Field("", title=N_("What it is about, in Chinese"), max_length=8000)  # noqa: N815
    answers_zh_CN: str = Field("", title=N_("Answers in Chinese, one a line"), max_length=2000)  # noqa: N815
    basis: str = Field(title=N_("A vote weighs"))
    quorum_percent: int = Field(title=N_("Counts only if so much takes part (percent)"))
    closes_on: Day = Field(title=N_("Last day"))
    proxy_units: int = Field(2, title=N_("One proxy votes for at most (units)"))
    proxy_percent: int = Field(2, title=N_("Or, where it is more, for so much of all units (percent)"))
    buildings: list[UUID] = Field([], title=N_("Owners of"))


class BallotForm(BaseModel):
    """A ballot."""

    choice: int | None = Field(None, title=N_("Your answer"))
    entry: UUID = Field(title=N_("Unit"))


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("title", t("Question"), is_main=True, href=lambda one: f"{root}/votes/{one['id']}"),
        Column("status", t("State"), format="badge", tones=TONES, words=STATES),
        Column("closes_at", t("Last day"), value=lambda one: until_text(one["closes_at"])),
        Column("ballots", t("Ballots"), format="number"),
        Column("entries", t("Of"), format="number"),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the votes."""
    root = root_of(actor)
    context = {
        "root": root,
        "votes": named(await rows(_LIST, tenant_of(actor)), "titles", "title"),
        "columns": _columns(root),
        "may_write": actor.may("votes.write"),
    }
    return await respond(request, "community/votes/votes.html", context)


async def new(request: Request, actor: Actor) -> Response:
    """Ask for the question."""
    values = {f"answers_{key}": _usual(key) for key in LANGUAGES}
    return await _new(request, actor, Form.blank(VoteForm, DEFAULTS | values))


def _usual(language: str) -> str:
    """Return the answers that most questions have, one a line."""
    with use_locale(language):
        return "\n".join(gettext(word) for word in (N_("Yes"), N_("No"), N_("Abstain")))


async def _new(request: Request, actor: Actor, form: Form[VoteForm], status: int = 200) -> Response:
    context = {
        "root": root_of(actor),
        "form": form,
        "bases": [("area", gettext("Its unit's billed area")), ("head", gettext("One for each unit"))],
        "buildings": await buildings_of(tenant_of(actor)),
    }
    return await respond(request, "community/votes/new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Write down the question."""
    form = await bind(request, VoteForm)
    if form.is_valid:
        said = form.ok
        zone = ZoneInfo((await Tenant.get(id=actor.tenant_id)).timezone)
        closes = datetime.combine(said.closes_on + timedelta(days=1), time(), zone).astimezone(UTC)
        question = Question(
            {key: getattr(said, f"title_{key}") for key in LANGUAGES},
            {key: getattr(said, f"text_{key}") for key in LANGUAGES},
            {key: getattr(said, f"answers_{key}").splitlines() for key in LANGUAGES},
            said.basis,
            said.quorum_percent,
            closes,
            said.buildings,
            said.proxy_units,
            said.proxy_percent,
        )
        try:
            made = await service.draft(actor, question)
            return redirect(
                request, f"{root_of(actor)}/votes/{made.id}", flash=t("Saved. Nobody can vote yet.")
            )
        except Invalid as error:
            form.fail_with(error)
    return await _new(request, actor, form, status=422)


async def show(request: Request, actor: Actor) -> Response:
    """Show a vote: how many have voted; after the end the result."""
    found = await service.get(tenant_of(actor), path_id(request))
    entries = await VoteEntry.filter(tenant_id=found.tenant_id, vote_id=found.id).count()
    ballots = await Ballot.filter(tenant_id=found.tenant_id, vote_id=found.id).count()
    context = {
        "root": root_of(actor),
        "vote": found,
        "state": {"words": STATES[found.status], "tone": TONES[found.status]},
        "entries": entries,
        "ballots": ballots,
        "most_by_proxy": await proxies.most_of(found),
        "result": await _result(found),
        "is_over": found.closes_at <= datetime.now(UTC),
        "may_write": actor.may("votes.write"),
    }
    return await respond(request, "community/votes/vote.html", context)


async def _result(found: EstateVote) -> dict[str, Any] | None:
    if found.status not in {"closed", "published"}:
        return None
    result: Result = await service.result_of(found)
    return {
        "result": result,
        "rows": [
            (
                option,
                result.sums[place],
                result.counts[place],
                result.sums[place] / result.cast if result.cast else 0,
            )
            for place, option in enumerate(found.answers)
        ],
        "winner": found.answers[result.winner] if result.winner is not None else "",
    }


async def open_vote(request: Request, actor: Actor) -> Response:
    """Take ballots."""
    found = await service.open_vote(actor, path_id(request))
    return redirect(request, f"{root_of(actor)}/votes/{found.id}", flash=t("Ballots are taken from now on."))


async def close(request: Request, actor: Actor) -> Response:
    """Count the ballots."""
    found = await service.close(actor, path_id(request))
    return redirect(request, f"{root_of(actor)}/votes/{found.id}", flash=t("Counted."))


async def publish(request: Request, actor: Actor) -> Response:
    """Publish the result."""
    found = await service.publish(actor, path_id(request))
    return redirect(request, f"{root_of(actor)}/votes/{found.id}", flash=t("Published."))


async def _seen(request: Request) -> EstateVote:
    found = await EstateVote.get_or_none(id=path_id(request))
    if found is None:
        raise nothing()
    return found


async def mine(request: Request, actor: Actor) -> Response:
    """Show an owner the question, a ballot for each of their units, and the result once it is published."""
    return await _mine(request, actor, await _seen(request), Form.blank(BallotForm))


async def _mine(
    request: Request,
    actor: Actor,
    found: EstateVote,
    form: Form[BallotForm],
    *,
    status: int = 200,
    cast: Any = None,
) -> Response:
    tenant = await Tenant.get(id=found.tenant_id)
    context = {
        "vote": found,
        "tenant": tenant,
        "entries": await rows(_MINE, found.id, actor.person_id, today(tenant.timezone)),
        "is_open": found.status == "open" and found.closes_at > datetime.now(UTC),
        "form": form,
        "options": [(str(place), option) for place, option in enumerate(found.answers)],
        "result": await _published(found),
        "cast": cast,
        "proxy": await _proxy(found, actor),
    }
    return await respond(request, "community/votes/mine.html", context, status=status)


async def _proxy(found: EstateVote, actor: Actor) -> dict[str, int]:
    """Return how many units one proxy votes for, and for how many this person has."""
    async with open_scope(tenant_scope(found.tenant_id)):
        return {
            "most": await proxies.most_of(found),
            "cast": await proxies.cast_by(found, actor.person_id),
        }


async def _published(found: EstateVote) -> dict[str, Any] | None:
    if found.status != "published":
        return None
    async with open_scope(tenant_scope(found.tenant_id)):
        return await _result(found)


async def cast(request: Request, actor: Actor) -> Response:
    """Take a ballot, and show what its voter keeps."""
    found = await _seen(request)
    form = await bind(request, BallotForm)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(found.tenant_id)):
                kept = await service.cast(
                    actor,
                    found.tenant_id,
                    form.ok.entry,
                    choice=-1 if form.ok.choice is None else form.ok.choice,
                )
            return await _mine(request, actor, found, Form.blank(BallotForm), cast=kept)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _mine(request, actor, found, form, status=422)


async def published(request: Request, actor: Actor) -> Response:
    """Send all that is needed to work the result out again, to everybody who could vote."""
    del actor
    found = await _seen(request)
    if found.status != "published":
        raise nothing()
    async with open_scope(tenant_scope(found.tenant_id)):
        return _download(found, await service.published(found))


async def counted(request: Request, actor: Actor) -> Response:
    """Send the same to staff, once the ballots are counted."""
    found = await service.get(tenant_of(actor), path_id(request))
    if found.status not in {"closed", "published"}:
        raise nothing()
    return _download(found, await service.published(found))


def _download(found: EstateVote, data: dict[str, Any]) -> Response:
    return JSONResponse(data, headers={"Content-Disposition": f'attachment; filename="vote-{found.id}.json"'})


async def program(request: Request, actor: Actor) -> Response:
    """Send the program that counts, the very one that has counted here, to who sees the vote."""
    del actor
    await _seen(request)
    return _program()


async def staff_program(request: Request, actor: Actor) -> Response:
    """Send the same to staff."""
    await service.get(tenant_of(actor), path_id(request))
    return _program()


def _program() -> Response:
    headers = {"Content-Disposition": 'attachment; filename="tally.py"'}
    return Response(Path(tally.__file__).read_text(), media_type="text/x-python", headers=headers)


ROUTES: list[BaseRoute] = [
    estate_route("/votes", index, permission="accounts.read", name="votes"),
    estate_route("/votes/new", new, permission="votes.write", name="vote_new"),
    estate_route("/votes", create, permission="votes.write", methods=WRITES, name="vote_create"),
    estate_route("/votes/{id}", show, permission="accounts.read", name="vote"),
    estate_route(
        "/votes/{id}/opening", open_vote, permission="votes.write", methods=WRITES, name="vote_open"
    ),
    estate_route("/votes/{id}/closing", close, permission="votes.write", methods=WRITES, name="vote_close"),
    estate_route(
        "/votes/{id}/publication", publish, permission="votes.write", methods=WRITES, name="vote_publish"
    ),
    resident_route("/my/votes/{id}", mine, name="my_vote"),
    resident_route("/my/votes/{id}", cast, methods=WRITES, name="my_vote_cast"),
    resident_route("/my/votes/{id}/ballots.json", published, name="my_vote_ballots"),
    resident_route("/my/votes/{id}/tally.py", program, name="my_vote_tally"),
    estate_route("/votes/{id}/ballots.json", counted, permission="accounts.read", name="vote_ballots"),
    estate_route("/votes/{id}/tally.py", staff_program, permission="accounts.read", name="vote_tally"),
]
