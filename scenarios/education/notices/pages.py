"""The office's and teachers' pages of notices: written, sent, who has read them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.files import send_file
from billing.answers.notes import keep_files
from billing.lists import list_page
from billing.names import localized
from scenarios.education.classes.queries import classes_for, grade_choices
from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolNotice
from scenarios.education.notices import reading, services
from scenarios.education.notices.reading import NOTICE_TONES, NOTICE_WORDS, RECEIPTS
from scenarios.education.notices.services import Asked
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui import formats
from ui.errors import Conflict, Forbidden, Invalid
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, Text, current_locale, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

AUDIENCE_WORDS: dict[str, Text] = {
    "school": t("The whole school"),
    "grade": t("Grades"),
    "class": t("Classes"),
    "list": t("Pupils by number"),
}
MOST_CLASSES = 300


class QuestionForm(BaseModel):
    """A question that families answer; a row left blank counts for nothing."""

    label_en: str = Field("", title=N_("Question in English"), max_length=120)
    label_zh: str = Field("", title=N_("Question in Chinese"), max_length=120)
    choices: str = Field("", title=N_("Answers to choose from"), max_length=300)


class NoticeForm(BaseModel):
    """A notice to write."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    title_en: str = Field("", title=N_("Title in English"), max_length=120)
    title_zh: str = Field("", title=N_("Title in Chinese"), max_length=120)
    body_en: str = Field("", title=N_("Text in English"), max_length=8000)
    body_zh: str = Field("", title=N_("Text in Chinese"), max_length=8000)
    audience: str = Field(title=N_("For whom"))
    grades: list[str] = Field([], title=N_("Grades"))
    classes: list[str] = Field([], title=N_("Classes"))
    numbers: str = Field("", title=N_("Pupil numbers"), max_length=8000)
    needs_confirming: bool = Field(False, title=N_("Ask families to confirm that they have read it"))
    questions: list[QuestionForm] = Field(default_factory=list, title=N_("Questions"))
    files: list[UploadFile] = Field([], title=N_("Files"))


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/school-notices"
    return (
        Column(
            "titles", t("Notice"), format=reading.named, is_main=True, sortable=True, sort="title",
            href=lambda row: f"{root}/{row['id']}",
        ),
        Column("audience", t("For whom"), words=AUDIENCE_WORDS),
        Column("status", t("State"), format="badge", words=NOTICE_WORDS, tones=NOTICE_TONES),
        Column("people", t("Sent to"), format="number"),
        Column("have_read", t("Read"), format="number"),
        Column("confirmed", t("Confirmed"), format="number"),
        Column("sent_at", t("Sent"), format="datetime", sortable=True),
    )  # fmt: skip


async def index(request: Request, actor: Actor) -> Response:
    """List the notices that the actor may see."""
    school(actor)
    context = {
        "root": root_of(actor),
        "states": [(key, str(words)) for key, words in NOTICE_WORDS.items()],
    }
    return await list_page(
        request, actor, reading.notices_for(actor), _columns(actor), "education/notices.html", context
    )


async def new(request: Request, actor: Actor) -> Response:
    """Show the form of a notice."""
    school(actor)
    if actor.may("school_notices.write"):
        return await _form(request, actor, Form.blank(NoticeForm, {"audience": "school"}))
    own = [str(one["id"]) for one in await _classes(actor)]
    given = {"audience": "class", "classes": own if len(own) == 1 else []}
    return await _form(request, actor, Form.blank(NoticeForm, given))


async def _classes(actor: Actor) -> list[Any]:
    """Return the classes that the actor may write to."""
    query = TableQuery(path="", sort="title")
    return await classes_for(actor).read(school(actor), query, MOST_CLASSES, 0)


async def _form(request: Request, actor: Actor, form: Form[NoticeForm], status: int = 200) -> Response:
    tenant_id = school(actor)
    classes = await _classes(actor)
    is_office = actor.may("school_notices.write")
    context = {
        "form": form,
        "is_office": is_office,
        "audiences": [(key, words) for key, words in AUDIENCE_WORDS.items() if is_office or key == "class"],
        "grades": await grade_choices(tenant_id),
        "classes": [(str(one["id"]), one["title"]) for one in classes],
        "languages": ("zh", "en") if current_locale().startswith("zh") else ("en", "zh"),
        "root": root_of(actor),
    }
    return await respond(request, "education/notice_new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Write a notice down, to be looked at before it goes out."""
    tenant_id = school(actor)
    form = await bind(request, NoticeForm)
    if form.is_valid:
        try:
            files = await keep_files(tenant_id, form.ok.files)
            made = await services.write(actor, _asked(form.ok, files))
            return redirect(request, f"{root_of(actor)}/school-notices/{made.id}")
        except Invalid as error:
            form.fail_with(error)
        except Forbidden as error:
            form.fail("classes", error.message)
    return await _form(request, actor, form, status=422)


def _asked(form: NoticeForm, files: list[dict[str, Any]]) -> Asked:
    targets = {"grade": form.grades, "class": form.classes, "list": form.numbers.split()}
    return Asked(
        titles=both(form.title_en, form.title_zh),
        bodies=both(form.body_en, form.body_zh),
        audience=form.audience,
        targets=targets.get(form.audience, []),
        needs_confirming=form.needs_confirming,
        questions=[
            {
                "key": f"q{number}",
                "labels": both(one.label_en, one.label_zh),
                "choices": [part.strip() for part in one.choices.split(",") if part.strip()],
            }
            for number, one in enumerate(form.questions)
            if one.label_en or one.label_zh
        ],
        files=files,
    )


def both(en: str, zh: str) -> dict[str, str]:
    """Return a text by locale; what is given in one language only is shown in that one."""
    return {key: text.strip() for key, text in (("en", en or zh), ("zh_CN", zh or en)) if text.strip()}


def _receipt_columns(notice: SchoolNotice) -> tuple[Column, ...]:
    known = (
        Column("holder", t("Family"), is_main=True),
        Column("name", t("Pupil"), sortable=True),
        Column("place", t("Class")),
        Column("ways", t("Told by"), format=reading.ways_text),
        Column("read_at", t("Read"), format="datetime"),
        Column("confirmed_at", t("Confirmed"), format="datetime"),
    )
    return (*known, *(_answer_column(one) for one in notice.questions))


def _answer_column(question: Mapping[str, Any]) -> Column:
    key = question["key"]

    def answer(row: Any) -> str:
        return str(services.loads(row["answers"]).get(key, ""))

    return Column(f"answer_{key}", localized(question["labels"]), value=answer)


async def show(request: Request, actor: Actor) -> Response:
    """Show a notice as families see it, and who has read it."""
    tenant_id = school(actor)
    notice = await services.get(actor, path_id(request))
    columns = _receipt_columns(notice)
    query = reading.receipt_query(request, columns, notice.id)
    if wants_export(request):
        return await export(request, columns, await RECEIPTS.read(tenant_id, query, 20_000, 0), "receipts")
    found = await RECEIPTS.read(tenant_id, query, query.limit, query.offset)
    context = {
        "notice": notice,
        "title": localized(notice.titles),
        "body": localized(notice.bodies),
        "questions": [localized(one["labels"]) for one in notice.questions],
        "state": (NOTICE_WORDS[notice.status], NOTICE_TONES.get(notice.status, "neutral")),
        "audience": AUDIENCE_WORDS[notice.audience],
        "reach": await services.reach(tenant_id, notice.audience, notice.targets),
        "figures": await reading.figures(notice),
        "page": Page.of(query, found, await RECEIPTS.count(tenant_id, query)),
        "columns": columns,
        "states": [
            ("unread", gettext("Not read")),
            ("unconfirmed", gettext("Not confirmed")),
            ("unreached", gettext("No way to tell them")),
        ],
        "root": root_of(actor),
    }
    return await respond(request, "education/notice.html", context, block="list")


async def send(request: Request, actor: Actor) -> Response:
    """Send a notice."""
    school(actor)
    notice = await services.send(actor, path_id(request))
    flash = t("Sent to {n} people.", n=formats.number(notice.sent_count))
    return redirect(request, f"{root_of(actor)}/school-notices/{notice.id}", flash=flash)


async def remind(request: Request, actor: Actor) -> Response:
    """Remind those who have not read it."""
    school(actor)
    notice_id = path_id(request)
    try:
        flash = t("Reminded: {n} people.", n=await services.remind(actor, notice_id))
    except Conflict as error:
        flash = error.message
    return redirect(request, f"{root_of(actor)}/school-notices/{notice_id}", flash=flash)


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of a notice."""
    school(actor)
    return send_file(await services.get(actor, path_id(request)), request.path_params["n"])


_OWN = "school_notices.own"
ROUTES: list[BaseRoute] = [
    tenant_route("/school-notices", index, permission=_OWN, name="school_notices"),
    tenant_route("/school-notices", create, permission=_OWN, methods=WRITES, name="add_school_notice"),
    tenant_route("/school-notices/new", new, permission=_OWN, name="new_school_notice"),
    tenant_route("/school-notices/{id}", show, permission=_OWN, name="school_notice"),
    tenant_route(
        "/school-notices/{id}/sending", send, permission=_OWN, methods=WRITES, name="send_school_notice"
    ),
    tenant_route(
        "/school-notices/{id}/reminding", remind, permission=_OWN, methods=WRITES, name="remind_school_notice"
    ),
    tenant_route("/school-notices/{id}/files/{n}", file, permission=_OWN, name="school_notice_file"),
]
