"""Pages of the change of the school year: what becomes of each class, who teaches it, and all of it once more."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import uuid_of
from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolRollOver
from scenarios.education.year import exception_pages, exceptions, leaving_pages, rolling, teaching
from scenarios.education.year.proposing import Closing, Step, beginners, propose
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, tenant_route
from ui import formats
from ui.errors import Conflict, Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond

MOST_LISTED = 30
"""Pupils who are named when everything is read once more; the others are on their list."""


class YearForm(BaseModel):
    """When the year ends; what each class is called next, and who teaches it, comes with it, field by field."""

    year: int = Field(title=N_("School year that ends"), ge=2000, le=2100)
    last_on: Annotated[Day, Field(title=N_("Last day of the year"))]
    is_sure: bool = Field(False, title=N_("Read once more before closing"))


async def show(request: Request, actor: Actor) -> Response:
    """Show what every class would become."""
    now = await today_at(school(actor))
    form = Form.blank(YearForm, {"year": str(now.year), "last_on": now.isoformat()})
    habit = request.query_params.get("teachers", teaching.ALONG)
    return await _page(request, actor, form, habit if habit in teaching.HABITS else teaching.ALONG)


async def _page(
    request: Request, actor: Actor, form: Form[YearForm], habit: str = "", status: int = 200
) -> Response:
    tenant_id = school(actor)
    steps, known = await propose(tenant_id), await teaching.teachers(tenant_id)
    context = {
        "form": form,
        "habits": _habits(actor, habit),
        "steps": [_row(form, known, step, "class", step.next_title, habit) for step in steps],
        "begins": [_row(form, known, step, "begins", step.title, habit) for step in beginners(steps)],
        "exempt": len(await exceptions.waiting(tenant_id)),
        "past": await SchoolRollOver.filter(tenant_id=tenant_id).order_by("-year"),
        "root": root_of(actor),
    }
    return await respond(request, "education/year.html", context, status=status)


def _habits(actor: Actor, habit: str) -> list[dict[str, Any]]:
    here = f"{root_of(actor)}/classes/year?teachers="
    return [
        {"label": gettext(words), "href": here + key, "is_current": key == habit, "count": None}
        for key, words in teaching.HABITS.items()
    ]


def _row(  # noqa: PLR0917 - what one line of the page is made of
    form: Form[YearForm], known: teaching.Teachers, step: Step, part: str, title: str, habit: str
) -> dict[str, Any]:
    """Return one class of the next year: as it was typed, or else as it is proposed."""
    name = f"{part}_{step.class_id}"
    is_typed = name in form.values
    shown = form.value(name) if is_typed else title
    teacher = f"teacher_{name}"
    return {
        "name": name,
        "label": _becomes(step)
        if part == "class"
        else t("Begins with new pupils, like {title}", title=step.title),
        "next": shown,
        "teacher": teacher,
        "choices": known.choices(step, title),
        "chosen": form.value(teacher) if is_typed else known.proposed(step, title, habit),
        "goes_on": bool(title),
    }


async def roll(request: Request, actor: Actor) -> Response:
    """Close the year, once it has been read what becomes of everybody."""
    form = await bind(request, YearForm)
    tenant_id = school(actor)
    await _name_fields(form, tenant_id)
    if "again" in form.values:
        return await _page(request, actor, form)
    if form.is_valid:
        closing, now = _closing(form), await today_at(tenant_id)
        try:
            if not form.ok.is_sure:
                return await _ask(request, actor, closing, await rolling.check(actor, closing, now=now))
            return _closed(request, actor, await rolling.roll(actor, closing, now=now))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("year", error.message)
    return await _page(request, actor, form, status=422)


def _closed(request: Request, actor: Actor, made: SchoolRollOver) -> Response:
    counts = {"n": formats.number(made.promoted), "m": formats.number(made.graduated)}
    flash = t("Pupils who went up: {n}. Pupils who have left: {m}.", **counts)
    return redirect(request, f"{root_of(actor)}/classes", flash=flash)


def _closing(form: Form[YearForm]) -> Closing:
    teachers = {
        name.removeprefix("teacher_"): str(form.value(name))
        for name in form.values
        if name.startswith("teacher_")
    }
    return Closing(form.ok.year, form.ok.last_on, _typed(form, "class_"), _typed(form, "begins_"), teachers)


def _typed(form: Form[YearForm], prefix: str) -> dict[UUID, str]:
    names = {name: uuid_of(name.removeprefix(prefix)) for name in form.values if name.startswith(prefix)}
    return {key: " ".join(form.value(name).split()) for name, key in names.items() if key}


async def _name_fields(form: Form[YearForm], tenant_id: UUID) -> None:
    """Have whoever shows the form again say what each class becomes, in the words of this page."""
    form.words["is_sure"] = {"1": t("Yes")}
    steps, known = await propose(tenant_id), await teaching.teachers(tenant_id)
    for step in steps:
        name = f"class_{step.class_id}"
        form.titles[name], form.words[name] = _becomes(step), {"": t("It has finished school.")}
        _name_teacher(form, name, known.choices(step, step.next_title), str(form.value(name)))
    for step in beginners(steps):
        name = f"begins_{step.class_id}"
        form.titles[name] = t("Begins with new pupils, like {title}", title=step.title)
        form.words[name] = {"": t("No such class next year")}
        _name_teacher(form, name, known.choices(step, step.title), str(form.value(name)))


def _name_teacher(form: Form[YearForm], name: str, choices: list[tuple[str, Any]], title: str) -> None:
    form.titles[f"teacher_{name}"] = t("Teaches {title} next year", title=title)
    form.words[f"teacher_{name}"] = teaching.labelled(choices)


async def _ask(request: Request, actor: Actor, closing: Closing, steps: list[Step]) -> Response:
    """Say what becomes of everybody, for whoever types fast: it cannot be taken back."""
    tenant_id = school(actor)
    exempt = await exceptions.waiting(tenant_id)
    known = await teaching.teachers(tenant_id)
    made = {title.lower() for _, _, title in teaching.nexts(steps, closing)}
    context = {
        "fields": _fields(closing),
        "year": closing.year,
        "items": _items(closing, steps, exempt, teaching.without(steps, closing, known)),
        "early": ", ".join(
            step.title for step in steps if step.next_title and not closing.titles[step.class_id]
        ),
        "exempt": exception_pages.described(exempt[:MOST_LISTED]),
        "more": max(0, len(exempt) - MOST_LISTED),
        "alone": ", ".join(sorted({one.title for one in exempt if one.title.lower() not in made} - {""})),
        "root": root_of(actor),
    }
    return await respond(request, "education/year_sure.html", context)


def _fields(closing: Closing) -> Mapping[str, str]:
    """Return everything that was typed, as the page sends it once more."""
    return {
        "year": str(closing.year),
        "last_on": closing.last_on.isoformat(),
        **{f"class_{key}": title for key, title in closing.titles.items()},
        **{f"begins_{key}": title for key, title in closing.begins.items()},
        **{f"teacher_{name}": choice for name, choice in closing.teachers.items()},
    }


def _items(
    closing: Closing, steps: list[Step], exempt: list[exceptions.Exempt], untaught: list[str]
) -> list[tuple[Any, str]]:
    up = [step for step in steps if closing.titles[step.class_id]]
    gone = [step for step in steps if not closing.titles[step.class_id]]
    counts = _counts(up, gone, exempt)
    moves = [f"{one.title}\u00a0→\u00a0{closing.titles[one.class_id]}" for one in up]
    return [
        (t("Pupils who go up"), formats.number(counts["up"])),
        (t("Their classes"), ", ".join(moves) or "–"),
        (t("Pupils who repeat the grade"), formats.number(counts["stay"])),
        (t("Pupils who leave school"), formats.number(counts["gone"])),
        (t("Classes that leave"), ", ".join(one.title for one in gone) or "–"),
        (t("Classes that begin with new pupils"), ", ".join(filter(None, closing.begins.values())) or "–"),
        (t("Classes without a teacher"), ", ".join(untaught) or "–"),
        (t("Last day of the year"), formats.date_text(closing.last_on)),
    ]


def _counts(up: list[Step], gone: list[Step], exempt: list[exceptions.Exempt]) -> dict[str, int]:
    """Count what becomes of everybody: the classes' pupils, corrected by those who do not go with them."""
    going = {step.title for step in up}
    found = {"up": sum(step.pupils for step in up), "stay": 0, "gone": sum(step.pupils for step in gone)}
    for one in exempt:
        found["up" if one.place in going else "gone"] -= 1
        found[{"repeat": "stay", "leave": "gone"}.get(one.outcome, "up")] += 1
    return found


def _becomes(step: Step) -> Text:
    return t("{title} (pupils: {n}) becomes", title=step.title, n=formats.number(step.pupils))


def register() -> None:
    """Show on every pupil's page what can be done about their class; safe to call again."""
    leaving_pages.register()


_W = "classes.write"
ROUTES: list[BaseRoute] = [
    tenant_route("/classes/year", show, permission=_W, name="school_year"),
    tenant_route("/classes/year", roll, permission=_W, methods=WRITES, name="close_school_year"),
    *exception_pages.ROUTES,
    *leaving_pages.ROUTES,
]
