"""Pages of one pupil's leaving, and of their way into another class in the middle of a year."""

import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit.queries import free_credit
from billing.names import localized
from billing.plans.stopping import to_stop
from scenarios.education.classes.pages import grades_text
from scenarios.education.here import root_of, school
from scenarios.education.year import exceptions, farewell, leaving, moving
from scenarios.education.year.outcomes import OUTCOMES
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from ui.errors import Conflict, Invalid
from ui.fields import Day, parse_day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond


class LeavingForm(BaseModel):
    """A pupil's last day."""

    last_on: Annotated[Day, Field(title=N_("Last day at school"))]


class MovingForm(BaseModel):
    """The class that a pupil is in from today on."""

    room: UUID = Field(title=N_("New class"))


async def ask_leave(request: Request, actor: Actor) -> Response:
    """Show what comes back when a pupil leaves on a day."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    asked = request.query_params.get("last_on", "")
    try:
        day = parse_day(asked) if asked else await today_at(school(actor))
    except ValueError:
        day = await today_at(school(actor))
    assert isinstance(day, date)  # noqa: S101 - read above
    return await _leaving(request, actor, account, Form.blank(LeavingForm, {"last_on": day.isoformat()}), day)


async def _leaving(  # noqa: PLR0917 - all that one page shows
    request: Request, actor: Actor, account: Account, form: Form[LeavingForm], day: date, status: int = 200
) -> Response:
    found = await leaving.preview(account, day) if account.is_active else []
    context: dict[str, Any] = {
        "account": account,
        "form": form,
        "stopped": [one for one in await to_stop(account, day) if one.amount_minor],
        "backs": [(one, localized(json.loads(one.names))) for one in found],
        "card": await farewell.on_card(account),
        "places": [
            (localized(json.loads(one["titles"])), one["is_paid"], one["offer_id"])
            for one in await farewell.places_of(account, day)
        ],
        "total": sum(one.amount_minor for one in found),
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "education/leaving.html", context, status=status)


async def leave(request: Request, actor: Actor) -> Response:
    """End a pupil's time at the school."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    form = await bind(request, LeavingForm)
    if form.is_valid:
        try:
            await leaving.leave(actor, account.id, last_on=form.ok.last_on)
            flash = t("{name} has left. What comes back stands on the account.", name=account.name)
            return redirect(request, f"{root_of(actor)}/accounts/{account.id}", flash=flash)
        except Invalid as error:
            form.fail("last_on", next(iter(error.fields.values()), error.message))
        except Conflict as error:
            form.fail("", error.message)
    return await _leaving(request, actor, account, form, await today_at(school(actor)), status=422)


async def ask_move(request: Request, actor: Actor) -> Response:
    """Show the classes that a pupil could be in from today on."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    return await _moving(request, actor, account, Form.blank(MovingForm))


async def _moving(
    request: Request, actor: Actor, account: Account, form: Form[MovingForm], status: int = 200
) -> Response:
    rooms = [
        (str(one["id"]), f"{one['title']} · {grades_text(one['grades'], None)} · {one['pupils']}")
        for one in await moving.rooms_for(account)
    ]
    context = {"account": account, "form": form, "rooms": rooms, "root": root_of(actor)}
    return await respond(request, "education/moving.html", context, status=status)


async def move(request: Request, actor: Actor) -> Response:
    """Put a pupil into another class."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    form = await bind(request, MovingForm)
    if form.is_valid:
        try:
            room = await moving.move(actor, account.id, class_id=form.ok.room)
            flash = t("{name} is in {class_title} from today on.", name=account.name, class_title=room.title)
            return redirect(request, f"{root_of(actor)}/accounts/{account.id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _moving(request, actor, account, form, status=422)


async def school_panel(actor: Actor, account: Account) -> Panel | None:
    """Return what can be done about a pupil's class and end of school, for those who keep classes.

    Who keeps classes but no money reads who lets a pupil leave.
    """
    is_pupil = account.scenario == "education" and account.kind == "student"
    if not is_pupil or not actor.may("classes.write"):
        return None
    known = await exceptions.of_pupil(account)
    return Panel(
        "education/pupil_panel.html",
        {
            "left_on": account.closed_on or "",
            "credit_minor": await _credit(actor, account),
            "currency": actor.place["currency"],
            "credit": f"{root_of(actor)}/credit?q={account.number}",
            "here": f"{root_of(actor)}/classes/pupils/{account.id}",
            "next_year": f"{root_of(actor)}/classes/year/pupils/{account.id}",
            "outcome": gettext(OUTCOMES[known.outcome]) if known else "",
            "title": known.title if known else "",
            "may_leave": actor.may("credit_notes.write"),
        },
    )


async def _credit(actor: Actor, account: Account) -> int:
    """Return what is left of the credit of one who has left, for whoever may ask that it goes back."""
    if account.is_active or not (actor.may("refunds.request") and actor.may("payments.read")):
        return 0
    return await free_credit(account.tenant_id, account.id, actor.place["currency"])


def register() -> None:
    """Show it on every pupil's page; safe to call again."""
    add_panel(school_panel, order=90)


_AT, _LEAVES = "/classes/pupils/{id}", "credit_notes.write"
ROUTES: list[BaseRoute] = [
    tenant_route(f"{_AT}/leaving", ask_leave, permission=_LEAVES, name="ask_pupil_leaves"),
    tenant_route(f"{_AT}/leaving", leave, permission=_LEAVES, methods=WRITES, name="pupil_leaves"),
    tenant_route(f"{_AT}/moving", ask_move, permission="classes.write", name="ask_pupil_moves"),
    tenant_route(f"{_AT}/moving", move, permission="classes.write", methods=WRITES, name="pupil_moves"),
]
