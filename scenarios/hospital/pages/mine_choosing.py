"""Department, doctor, day, number: one choice a page, then what it costs and what a cancellation keeps."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.holds.keeping import hold_of
from billing.holds.service import checkout_path
from billing.names import localized
from scenarios.hospital import booking, calendar, mine, pricing, queries, waiting
from scenarios.hospital.days import days_from, local
from scenarios.hospital.kinds import OPEN_TO, TITLES, VISITS
from scenarios.hospital.pages.common import CARE, hospital_of, with_words
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.days import today
from tenants.http import WRITES, path_id, person_route
from tenants.models import Account
from tenants.public import Institution
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import weekday_text
from ui.forms import Form, bind, bind_values
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

AHEAD = 14
HALF_HOUR = 30


class Choice(BaseModel):
    """Whom the number is for, and which."""

    patient: UUID = Field(title=N_("Who is the patient?"))
    visit: str = Field("first", title=N_("Kind of visit"))
    at: datetime | None = Field(None, title=N_("Time"))


class Booking(Choice):
    """A choice that has been looked at, with the price that was shown."""

    key: str = ""
    seen_minor: int = 0


async def departments(request: Request, actor: Actor) -> Response:
    """Ask for the department."""
    hospital = await hospital_of(request)
    own = await mine.patients_of(actor, purpose="visits", slug=hospital["slug"])
    async with open_scope(tenant_scope(hospital["id"])):
        found = await queries.departments(hospital["id"])
    context = {
        "hospital": hospital,
        "patients": own,
        "departments": [{**one, "name": localized(one["names"])} for one in found],
        "here": f"{CARE}/at/{hospital['slug']}",
    }
    return await respond(request, "hospital/mine/departments.html", context)


async def department(request: Request, actor: Actor) -> Response:
    """Ask for the day and the doctor."""
    del actor
    hospital = await hospital_of(request)
    first = today(hospital["timezone"])
    async with open_scope(tenant_scope(hospital["id"])):
        found = await queries.departments(hospital["id"])
        one = next((each for each in found if each["id"] == path_id(request)), None)
        if one is None:
            raise NotFound("department.not_found", t("There is no such department."))
        left = await calendar.days_of(hospital["id"], one["id"], first=first, days=AHEAD)
        day = _day(request, first) or _first_day(left, first)
        sessions = await calendar.open_sessions(hospital["id"], department_id=one["id"], first=day, days=1)
    context = {
        "hospital": hospital,
        "department": localized(one["names"]),
        "next_day": next((each for each in left if each > day), None),
        "days": _days(left, first, day),
        "sessions": [shown(each, hospital["timezone"]) for each in sessions],
        "day": day,
        "here": f"{CARE}/at/{hospital['slug']}",
        "path": request.url.path,
    }
    return await respond(request, "hospital/mine/department.html", context)


def _day(request: Request, first: date) -> date | None:
    """Return the day that was asked for, if it is one of those shown."""
    try:
        asked = date.fromisoformat(request.query_params.get("day", ""))
    except ValueError:
        return None
    return asked if first <= asked < first + timedelta(days=AHEAD) else None


def _first_day(left: Mapping[date, int], first: date) -> date:
    """Return the first day with a number left, else with a session, else today: nobody begins at an empty day."""
    return next((day for day, n in left.items() if n), next(iter(left), first))


def _days(left: Mapping[date, int], first: date, chosen: date) -> list[dict[str, Any]]:
    return [
        {"day": day, "name": weekday_text(day), "left": left.get(day), "is_chosen": day == chosen}
        for day in days_from(first, AHEAD)
    ]


def shown(session: dict[str, Any], zone: str) -> dict[str, Any]:
    """Return a session for a list that numbers are chosen from."""
    seen = with_words(session, zone)
    facts = {"left": calendar.left_of(session), "is_open": calendar.is_open(session)}
    return {**seen, **facts, "title_name": gettext(TITLES[session["title"]])}


async def session(request: Request, actor: Actor) -> Response:
    """Ask who the patient is, which kind of visit it is, and for the time."""
    hospital = await hospital_of(request)
    values = {"visit": "first"}
    own = await mine.patients_of(actor, purpose="visits", slug=hospital["slug"])
    if len(own) == 1:
        values["patient"] = str(own[0]["id"])
    return await _choose(request, actor, hospital, Form.blank(Choice, values))


async def _choose(
    request: Request, actor: Actor, hospital: Institution, form: Form[Choice], status: int = 200
) -> Response:
    own = await mine.patients_of(actor, purpose="visits", slug=hospital["slug"])
    async with open_scope(tenant_scope(hospital["id"])):
        found = await _session(hospital, path_id(request))
        free = await calendar.free_slots(hospital["id"], found["id"], OPEN_TO["web"])
    context = {
        "hospital": hospital,
        "session": shown(found, hospital["timezone"]),
        "form": form,
        "patients": [(str(one["id"]), one["name"]) for one in own],
        "visits": [(key, gettext(words)) for key, words in VISITS.items()],
        "times": _times(free, hospital["timezone"]),
        "here": f"{CARE}/at/{hospital['slug']}",
        "action": f"{CARE}/at/{hospital['slug']}/sessions/{found['id']}",
    }
    return await respond(request, "hospital/mine/session.html", context, status=status)


async def _session(hospital: Institution, session_id: UUID) -> dict[str, Any]:
    found = await calendar.session_seen(hospital["id"], session_id)
    if found is None:
        raise NotFound("session.not_found", t("There is no such session."))
    return found


def _times(free: list[Any], zone: str) -> list[tuple[str, str]]:
    """Return each half hour that has a number left, with how many."""
    by_time: dict[str, list[Any]] = {}
    for slot in free:
        starts = local(slot["starts_at"], zone)
        by_time.setdefault(f"{starts:%H}:{starts.minute // HALF_HOUR * HALF_HOUR:02d}", []).append(slot)
    return [
        (slots[0]["starts_at"].isoformat(), gettext("from {time}, {n} left", time=time, n=len(slots)))
        for time, slots in by_time.items()
    ]


async def look(request: Request, actor: Actor) -> Response:
    """Show what it costs and what a cancellation keeps, before anything is booked."""
    hospital = await hospital_of(request)
    form: Form[Choice] = Form(
        Choice, {name: request.query_params.getlist(name) for name in request.query_params}
    )
    chosen = _read(form)
    if chosen is None:
        return await _choose(request, actor, hospital, form, 422)
    return await _look(request, actor, hospital, chosen)


def _read(form: Form[Choice]) -> Choice | None:
    read = bind_values(form.values, Choice)
    form.errors, form.is_sent = read.errors, True
    return read.data if read.is_valid else None


async def _look(
    request: Request,
    actor: Actor,
    hospital: Institution,
    chosen: Choice,
    refused: Conflict | Invalid | None = None,
) -> Response:
    proven = await mine.prove(actor, chosen.patient)
    if proven.tenant_id != hospital["id"]:
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    async with open_scope(tenant_scope(hospital["id"])):
        found = await _session(hospital, path_id(request))
        account = await Account.get(tenant_id=hospital["id"], id=proven.account_id)
        told = await pricing.price_of(account, found, visit=chosen.visit, zone=hospital["timezone"])
        steps = await pricing.steps_of(
            hospital["id"],
            price_minor=told.amount_minor,
            currency=told.currency,
            starts_at=chosen.at or found["starts_at"],
            day=found["day"],
        )
        place = await waiting.offered_to(hospital["id"], found["id"], account.id)
        free = await waiting.free_count(hospital["id"], found["id"], chosen.visit, account_id=account.id)
    here = f"{CARE}/at/{hospital['slug']}"
    context = {
        "hospital": hospital,
        "session": shown(found, hospital["timezone"]),
        "patient": account.name,
        "chosen": chosen,
        "told": told,
        "steps": steps,
        "place": place,
        "is_full": free <= 0,
        "refused": refused,
        "key": new_token(),
        "here": here,
        "action": f"{here}/sessions/{found['id']}",
    }
    return await respond(request, "hospital/mine/look.html", context, status=422 if refused else 200)


async def book(request: Request, actor: Actor) -> Response:
    """Book the number: go on to paying where something is to be paid."""
    hospital = await hospital_of(request)
    form = await bind(request, Booking)
    if not form.is_valid:
        return await _choose(request, actor, hospital, Form(Choice, form.values, errors=form.errors))
    said = form.ok
    proven = await mine.prove(actor, said.patient)
    try:
        async with open_scope(tenant_scope(proven.tenant_id)):
            made = await booking.book(
                actor.within(proven.tenant_id),
                account_id=proven.account_id,
                session_id=path_id(request),
                visit=said.visit,
                channel="web",
                key=said.key,
                from_at=said.at,
                seen_minor=said.seen_minor,
            )
            hold = await hold_of(made.tenant_id, made.hold_id) if made.hold_id else None
    except Conflict as refused:
        return await _look(request, actor, hospital, said, refused)
    if hold is not None and made.status == "pending":
        return redirect(request, checkout_path(hold, is_signed_in=True))
    return redirect(request, f"{CARE}/appointments/{made.id}", flash=t("The number is booked."))


async def wait(request: Request, actor: Actor) -> Response:
    """Wait for a number of a full session."""
    await hospital_of(request)
    form = await bind(request, Choice)
    proven = await mine.prove(actor, form.ok.patient)
    async with open_scope(tenant_scope(proven.tenant_id)):
        await waiting.wait(
            actor.within(proven.tenant_id),
            session_id=path_id(request),
            account_id=proven.account_id,
            visit=form.ok.visit,
        )
    text = t("You wait for a number now. We tell you as soon as one is free.")
    return redirect(request, CARE, flash=text)


_AT = f"{CARE}/at/{{hospital}}"
ROUTES: list[BaseRoute] = [
    person_route(_AT, departments, name="my_departments"),
    person_route(f"{_AT}/departments/{{id}}", department, name="my_department"),
    person_route(f"{_AT}/sessions/{{id}}", session, name="my_session"),
    person_route(f"{_AT}/sessions/{{id}}/look", look, name="my_look"),
    person_route(f"{_AT}/sessions/{{id}}", book, methods=WRITES, name="my_book"),
    person_route(f"{_AT}/sessions/{{id}}/waiting", wait, methods=WRITES, name="my_wait"),
]
