"""Rounds of enrolment: for which grade, how many places, and the form that families fill in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from scenarios.education.enrolment.states import ROUND
from scenarios.education.kinds import GRADES
from scenarios.education.models import SchoolRound
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

MOST_PLACES, MOST_QUESTIONS, MOST_PAPERS, MOST_MINOR = 5_000, 40, 10, 10**9


@dataclass(frozen=True, slots=True)
class RoundAsked:
    """A round as it is asked for; days are in the school's zone, the last one included."""

    titles: Mapping[str, str]
    texts: Mapping[str, str]
    grade: str
    places: int
    opens_on: date
    closes_on: date
    questions: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    papers: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    deposit_minor: int = 0
    fee_item_id: UUID | None = None
    answer_days: int = 7


async def add_round(actor: Actor, asked: RoundAsked) -> SchoolRound:
    """Write a round down as a draft.

    Raises:
        Invalid: something is missing or wrong; the field says what.
    """
    actor.require("enrolment.write")
    _check_round(asked)
    zone = ZoneInfo((await Tenant.get(id=actor.tenant_id)).timezone)
    made = await SchoolRound.create(
        id=new_id(),
        tenant_id=actor.tenant_id,
        titles=dict(asked.titles),
        texts=dict(asked.texts),
        grade=asked.grade,
        places=asked.places,
        questions=[dict(one) for one in asked.questions],
        papers=[dict(one) for one in asked.papers],
        opens_at=datetime.combine(asked.opens_on, time(), zone).astimezone(UTC),
        closes_at=datetime.combine(asked.closes_on + timedelta(days=1), time(), zone).astimezone(UTC),
        deposit_minor=asked.deposit_minor,
        fee_item_id=asked.fee_item_id,
        answer_days=asked.answer_days,
        created_by_name=actor.name[:100],
    )
    await _record_round(actor, "round.added", made)
    return made


def _check_round(asked: RoundAsked) -> None:
    wrong: dict[str, Any] = {}
    if not asked.titles.get("en", "").strip():
        wrong["title_en"] = t("Give it a title, in Chinese or in English.")
    if asked.grade not in GRADES:
        wrong["grade"] = t("Choose the grade.")
    if not 1 <= asked.places <= MOST_PLACES:
        wrong["places"] = t("Enter how many places there are.")
    if asked.closes_on < asked.opens_on:
        wrong["closes_on"] = t("The last day is on or after the first.")
    if not 0 <= asked.deposit_minor <= MOST_MINOR:
        wrong["deposit_minor"] = t("Enter an amount, or nothing.")
    if len(asked.questions) > MOST_QUESTIONS or len(asked.papers) > MOST_PAPERS:
        wrong["questions"] = t("At most {n} questions and {m} documents.", n=MOST_QUESTIONS, m=MOST_PAPERS)
    if wrong:
        raise Invalid("round.wrong", t("Something is missing."), fields=wrong)


async def round_of(tenant_id: UUID, round_id: UUID, *, lock: bool = False) -> SchoolRound:
    """Return a round of the open tenant scope; ``NotFound`` when there is none."""
    query = SchoolRound.filter(tenant_id=tenant_id, id=round_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("round.not_found", t("There is no such round of enrolment."))
    return found


async def turn(actor: Actor, round_id: UUID, edge: str) -> SchoolRound:
    """Open a round to families, or close it; ``Conflict`` where it cannot be as it stands."""
    actor.require("enrolment.write")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    found = await round_of(actor.tenant_id, round_id, lock=True)
    if edge not in ROUND.edges or not ROUND.can(found.status, edge):
        raise Conflict("round.edge", t("This cannot be done with the round as it stands."))
    found.status = ROUND.after(found.status, edge)
    await found.save(update_fields=["status"])
    await _record_round(actor, "round.opened" if edge == "open" else "round.closed", found)
    return found


async def _record_round(actor: Actor, act: str, found: SchoolRound) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="round",
        subject_id=found.id,
        subject_label=found.titles.get("en", ""),
        after={"places": found.places},
    )
