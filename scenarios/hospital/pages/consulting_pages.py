"""The doctor's screen: who has arrived, who is called, who is next; and the waiting room's wall."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.hospital import arriving, live, queries
from scenarios.hospital.days import local
from scenarios.hospital.kinds import VISITS
from scenarios.hospital.models import ClinicSession, Department
from scenarios.hospital.pages.common import require_hospital, root_of, tenant_of
from scenarios.hospital.rights import CALL, READ
from scenarios.hospital.states import TONES, WORDS
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.live import stream
from tenants.scope import open_scope, rows
from ui.errors import NotFound
from ui.i18n import t
from ui.render import redirect, respond

_TODAY = """
select s.id, s.place, s.starts_at, s.ends_at, s.status, d.name doctor,
       (select count(*) from hospital_appointment x where x.tenant_id = $1 and x.session_id = s.id
           and x.status = 'arrived') waiting
  from hospital_session s join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
 where s.tenant_id = $1 and s.day = $2 and ($3::uuid is null or d.person_id = $3) order by s.starts_at, d.name
"""


async def today_sessions(request: Request, actor: Actor) -> Response:
    """Show the sessions of today: a doctor's own, or all to whoever keeps the register."""
    require_hospital(actor)
    zone = str(actor.place["timezone"])
    own = None if actor.may(READ) else actor.person_id
    found = await rows(_TODAY, actor.tenant_id, today(zone), own)
    context = {
        "sessions": [
            {
                **dict(one),
                "time": f"{local(one['starts_at'], zone):%H:%M}–{local(one['ends_at'], zone):%H:%M}",
            }
            for one in found
        ],
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/consulting.html", context)


async def consulting(request: Request, actor: Actor) -> Response:
    """Show one session as its doctor works it."""
    session = await _mine(actor, path_id(request))
    zone = str(actor.place["timezone"])
    label = f"{session.day.isoformat()} {session.place}"
    await note_view(actor, "register.viewed", "session", session.id, label)
    everybody = [_shown(one, zone) for one in await queries.register(tenant_of(actor), session.id)]
    context = {
        "session": session,
        "time": f"{local(session.starts_at, zone):%H:%M}–{local(session.ends_at, zone):%H:%M}",
        "called": [one for one in everybody if one["status"] == "called"],
        "waiting": [one for one in everybody if one["status"] == "arrived"],
        "others": [one for one in everybody if one["status"] not in {"called", "arrived"}],
        "here": f"{root_of(actor)}/consulting/{session.id}",
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/queue.html", context, block="queue")


def _shown(one: Any, zone: str) -> dict[str, Any]:
    return {
        **dict(one),
        "time": f"{local(one['starts_at'], zone):%H:%M}",
        "kind": t(VISITS[one["visit"]]),
        "state": t(WORDS[one["status"]]),
        "tone": TONES[one["status"]],
    }


async def _mine(actor: Actor, session_id: UUID) -> ClinicSession:
    found = await ClinicSession.get_or_none(tenant_id=actor.tenant_id, id=session_id)
    if found is None or not await arriving.may_call(actor, found):
        raise NotFound("session.not_found", t("There is no such session."))
    return found


async def call_next(request: Request, actor: Actor) -> Response:
    """Call the next patient."""
    session = await _mine(actor, path_id(request))
    called = await arriving.call_next(actor, session.id)
    flash = None if called else t("Nobody waits.")
    return redirect(request, f"{root_of(actor)}/consulting/{session.id}", flash=flash)


async def act(request: Request, actor: Actor) -> Response:
    """Call one patient, note that they did not come, or that they have been seen."""
    session = await _mine(actor, path_id(request))
    form = await request.form()
    acts = {"call": arriving.call, "absent": arriving.miss, "seen": arriving.fulfil}
    done = acts.get(str(form.get("act", "")))
    if done is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    appointment_id = path_id(request, "appointment")
    everybody = {one["id"] for one in await queries.register(tenant_of(actor), session.id)}
    if appointment_id not in everybody:
        raise NotFound("visit.not_found", t("There is no such appointment, or it is not yours to see."))
    await done(actor, appointment_id)
    return redirect(request, f"{root_of(actor)}/consulting/{session.id}")


async def _department(actor: Actor, department_id: UUID) -> Department:
    found = await Department.get_or_none(tenant_id=actor.tenant_id, id=department_id)
    if found is None:
        raise NotFound("department.not_found", t("There is no such department."))
    return found


async def wall(request: Request, actor: Actor) -> Response:
    """The waiting room's screen of one department: numbers and rooms, no names."""
    department = await _department(actor, path_id(request))
    day = today(str(actor.place["timezone"]))
    context = {
        "department": localized(department.names),
        "path": request.url.path,
        "rooms": await queries.rooms(department.tenant_id, department.id, day),
        "has_doctors": True,
    }
    return await respond(request, "hospital/staff/wall.html", context, block="rooms")


async def news(request: Request, actor: Actor) -> Response:
    """Tell an open doctor's screen when somebody has arrived, or was called elsewhere."""
    async with open_scope(actor.scope()):
        session = await _mine(actor, path_id(request))
    return stream(live.of_session(session.tenant_id, session.id), f"person {actor.person_id}")


async def wall_news(request: Request, actor: Actor) -> Response:
    """Tell the waiting room's screen when somebody is called."""
    async with open_scope(actor.scope()):
        department = await _department(actor, path_id(request))
    return stream(live.of_department(department.tenant_id, department.id), f"person {actor.person_id}")


ROUTES: list[BaseRoute] = [
    tenant_route("/consulting", today_sessions, permission=CALL, name="consulting_today"),
    tenant_route("/consulting/{id}", consulting, permission=CALL, name="consulting"),
    tenant_route(
        "/consulting/{id}/news", news, permission=CALL, name="consulting_news", is_transactional=False
    ),
    tenant_route("/consulting/{id}/next", call_next, permission=CALL, methods=WRITES, name="consulting_next"),
    tenant_route(
        "/consulting/{id}/patients/{appointment}", act, permission=CALL, methods=WRITES, name="consulting_act"
    ),
    tenant_route("/waiting-rooms/{id}", wall, permission=CALL, name="waiting_room"),
    tenant_route(
        "/waiting-rooms/{id}/news",
        wall_news,
        permission=CALL,
        name="waiting_room_news",
        is_transactional=False,
    ),
]
