"""HR: the staff directory as the institution keeps it, and leave that is asked for and decided.

The product keeps the directory up to date by SCIM (``scim.py``); whoever leaves the institution is gone here too.
"""

import datetime as dt
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.sandbox.apps import scim
from deploy.sandbox.apps.kit import About, Kit, Person, signed_in, started

KINDS = {
    "annual": ("Annual leave", "年假"),
    "sick": ("Sick leave", "病假"),
    "family": ("Family leave", "家事假"),
}
DECIDES = "administrator"
ABOUT = About(
    name="people",
    title="People",
    title_zh="人事",
    scope="openid profile roles tenant people",
    places=(("/", "Directory", "通讯录"), ("/leave", "Leave", "请假")),
    schema=scim.SCHEMA
    + """
    create table if not exists leave (
      id integer primary key, installation text, person text, name text, kind text, first text, last text, note text,
      state text default 'asked', decided_by text, at text);
    """,
)


async def launch(request: Request) -> Response:
    """Begin inside the product's page."""
    kit: Kit = request.app.state.kit
    return kit.frame(request)


@signed_in
async def directory(request: Request, kit: Kit, person: Person) -> Response:
    """Show who works here, and who is away today."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    found = kit.db.execute(
        "select s.*, (select l.last from leave l where l.installation = s.installation and l.person = s.id"
        " and l.state = 'granted' and l.first <= ? and l.last >= ?) away_until"
        " from staff s where s.installation = ? and not s.is_gone order by s.name",
        (today, today, person.installation),
    ).fetchall()
    roles = scim.roles_of(kit, person.installation)
    return kit.page(request, "directory.html", person=person, staff=found, roles=roles)


@signed_in
async def leave(request: Request, kit: Kit, person: Person) -> Response:
    """Show one's own leave, and everybody's to who decides."""
    return _leave(request, kit, person)


def _leave(request: Request, kit: Kit, person: Person, problem: str = "", status: int = 200) -> Response:
    decides = person.has(DECIDES)
    found = kit.db.execute(
        "select * from leave where installation = ? and (person = ? or ?) order by state = 'asked' desc, id desc",
        (person.installation, person.sub, decides),
    ).fetchall()
    context = {"kinds": KINDS, "asked": found, "decides": decides, "problem": problem}
    return kit.page(request, "leave.html", status, person=person, **context)


@signed_in
async def ask(request: Request, kit: Kit, person: Person) -> Response:
    """Ask for leave."""
    form = await request.form()
    kind, first, last = (str(form.get(name, "")) for name in ("kind", "first", "last"))
    try:
        is_right = kind in KINDS and dt.date.fromisoformat(first) <= dt.date.fromisoformat(last)
    except ValueError:
        is_right = False
    if not is_right:
        return _leave(
            request, kit, person, "Choose a kind, a first day, and a last day that is not before it.", 422
        )
    kit.db.execute(
        "insert into leave (installation, person, name, kind, first, last, note, at) values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            person.installation,
            person.sub,
            person.name,
            kind,
            first,
            last,
            str(form.get("note", ""))[:200],
            _now(),
        ),
    )
    return RedirectResponse("/leave", 303)


@signed_in
async def decide(request: Request, kit: Kit, person: Person) -> Response:
    """Grant or refuse, by an administrator and never for oneself."""
    form = await request.form()
    state = str(form.get("state", ""))
    if not person.has(DECIDES) or state not in {"granted", "refused"}:
        return _leave(request, kit, person, "Only an administrator decides about leave.", 403)
    kit.db.execute(
        "update leave set state = ?, decided_by = ? where id = ? and installation = ? and state = 'asked'"
        " and person <> ?",
        (state, person.name, request.path_params["id"], person.installation, person.sub),
    )
    return RedirectResponse("/leave", 303)


async def heard(kit: Kit, event: str, installation: str, data: dict[str, Any]) -> None:
    """Forget what we have when an installation ends for good."""
    del data
    if event == "installation.deletion_due":
        for table in ("staff", "staff_role", "leave"):
            kit.db.execute(f"delete from {table} where installation = ?", (installation,))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def create(url: str, data: Path) -> Starlette:
    """Return the app that is reached at ``url`` and keeps its own database in ``data``."""
    pages = [
        Route("/launch", launch),
        Route("/", directory),
        Route("/leave", leave),
        Route("/leave", ask, methods=["POST"]),
        Route("/leave/{id:int}/decision", decide, methods=["POST"]),
        *scim.ROUTES,
    ]
    return started(Kit(ABOUT, url, data), pages, heard)
