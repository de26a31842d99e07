"""Every component in every state on one page; served only while developing, and looked at by the tests."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ui import charts, formats
from ui.fields import Amount, Day, FieldError
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.shell import NavGroup, NavItem, Notice, Shell, Tone
from ui.tables import Column, Page, TableQuery

FACES = ("console", "payer", "public", "print")
_NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
_TONES: tuple[Tone, ...] = ("neutral", "info", "success", "warning", "danger")
_STATES: dict[str, Tone] = {"paid": "success", "due": "warning", "late": "danger", "draft": "neutral"}


class Sample(BaseModel):
    """A form with one field of each kind."""

    name: str = Field(title=N_("Name"), min_length=2, max_length=40)
    email: str | None = Field(None, title=N_("Email"))
    amount_minor: Amount = Field(title=N_("Amount"))
    day: Day = Field(title=N_("Day"))
    kind: Literal["flat", "shop"] = Field(title=N_("Kind"))
    channels: list[str] = Field(title=N_("Ways to pay"), min_length=1)
    note: str | None = Field(None, title=N_("Note"))
    is_agreed: bool = Field(default=False, title=N_("I have checked the amounts"))


@dataclass(frozen=True, slots=True)
class Job:
    """Long work as ``ui.progress`` shows it."""

    label: str
    text: str
    done: int
    total: int | None
    is_finished: bool = False
    is_failed: bool = False


COLUMNS = (
    Column("unit", t("Unit"), sortable=True, is_main=True, href=lambda row: f"/styleguide?unit={row['unit']}"),
    Column("holder", t("Holder"), sortable=True),
    Column("due", t("Due"), format="date", sortable=True),
    Column("status", t("Status"), format="badge", tones=_STATES, words={
        "paid": t("Paid"), "due": t("Due"), "late": t("Late"), "draft": t("Draft"),
    }),
    Column("amount_minor", t("Amount"), format="money", sortable=True),
)  # fmt: skip


def rows(count: int) -> list[dict[str, Any]]:
    """Return rows that look like a property manager's bills."""
    names = ("Tan Wei Ling", "陈嘉欣", "Muhammad Faizal bin Rahman", "Priya Nair", "")
    return [
        {
            "unit": f"#{n // 4 + 2:02}-{100 + n % 4}",
            "holder": names[n % len(names)],
            "due": date(2026, 4, 1) + timedelta(days=n % 30),
            "status": list(_STATES)[n % len(_STATES)],
            "amount_minor": 6_350 + n * 1_175,
            "currency": "SGD",
        }
        for n in range(count)
    ]


def sample_shell(face: Literal["console", "payer", "public", "print"] = "console") -> Shell:
    """Return a console's or a payer's surroundings."""
    items = [
        NavItem(t("Style guide"), "/styleguide", "home"),
        NavItem(t("Units"), "/styleguide/units", "unit"),
        NavItem(t("Bills"), "/styleguide/bills", "bill", count=12),
        NavItem(t("Payments"), "/styleguide/payments", "payment"),
    ]
    more = [
        NavItem(t("Settings"), "/styleguide/settings", "settings"),
        NavItem(t("Audit"), "/styleguide/audit", "audit"),
    ]
    return Shell(
        face=face, title="Toa Payoh Town Council", brand="Harbour Bank", accent="0b6b5d", home="/styleguide",
        nav=[NavGroup(items), NavGroup(more, t("Administration"))] if face == "console" else [],
        switcher=[NavItem("Toa Payoh Town Council", "/styleguide", is_current=True, hint=t("Administrator"))],
        person_name="Tan Wei Ling", person_hint=t("Administrator"),
        notices=[Notice(t("This is a demonstration: no money moves."), "info")] if face == "console" else [],
        footer=[NavItem(t("Help"), "/styleguide")],
    )  # fmt: skip


async def show(request: Request) -> Response:
    """Show the style guide in the face asked for."""
    face = request.query_params.get("face", "console")
    request.state.shell = sample_shell(face if face in FACES else "console")  # type: ignore[arg-type]
    return await respond(request, "ui/styleguide.html", context(request, _form()), block="listing")


async def send(request: Request) -> Response:
    """Take the sample form, and show it again with what is wrong."""
    request.state.shell = sample_shell()
    form = await bind(request, Sample, context={"currency": "SGD"})
    if form.is_valid:
        return redirect(request, "/styleguide", flash=t("The form was sent."))
    return await respond(request, "ui/styleguide.html", context(request, form), status=422)


async def show_job(request: Request) -> Response:
    """Show one of the sample jobs again, as a page that polls would get it."""
    number = min(request.path_params["number"], len(_jobs()) - 1)
    return await respond(
        request, "ui/styleguide/job.html", {"job": _jobs()[number], "number": number}, block="job"
    )


def _form() -> Form[Sample]:
    form = Form.blank(Sample, {"name": "T", "amount_minor": "12.345", "kind": "flat", "channels": ["bank"]})
    form.fail("name", t("Use at least {min_length} characters.", min_length=2))
    form.fail(
        "amount_minor", t("{currency} amounts have at most {places} decimals.", currency="SGD", places=2)
    )
    form.fail("channels", FieldError(t("Choose one of the options.")).text)
    return form


def context(request: Request, form: Form[Sample]) -> dict[str, Any]:
    """Return what the style guide shows."""
    query = TableQuery.parse(request, columns=COLUMNS, filters=("status", "since"), default_sort="unit")
    found = [] if query.q == "nothing" else rows(query.limit)
    return {
        "form": form,
        "clean": Form.blank(Sample, {"name": "Tan Wei Ling"}),
        "columns": COLUMNS,
        "page": Page.of(query, found, total=1_204),
        "empty_page": Page([], TableQuery("/styleguide"), 0),
        "narrow_page": Page([], TableQuery("/styleguide", q="xyz"), 0),
        "query": query,
        "statuses": [(key, key.title()) for key in _STATES],
        "tones": _TONES,
        "events": _events(),
        "jobs": _jobs(),
        "charts": _charts(),
        "tasks": [
            {
                "title": t("Import the units"),
                "text": t("A CSV or XLSX file."),
                "href": "/styleguide",
                "is_done": True,
            },
            {"title": t("Set up the monthly charge"), "text": "", "href": "/styleguide", "is_done": False},
        ],
        "tabs": [
            NavItem(t("All"), "/styleguide", is_current=True, count=1204),
            NavItem(t("Late"), "/styleguide?late=1"),
        ],
    }


def _jobs() -> list[Job]:
    return [
        Job("Import", str(t("Reading the file")), 0, None),
        Job("Import", str(t("Importing units")), 640, 1204),
        Job("Import", str(t("All units are in.")), 1204, 1204, is_finished=True),
        Job("Import", str(t("The file could not be read.")), 12, 1204, is_failed=True),
    ]


def _events() -> list[dict[str, Any]]:
    told: list[tuple[str, Tone, str]] = [
        (str(t("Bill issued")), "neutral", ""),
        (str(t("Reminder sent")), "warning", ""),
        (str(t("Paid by bank QR")), "success", str(t("Receipt R-2026-000183"))),
        (str(t("Refund refused")), "danger", ""),
    ]
    return [
        {
            "title": title,
            "at": _NOW + timedelta(hours=n * 7),
            "by": "Tan Wei Ling",
            "text": text,
            "tone": tone,
            "href": "",
        }
        for n, (title, tone, text) in enumerate(told)
    ]


def _charts() -> dict[str, charts.Chart]:
    days = [f"{n} Mar" for n in range(1, 15)]
    taken = [n * 7_919 % 50_000 + 8_000 for n in range(1, 15)]
    other = [n * 5_417 % 30_000 + 4_000 for n in range(1, 15)]
    ways = [charts.Series(str(t("Bank QR")), taken), charts.Series(str(t("Card")), other)]

    def money(value: charts.Number) -> str:
        return formats.money(int(value), "SGD")

    return {
        "bar": charts.bar(str(t("Day")), days, ways[:1], money),
        "stacked": charts.stacked(str(t("Day")), days, ways, money),
        "line": charts.line(str(t("Day")), days, ways, money),
    }


def routes() -> list[BaseRoute]:
    """Return the routes of the style guide."""
    return [
        Route("/styleguide", show, name="styleguide"),
        Route("/styleguide", send, methods=["POST"], name="styleguide:send"),
        Route("/styleguide/jobs/{number:int}", show_job, name="styleguide:job"),
    ]
