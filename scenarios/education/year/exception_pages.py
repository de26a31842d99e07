"""Pages on which the office says who does not go up with their class when the school year is closed."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import list_page
from scenarios.education.classes.pages import GRADE_WORDS
from scenarios.education.here import root_of, school
from scenarios.education.year import exceptions, leaving
from scenarios.education.year.outcomes import OUTCOMES, grade_after
from scenarios.education.year.proposing import beginners, propose
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from ui.errors import Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

WORDS: dict[str, Text] = {key: t(words) for key, words in OUTCOMES.items()}


class ExceptionForm(BaseModel):
    """What becomes of one pupil."""

    outcome: str = Field(title=N_("When the school year is closed"))
    title: str = Field("", title=N_("Class next year"), max_length=60)


def _here(actor: Actor) -> str:
    return f"{root_of(actor)}/classes/year"


async def index(request: Request, actor: Actor) -> Response:
    """List the pupils who do not go up with their class."""
    school(actor)
    columns = (
        *_who(actor, key="account_id"),
        Column("outcome", t("What becomes of them"), sortable=True, words=WORDS),
        Column("title", t("Class next year"), sortable=True),
        Column("by_name", t("Written down by")),
    )
    context = {"outcomes": list(WORDS.items()), "root": root_of(actor)}
    return await list_page(
        request, actor, exceptions.EXCEPTIONS, columns, "education/year_exceptions.html", context
    )


def _who(actor: Actor, *, key: str) -> tuple[Column, ...]:
    here = f"{_here(actor)}/pupils"
    return (
        Column("name", t("Pupil"), sortable=True, is_main=True, href=lambda row: f"{here}/{row[key]}"),
        Column("number", t("Number"), format="code"),
        Column("place", t("Class"), sortable=True),
    )


async def pupils(request: Request, actor: Actor) -> Response:
    """List everybody who goes up, to choose whom something else becomes of."""
    school(actor)
    columns = (*_who(actor, key="id"), Column("outcome", t("What becomes of them"), words=WORDS))
    context = {"root": root_of(actor)}
    return await list_page(request, actor, exceptions.PUPILS, columns, "education/year_pupils.html", context)


async def show(request: Request, actor: Actor) -> Response:
    """Show what becomes of one pupil."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    known = await exceptions.of_pupil(account)
    given = (
        {"outcome": known.outcome, "title": known.title}
        if known
        else {"outcome": "repeat", "title": account.place}
    )
    return await _page(request, actor, account, Form.blank(ExceptionForm, given))


async def _page(
    request: Request, actor: Actor, account: Account, form: Form[ExceptionForm], status: int = 200
) -> Response:
    steps = await propose(school(actor))
    titles = {step.next_title for step in steps} | {step.title for step in beginners(steps)}
    context = {
        "account": account,
        "form": form,
        "outcomes": [(key, gettext(words), _grade(account, key)) for key, words in OUTCOMES.items()],
        "titles": sorted(titles - {""}),
        "is_kept": await exceptions.of_pupil(account) is not None,
        "root": root_of(actor),
    }
    return await respond(request, "education/year_pupil.html", context, status=status)


def _grade(account: Account, outcome: str) -> str:
    """Return in words the grade that an outcome leads to."""
    after = grade_after(str(account.attributes.get("grade") or ""), outcome)
    return str(GRADE_WORDS[after]) if after else ""


async def keep(request: Request, actor: Actor) -> Response:
    """Write down what becomes of one pupil."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    form = await bind(request, ExceptionForm)
    form.words["outcome"] = WORDS
    if form.is_valid:
        try:
            await exceptions.keep(actor, account.id, outcome=form.ok.outcome, title=form.ok.title)
            flash = t("Written down. It is done when the school year is closed.")
            return redirect(request, f"{_here(actor)}/exceptions", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _page(request, actor, account, form, status=422)


async def drop(request: Request, actor: Actor) -> Response:
    """Have a pupil go up with their class after all."""
    school(actor)
    account = await exceptions.drop(actor, path_id(request))
    flash = t("{name} goes up with the class.", name=account.name)
    return redirect(request, f"{_here(actor)}/exceptions", flash=flash)


_W = "classes.write"
_ONE = "/classes/year/pupils/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/classes/year/exceptions", index, permission=_W, name="year_exceptions"),
    tenant_route("/classes/year/pupils", pupils, permission=_W, name="year_pupils"),
    tenant_route(_ONE, show, permission=_W, name="year_pupil"),
    tenant_route(_ONE, keep, permission=_W, methods=WRITES, name="keep_year_pupil"),
    tenant_route(f"{_ONE}/removal", drop, permission=_W, methods=WRITES, name="drop_year_pupil"),
]


def described(exempt: list[exceptions.Exempt]) -> list[tuple[Any, str]]:
    """Return pupils with what becomes of them, for reading once more."""
    return [
        (
            f"{one.name} · {one.place}",
            f"{gettext(OUTCOMES[one.outcome])}" + (f"\u00a0→\u00a0{one.title}" if one.title else ""),
        )
        for one in exempt
    ]
