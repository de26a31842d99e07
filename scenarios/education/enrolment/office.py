"""The office's pages of enrolment: rounds, and who has applied."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.files import send_file
from billing.lists import Listing, list_page
from billing.models import FeeItem
from billing.names import localized
from scenarios.education.enrolment import links, rounds, services
from scenarios.education.enrolment.rounds import RoundAsked
from scenarios.education.enrolment.states import APPLICANT, ROUND, ROUND_TONES, ROUND_WORDS, TONES, WORDS
from scenarios.education.here import root_of, school
from scenarios.education.kinds import GRADES
from scenarios.education.models import SchoolApplicant, SchoolRound
from scenarios.education.notices.pages import both
from scenarios.education.notices.reading import named
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import Day, MinorAmount
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page

GRADE_WORDS: dict[str, Text] = {key: t(label) for key, label in GRADES.items()}
LONG = timedelta(days=30)
COMMAS = re.compile("[,\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}]")
QUESTIONS = 12
"""How many a form has room for; more than that nobody answers."""
ROUNDS = Listing(
    name="rounds",
    filters=("status",),
    sorts={"closes_at": "r.closes_at"},
    default_sort="-closes_at",
    sql="""
select r.id, r.titles, r.grade, r.places, r.status, r.opens_at, r.closes_at, r.closes_at - interval '1 second' last_at,
       (select count(*) from education_applicant a where a.tenant_id = $1 and a.round_id = r.id
          and a.status <> 'draft')::int applied,
       (select count(*) from education_applicant a where a.tenant_id = $1 and a.round_id = r.id
          and a.status in ('accepted', 'enrolled'))::int accepted
  from education_round r
 where r.tenant_id = $1 and ($2 = '' or r.titles::text ilike $2) and ($3 = '' or r.status = $3)""",
)
APPLICANTS = Listing(
    name="applicants",
    filters=("round", "status"),
    sorts={"submitted_at": "submitted_at", "child_name": "child_name"},
    default_sort="submitted_at",
    sql="""
select id, number, child_name, born_on, status, has_sibling, person_name, email, phone, submitted_at, answer_by
  from education_applicant where tenant_id = $1 and status <> 'draft'
   and ($2 = '' or number || ' ' || child_name || ' ' || person_name ilike $2)
   and round_id::text = $3 and ($4 = '' or status = $4)""",
)


class QuestionForm(BaseModel):
    """A question of the school's own; a row left blank counts for nothing."""

    label_en: str = Field("", title=N_("Question in English"), max_length=120)
    label_zh: str = Field("", title=N_("Question in Chinese"), max_length=120)
    choices: str = Field("", title=N_("Answers to choose from"), max_length=300)
    is_required: bool = Field(False, title=N_("Has to be answered"))


class PaperForm(BaseModel):
    """A document to bring along."""

    label_en: str = Field("", title=N_("Document in English"), max_length=120)
    label_zh: str = Field("", title=N_("Document in Chinese"), max_length=120)
    is_required: bool = Field(False, title=N_("Has to be there"))


class RoundForm(BaseModel):
    """A round of enrolment."""

    title_en: str = Field("", title=N_("Title in English"), max_length=120)
    title_zh: str = Field("", title=N_("Title in Chinese"), max_length=120)
    text_en: str = Field("", title=N_("Text in English"), max_length=4000)
    text_zh: str = Field("", title=N_("Text in Chinese"), max_length=4000)
    grade: str = Field(title=N_("Grade"))
    places: int = Field(title=N_("Places"), ge=1, le=rounds.MOST_PLACES)
    opens_on: Annotated[Day, Field(title=N_("Open from"))]
    closes_on: Annotated[Day, Field(title=N_("Last day to apply"))]
    deposit_minor: Annotated[int | None, MinorAmount(allow_zero=True)] = Field(None, title=N_("Deposit"))
    fee_item_id: UUID | None = Field(None, title=N_("Fee"))
    answer_days: int = Field(7, title=N_("Days to answer an offer"), ge=1, le=60)
    questions: list[QuestionForm] = Field(default_factory=list, title=N_("Questions"))
    papers: list[PaperForm] = Field(default_factory=list, title=N_("Documents"))


class DecisionForm(BaseModel):
    """What is decided about an application."""

    edge: str = ""
    reason: str = Field("", title=N_("To the family"), max_length=1000)


class EnrolForm(BaseModel):
    """What a child gets who is enrolled."""

    number: str = Field(title=N_("Pupil number"), max_length=40)
    class_title: str = Field(title=N_("Class"), max_length=60)


def _round_columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/enrolment"
    return (
        Column(
            "titles",
            t("Admissions round"),
            format=named,
            is_main=True,
            href=lambda row: f"{root}/{row['id']}",
        ),
        Column("grade", t("Grade"), words=GRADE_WORDS),
        Column("status", t("State"), format="badge", words=ROUND_WORDS, tones=ROUND_TONES),
        Column("last_at", t("Closes"), format="datetime", sortable=True, sort="closes_at"),
        Column("places", t("Places"), format="number"),
        Column("applied", t("Applied"), format="number"),
        Column("accepted", t("Accepted"), format="number"),
    )


async def all_rounds(request: Request, actor: Actor) -> Response:
    """List the rounds."""
    school(actor)
    context = {
        "root": root_of(actor),
        "actor": actor,
        "states": [(key, str(words)) for key, words in ROUND_WORDS.items()],
    }
    return await list_page(request, actor, ROUNDS, _round_columns(actor), "education/rounds.html", context)


async def new(request: Request, actor: Actor) -> Response:
    """Show the form of a round."""
    school(actor)
    now = await today_at(actor.tenant_id)
    values = {"opens_on": now.isoformat(), "closes_on": (now + LONG).isoformat(), "answer_days": "7"}
    return await _form(request, actor, Form.blank(RoundForm, values))


async def _form(request: Request, actor: Actor, form: Form[RoundForm], status: int = 200) -> Response:
    items = await FeeItem.filter(tenant_id=actor.tenant_id, kind="charge", is_active=True).order_by(
        "position"
    )
    context = {
        "form": form,
        "grades": list(GRADE_WORDS.items()),
        "fees": [(str(item.id), localized(item.names)) for item in items],
        "questions": form.rows("questions", least=QUESTIONS),
        "papers": form.rows("papers", least=rounds.MOST_PAPERS),
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "education/round_new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Write a round down."""
    school(actor)
    form = await bind(request, RoundForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            made = await rounds.add_round(actor, _asked(form.ok))
            return redirect(request, f"{root_of(actor)}/enrolment/{made.id}")
        except Invalid as error:
            form.fail_with(error)
    return await _form(request, actor, form, status=422)


def _asked(form: RoundForm) -> RoundAsked:
    asked = [one for one in form.questions if one.label_en or one.label_zh]
    papers = [one for one in form.papers if one.label_en or one.label_zh]
    return RoundAsked(
        titles=both(form.title_en, form.title_zh),
        texts=both(form.text_en, form.text_zh),
        grade=form.grade,
        places=form.places,
        opens_on=form.opens_on,
        closes_on=form.closes_on,
        deposit_minor=form.deposit_minor or 0,
        fee_item_id=form.fee_item_id,
        answer_days=form.answer_days,
        questions=[_question(number, one) for number, one in enumerate(asked)],
        papers=[
            {"key": f"d{n}", "labels": both(one.label_en, one.label_zh), "is_required": one.is_required}
            for n, one in enumerate(papers)
        ],
    )


def _question(number: int, one: QuestionForm) -> Mapping[str, Any]:
    return {
        "key": f"q{number}",
        "labels": both(one.label_en, one.label_zh),
        "choices": [part.strip() for part in COMMAS.split(one.choices) if part.strip()],
        "is_required": one.is_required,
    }


def _columns(actor: Actor, found: SchoolRound) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/enrolment/{found.id}/applicants"
    return (
        Column("child_name", t("Child"), is_main=True, sortable=True, href=lambda row: f"{root}/{row['id']}"),
        Column("born_on", t("Date of birth"), format="date"),
        Column("status", t("State"), format="badge", words=WORDS, tones=TONES),
        Column(
            "has_sibling", t("Sibling here"), value=lambda row: gettext("Yes") if row["has_sibling"] else ""
        ),
        Column("person_name", t("Applied by")),
        Column("email", t("E-mail")),
        Column("submitted_at", t("Handed in"), format="datetime", sortable=True),
        Column("answer_by", t("Answer by"), format="datetime"),
    )


async def show(request: Request, actor: Actor) -> Response:
    """Show a round with its applications, the first to come first."""
    tenant_id = school(actor)
    found = await rounds.round_of(tenant_id, path_id(request))
    columns = _columns(actor, found)
    query = APPLICANTS.query(request, columns).inside(round=str(found.id))
    if wants_export(request):
        return await export(
            request, columns, await APPLICANTS.read(tenant_id, query, 20_000, 0), "applicants"
        )
    listed = await APPLICANTS.read(tenant_id, query, query.limit, query.offset)
    context = {
        "round": found,
        "title": localized(found.titles),
        "grade": GRADE_WORDS[found.grade],
        "state": (ROUND_WORDS[found.status], ROUND_TONES.get(found.status, "neutral")),
        "taken": await services.taken(found),
        "link": links.url_of(found),
        "can": {edge: ROUND.can(found.status, edge) for edge in ROUND.edges},
        "states": [(key, str(words)) for key, words in WORDS.items() if key != APPLICANT.start],
        "page": Page.of(query, listed, await APPLICANTS.count(tenant_id, query)),
        "columns": columns,
        "actor": actor,
        "root": root_of(actor),
    }
    return await respond(request, "education/round.html", context, block="list")


async def turn(request: Request, actor: Actor) -> Response:
    """Open a round, or close it."""
    school(actor)
    edge = "open" if request.url.path.endswith("/opening") else "close"
    found = await rounds.turn(actor, path_id(request), edge)
    flash = t("Families can apply now.") if edge == "open" else t("Nobody can apply any more.")
    return redirect(request, f"{root_of(actor)}/enrolment/{found.id}", flash=flash)


async def _both(request: Request, actor: Actor) -> tuple[SchoolRound, SchoolApplicant]:
    tenant_id = school(actor)
    found = await rounds.round_of(tenant_id, path_id(request))
    applicant = await services.applicant_of(tenant_id, path_id(request, "applicant_id"))
    if applicant.status == APPLICANT.start:
        raise NotFound("applicant.not_found", t("There is no such application, or it is not yours to see."))
    return found, applicant


async def applicant(request: Request, actor: Actor) -> Response:
    """Show one application with what can be decided."""
    found, one = await _both(request, actor)
    return await _applicant(request, actor, found, one, Form.blank(DecisionForm), Form.blank(EnrolForm))


async def _applicant(  # noqa: PLR0917 - all that one page shows
    request: Request,
    actor: Actor,
    found: SchoolRound,
    one: SchoolApplicant,
    form: Form[DecisionForm],
    enrol: Form[EnrolForm],
    status: int = 200,
) -> Response:
    root = f"{root_of(actor)}/enrolment/{found.id}"
    context = {
        "round": found,
        "deposit": await services.deposit_of(one),
        "currency": actor.place["currency"],
        "applicant": one,
        "title": localized(found.titles),
        "state": (WORDS[one.status], TONES.get(one.status, "neutral")),
        "answers": [
            (localized(each["labels"]), one.answers.get(each["key"], "–")) for each in found.questions
        ],
        "can": {edge: APPLICANT.can(one.status, edge) for edge in APPLICANT.edges},
        "form": form,
        "enrol": enrol,
        "actor": actor,
        "root": root,
        "list_url": f"{root_of(actor)}/enrolment",
        "here": f"{root}/applicants/{one.id}",
    }
    return await respond(request, "education/applicant.html", context, status=status)


async def decide(request: Request, actor: Actor) -> Response:
    """Offer a place, put on the waiting list, or refuse."""
    found, one = await _both(request, actor)
    form = await bind(request, DecisionForm)
    if form.is_valid:
        try:
            await services.decide(actor, one.id, form.ok.edge, reason=form.ok.reason)
            return redirect(
                request, f"{root_of(actor)}/enrolment/{found.id}", flash=t("Decided. The family sees it.")
            )
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _applicant(request, actor, found, one, form, Form.blank(EnrolForm), status=422)


async def enrol(request: Request, actor: Actor) -> Response:
    """Make the child a pupil."""
    found, one = await _both(request, actor)
    form = await bind(request, EnrolForm)
    if form.is_valid:
        try:
            account = await services.enrol(
                actor, one.id, number=form.ok.number, class_title=form.ok.class_title
            )
            return redirect(
                request, f"{root_of(actor)}/accounts/{account.id}", flash=t("The child is a pupil now.")
            )
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _applicant(request, actor, found, one, Form.blank(DecisionForm), form, status=422)


async def file(request: Request, actor: Actor) -> Response:
    """Send a document of an application."""
    _, one = await _both(request, actor)
    return send_file(one, request.path_params["n"])


_R, _W = "enrolment.read", "enrolment.write"
_ONE = "/enrolment/{id}/applicants/{applicant_id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/enrolment", all_rounds, permission=_R, name="rounds"),
    tenant_route("/enrolment", create, permission=_W, methods=WRITES, name="add_round"),
    tenant_route("/enrolment/new", new, permission=_W, name="new_round"),
    tenant_route("/enrolment/{id}", show, permission=_R, name="round"),
    tenant_route("/enrolment/{id}/opening", turn, permission=_W, methods=WRITES, name="open_round"),
    tenant_route("/enrolment/{id}/closing", turn, permission=_W, methods=WRITES, name="close_round"),
    tenant_route(_ONE, applicant, permission=_R, name="applicant"),
    tenant_route(_ONE + "/decision", decide, permission=_W, methods=WRITES, name="decide_applicant"),
    tenant_route(_ONE + "/enrolment", enrol, permission=_W, methods=WRITES, name="enrol_applicant"),
    tenant_route(_ONE + "/files/{n}", file, permission=_R, name="applicant_file"),
]
