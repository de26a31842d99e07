"""Pages of classes: the list, one class with its pupils, what is owed where, and what teachers see."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import list_page
from billing.terms import save_terms, terms_of
from scenarios.education.classes import queries, services
from scenarios.education.fees.templates import GROUPS
from scenarios.education.here import root_of, school
from scenarios.education.kinds import GRADES
from scenarios.education.terms import SchoolTerms
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import rows, value
from tenants.search import containing
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.formats import listed
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

GRADE_WORDS: dict[str, Text] = {key: t(label) for key, label in GRADES.items()}
KIND_WORDS: dict[str, Text] = {"homeroom": t("Home class"), "scheduled": t("Course")}
PAID_WORDS: dict[str, Text] = {
    "paid": t("Paid"),
    "open": t("Not yet due"),
    "late": t("Not paid"),
    "none": t("No bill"),
}


class TeacherForm(BaseModel):
    """Who teaches a class."""

    teacher: UUID = Field(title=N_("Member of staff"))


class TermsForm(BaseModel):
    """What the school allows."""

    teachers_see_payment: bool = Field(False, title=N_("Class teachers see who has paid"))
    meal_notice_days: int = Field(1, title=N_("Days ahead that the kitchen has to know"), ge=0, le=30)
    refund_groups: list[str] = Field([], title=N_("What is refunded by days when a pupil leaves"))
    term_months: int = Field(5, title=N_("Months of a term"), ge=1, le=12)
    meal_least_days: int = Field(1, title=N_("School days away that are refunded at the least"), ge=1, le=30)


def grades_text(value: Any, _row: Any) -> str:
    """Return grades as they are read."""
    keys = [part.strip().lstrip("0") or part for part in str(value or "").split(",") if part.strip()]
    return listed(str(GRADE_WORDS.get(key, key)) for key in keys)


def _columns(actor: Actor) -> tuple[Column, ...]:
    root, currency = f"{root_of(actor)}/classes", actor.place["currency"]
    known = (
        Column("title", t("Class"), sortable=True, is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("kind", t("Kind"), words=KIND_WORDS),
        Column("grades", t("Grade"), format=grades_text),
        Column("teachers", t("Teachers")),
        Column("pupils", t("Pupils"), format="number", sortable=True),
    )
    if not actor.may("bills.read"):
        return known
    return (
        *known,
        Column("owing", t("Pupils who owe"), format="number", sortable=True),
        Column("overdue_minor", t("Overdue ({currency})", currency=currency), format="amount", sortable=True),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the classes that the actor may see."""
    context = {
        "root": root_of(actor),
        "actor": actor,
        "grades": await queries.grade_choices(school(actor)),
        "states": [("all", gettext("All")), ("over", gettext("Over"))],
        "taught": [("none", gettext("Nobody yet")), ("some", gettext("Somebody"))],
        "untaught": await _untaught(actor),
    }
    listing = queries.classes_for(actor)
    return await list_page(request, actor, listing, _columns(actor), "education/classes.html", context)


async def _untaught(actor: Actor) -> int:
    """Return how many home classes nobody teaches, for whoever puts teachers down."""
    return int(await value(queries.UNTAUGHT, actor.tenant_id)) if actor.may("classes.write") else 0


def paid_state(row: Any) -> str:
    """Return whether a pupil's bills are paid, as much as a class teacher may know."""
    if not row["bills"]:
        return "none"
    return "late" if row["overdue_minor"] > 0 else "open" if row["left_minor"] > 0 else "paid"


async def show(request: Request, actor: Actor) -> Response:
    """Show a class with its pupils."""
    tenant_id = school(actor)
    found = await queries.class_of(actor, path_id(request))
    terms = await terms_of(tenant_id, SchoolTerms)
    pupils = [dict(one) for one in await rows(queries.PUPILS, tenant_id, found.id)]
    columns = _pupil_columns(actor, sees_payment=terms.teachers_see_payment)
    if wants_export(request):
        return await export(request, columns, pupils, "class")
    context = await _context(actor, found, Form.blank(TeacherForm))
    return await respond(request, "education/class.html", context | {"pupils": pupils, "columns": columns})


async def _context(actor: Actor, found: Any, form: Form[TeacherForm]) -> dict[str, Any]:
    staff = await rows(queries.STAFF, actor.tenant_id) if actor.may("classes.write") else []
    return {
        "found": found,
        "grades": grades_text(found.grades, None),
        "teachers": await rows(queries.TEACHERS, actor.tenant_id, found.id),
        "staff": [(str(one["id"]), f"{one['name']} · {one['email']}") for one in staff],
        "form": form,
        "root": root_of(actor),
        "actor": actor,
    }


def _pupil_columns(actor: Actor, *, sees_payment: bool) -> tuple[Column, ...]:
    root = root_of(actor)
    may_open = actor.may("accounts.read")
    known = [
        Column(
            "name",
            t("Pupil"),
            is_main=True,
            href=lambda row: f"{root}/accounts/{row['id']}" if may_open else None,
        ),
        Column("number", t("Number"), format="code"),
        Column("holders", t("Guardians")),
    ]
    if actor.may("bills.read"):
        known += [
            Column("left_minor", t("To pay"), format="money"),
            Column("overdue_minor", t("Overdue"), format="money"),
        ]
    elif sees_payment:
        tones: dict[str, Any] = {"paid": "success", "late": "warning"}
        known.append(
            Column("paid", t("Bills"), format="badge", value=paid_state, words=PAID_WORDS, tones=tones)
        )
    return tuple(known)


async def add_teacher(request: Request, actor: Actor) -> Response:
    """Put somebody down as a teacher of the class."""
    school(actor)
    found = await queries.class_of(actor, path_id(request))
    form = await bind(request, TeacherForm)
    if form.is_valid:
        try:
            await services.add_teacher(actor, found.id, membership_id=form.ok.teacher)
            return redirect(
                request, f"{root_of(actor)}/classes/{found.id}", flash=t("They see this class now.")
            )
        except Invalid as error:
            form.fail_with(error)
    pupils = [dict(one) for one in await rows(queries.PUPILS, actor.tenant_id, found.id)]
    context = await _context(actor, found, form)
    context |= {"pupils": pupils, "columns": _pupil_columns(actor, sees_payment=False)}
    return await respond(request, "education/class.html", context, status=422)


async def end_teacher(request: Request, actor: Actor) -> Response:
    """Take the class from a teacher."""
    school(actor)
    found = await services.end_teacher(actor, path_id(request), path_id(request, "teacher_id"))
    return redirect(
        request, f"{root_of(actor)}/classes/{found.id}", flash=t("They no longer see this class.")
    )


BY = {"class": t("By class"), "grade": t("By grade"), "pupil": t("By pupil")}


async def arrears(request: Request, actor: Actor) -> Response:
    """Show what is billed, paid and owed, by class, grade or pupil."""
    tenant_id = school(actor)
    query = TableQuery.parse(request, filters=("by", "place"))
    by = query.get("by") if query.get("by") in queries.ARREARS_BY else "class"
    columns = _arrears_columns(actor, by)
    found = [
        dict(one)
        for one in await queries.arrears(
            tenant_id, by, words=containing(query.q), place=query.get("place"), only_owing=by == "pupil"
        )
    ]
    if wants_export(request):
        return await export(request, columns, found, "arrears")
    context = {
        "page": Page.of(query, found[query.offset : query.offset + query.limit], len(found)),
        "columns": columns,
        "by": by,
        "ways": list(BY.items()),
        "overdue": sum(one["overdue_minor"] for one in found),
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "education/arrears.html", context, block="list")


def _arrears_columns(actor: Actor, by: str) -> tuple[Column, ...]:
    root = root_of(actor)
    label = {"class": t("Class"), "grade": t("Grade"), "pupil": t("Pupil")}[by]
    first = Column(
        "label",
        label,
        is_main=True,
        format=grades_text if by == "grade" else "text",
        href=lambda row: f"{root}/accounts/{row['id']}" if row["id"] else None,
    )
    counts = (
        (Column("place", t("Class")),)
        if by == "pupil"
        else (
            Column("pupils", t("Pupils"), format="number"),
            Column("owing", t("Pupils who owe"), format="number"),
        )
    )
    names = {
        "billed_minor": t("Billed"),
        "paid_minor": t("Paid"),
        "left_minor": t("To pay"),
        "overdue_minor": t("Overdue"),
    }
    return (first, *counts, *(Column(key, words, format="money") for key, words in names.items()))


async def settings(request: Request, actor: Actor) -> Response:
    """Show what the school allows."""
    kept = await terms_of(school(actor), SchoolTerms)
    return await _settings(request, actor, Form.blank(TermsForm, kept.model_dump()))


async def _settings(request: Request, actor: Actor, form: Form[TermsForm], status: int = 200) -> Response:
    groups = [(key, gettext(words)) for key, words in GROUPS.items()]
    context = {"form": form, "root": root_of(actor), "groups": groups}
    return await respond(request, "education/settings.html", context, status=status)


async def save_settings(request: Request, actor: Actor) -> Response:
    """Keep what the school allows."""
    kept = await terms_of(school(actor), SchoolTerms)
    form = await bind(request, TermsForm)
    if form.is_valid:
        await save_terms(actor, SchoolTerms.model_validate(kept.model_dump() | form.ok.model_dump()))
        return redirect(request, request.url.path, flash=t("Saved. It holds from now on."))
    return await _settings(request, actor, form, status=422)


ROUTES: list[BaseRoute] = [
    tenant_route("/classes", index, permission="classes.own", name="classes"),
    tenant_route("/classes/arrears", arrears, permission="reports.read", name="class_arrears"),
    tenant_route("/classes/settings", settings, permission="settings.write", name="school_settings"),
    tenant_route(
        "/classes/settings",
        save_settings,
        permission="settings.write",
        methods=WRITES,
        name="save_school_settings",
    ),
    tenant_route("/classes/{id}", show, permission="classes.own", name="class"),
    tenant_route(
        "/classes/{id}/teachers", add_teacher, permission="classes.write", methods=WRITES, name="add_teacher"
    ),
    tenant_route(
        "/classes/{id}/teachers/{teacher_id}/ending",
        end_teacher,
        permission="classes.write",
        methods=WRITES,
        name="end_teacher",
    ),
]
