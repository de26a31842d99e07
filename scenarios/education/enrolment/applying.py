"""Handing an application in: begun, kept for later, gone on with, sent, with what a guardian agrees to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing.payments.numbers import new_number
from scenarios.education.enrolment.states import APPLICANT
from scenarios.education.models import SchoolApplicant, SchoolRound
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.scope import value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

LONGEST_ANSWER, MOST_DRAFTS = 500, 10
AGREED = N_(
    "I am a parent or guardian of this child. I agree that the school keeps what I write here, to decide about the"
    " place. I can take this back at any time."
)


@dataclass(frozen=True, slots=True)
class Application:
    """What a family writes; ``answers`` by the round's question keys, ``files`` as ``keep_files`` has kept them.

    ``agreed`` are the words that a guardian has agreed to: without them nothing of the child is kept.
    """

    child_name: str
    born_on: date
    answers: Mapping[str, str]
    files: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    phone: str = ""
    agreed: str = ""


async def apply(
    actor: Actor, found: SchoolRound, said: Application, *, has_sibling: bool, of: UUID | None = None
) -> SchoolApplicant:
    """Hand an application in, in the open tenant scope, the draft ``of`` where it was begun; one child once in a round.

    Raises:
        Conflict: the round is not open, or this child has been applied for.
        Invalid: a question or a document that is needed is missing.
        NotFound: there is no such draft, or it is somebody else's.
    """
    _must_be_open(found)
    draft = await draft_of(actor, found, of) if of else None
    said = _with_files(said, draft)
    wrong = _child(said, await today_at(found.tenant_id)) | _answers(found, said) | _papers(found, said)
    _must_be_right(wrong)
    if await value(_KNOWN, found.tenant_id, found.id, said.child_name, said.born_on):
        raise Conflict("applicant.twice", t("Somebody has applied for {name} already.", name=said.child_name))
    return await _write(actor, found, said, draft, has_sibling, APPLICANT.after(APPLICANT.start, "submit"))


async def keep(
    actor: Actor, found: SchoolRound, said: Application, *, has_sibling: bool, of: UUID | None = None
) -> SchoolApplicant:
    """Keep an application that is not complete, for its family alone, in the open tenant scope.

    Raises:
        Conflict: the round is not open, or somebody has begun too many.
        Invalid: the child is not named, or nobody agrees that anything is kept.
        NotFound: there is no such draft, or it is somebody else's.
    """
    _must_be_open(found)
    draft = await draft_of(actor, found, of) if of else None
    if draft is None and await _drafts(actor, found) >= MOST_DRAFTS:
        raise Conflict("applicant.many", t("You have begun many applications. Hand one in, or delete one."))
    _must_be_right(_child(said, await today_at(found.tenant_id)) | _long(said))
    return await _write(actor, found, _with_files(said, draft), draft, has_sibling, APPLICANT.start)


async def draft_of(actor: Actor, found: SchoolRound, draft_id: UUID) -> SchoolApplicant:
    """Return what the actor has begun in a round, locked; ``NotFound`` for anything else."""
    begun = SchoolApplicant.filter(
        tenant_id=found.tenant_id,
        round_id=found.id,
        id=draft_id,
        person_id=actor.person_id,
        status=APPLICANT.start,
    )
    draft = await begun.select_for_update().first()
    if draft is None:
        raise NotFound("applicant.not_found", t("There is no such application, or it is not yours to see."))
    return draft


async def _drafts(actor: Actor, found: SchoolRound) -> int:
    return await SchoolApplicant.filter(
        tenant_id=found.tenant_id, round_id=found.id, person_id=actor.person_id, status=APPLICANT.start
    ).count()


def _must_be_open(found: SchoolRound) -> None:
    if found.status != "open" or not found.opens_at <= datetime.now(UTC) < found.closes_at:
        raise Conflict("round.closed", t("Nobody can apply in this round now."))


def _with_files(said: Application, draft: SchoolApplicant | None) -> Application:
    """Return what is said with the documents there were before, except those sent anew, and the name in one form."""
    fresh = {one.get("paper") for one in said.files}
    before = [one for one in draft.files if one.get("paper") not in fresh] if draft else []
    return replace(said, child_name=" ".join(said.child_name.split()), files=[*before, *said.files])


def _must_be_right(wrong: Mapping[str, Any]) -> None:
    if wrong:
        raise Invalid("applicant.wrong", t("Something is missing."), fields=dict(wrong))


def _child(said: Application, now: date) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    if not said.child_name.strip():
        wrong["child_name"] = t("Write the child's name.")
    if not date(1990, 1, 1) < said.born_on <= now:
        wrong["born_on"] = t("Enter the child's date of birth.")
    if not said.agreed:
        wrong["agrees"] = t("Tick that you agree: without it the school may not keep anything of your child.")
    return wrong


def _long(said: Application) -> dict[str, Any]:
    return {
        f"answer_{key}": t("Keep it to {n} characters.", n=LONGEST_ANSWER)
        for key, answer in said.answers.items()
        if len(answer) > LONGEST_ANSWER
    }


def _answers(found: SchoolRound, said: Application) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    for one in found.questions:
        answer, choices = said.answers.get(one["key"], "").strip(), one.get("choices") or []
        if (one.get("is_required") and not answer) or (answer and choices and answer not in choices):
            wrong[f"answer_{one['key']}"] = t("Please answer this.")
    return wrong | _long(said)


def _papers(found: SchoolRound, said: Application) -> dict[str, Any]:
    kept = {one.get("paper") for one in said.files}
    needed = [one["key"] for one in found.papers if one.get("is_required")]
    return {f"paper_{key}": t("Choose a file.") for key in needed if key not in kept}


_KNOWN = """
select exists (select 1 from education_applicant where tenant_id = $1 and round_id = $2
                and lower(child_name) = lower($3) and born_on = $4
                and status not in ('draft', 'withdrawn', 'rejected'))
"""


async def _write(  # noqa: PLR0917 - who, where, what, over what, and as what
    actor: Actor,
    found: SchoolRound,
    said: Application,
    draft: SchoolApplicant | None,
    has_sibling: bool,
    status: str,
) -> SchoolApplicant:
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    made = draft or SchoolApplicant(
        id=new_id(), tenant_id=found.tenant_id, round_id=found.id, person_id=actor.person_id
    )
    made.number = made.number or await new_number("E", found.tenant_id)
    asked = {one["key"] for one in found.questions}
    made.child_name, made.born_on, made.phone = said.child_name, said.born_on, said.phone
    made.answers = {key: answer for key, answer in said.answers.items() if key in asked}
    made.files = [dict(one) for one in said.files]
    made.person_name, made.email = actor.name[:100], actor.email
    made.words, made.has_sibling, made.status = said.agreed, has_sibling, status
    made.agreed_at = datetime.now(UTC)
    made.submitted_at = None if status == APPLICANT.start else datetime.now(UTC)
    await made.save(force_create=draft is None)
    return made
