"""Sessions by day, the register of one, stopping it or giving it to another doctor."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from billing.terms import terms_of
from scenarios.hospital import calendar, queries, stopping, taking_over
from scenarios.hospital.days import local
from scenarios.hospital.his.connecting import HisTerms
from scenarios.hospital.kinds import PARTS, VISITS
from scenarios.hospital.models import Doctor
from scenarios.hospital.pages.common import require_hospital, root_of, tenant_of, with_words
from scenarios.hospital.rights import CALL, READ, SET_UP, STOP
from scenarios.hospital.states import SESSION_TONES, SESSION_WORDS, TONES, WORDS
from scenarios.hospital.viewing import note_view
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import rows
from tenants.search import containing
from ui.errors import Conflict, Invalid, NotFound, Unavailable
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST = 5000
_DAY = f"""
{calendar.SEEN}, live.* {calendar.JOINED} {calendar.TAKEN}
 where s.tenant_id = $1 and s.day = $2 and ($3 = '' or d.name ilike $3 or dp.names::text ilike $3 or s.place ilike $3)
   and ($4 = '' or s.status = $4)
 order by s.starts_at, d.name limit $5
"""


def _columns(actor: Actor) -> tuple[Column, ...]:
    root, zone = f"{root_of(actor)}/sessions", str(actor.place["timezone"])
    return (
        Column("time", t("Time"), value=lambda one: with_words(one, zone)["time"]),
        Column("doctor", t("Doctor"), is_main=True, href=lambda one: f"{root}/{one['id']}"),
        Column("department", t("Department"), value=lambda one: localized(one["department"])),
        Column("service", t("Service"), value=lambda one: localized(one["service"])),
        Column("place", t("Room")),
        Column("taken", t("Taken"), format="number"),
        Column("numbers", t("Numbers"), format="number", value=lambda one: sum(one["quotas"].values())),
        Column(
            "status",
            t("State"),
            format="badge",
            tones=SESSION_TONES,
            words={k: t(w) for k, w in SESSION_WORDS.items()},
        ),
    )


async def sessions(request: Request, actor: Actor) -> Response:
    """List the sessions of one day."""
    require_hospital(actor)
    columns = _columns(actor)
    query = TableQuery.parse(request, columns=columns, filters=("day", "status"), default_sort="")
    day = _day(query.get("day"), today(str(actor.place["timezone"])))
    found = await rows(_DAY, actor.tenant_id, day, containing(query.q), query.get("status"), MOST)
    seen = [calendar.as_seen(one) for one in found]
    if wants_export(request):
        return await export(request, columns, seen, f"sessions-{day.isoformat()}")
    context = {
        "page": Page.of(query, seen[query.offset : query.offset + query.limit], len(seen)),
        "columns": columns,
        "day": day,
        "states": [(key, t(words)) for key, words in SESSION_WORDS.items()],
        "root": root_of(actor),
        "may_take_over": actor.may(SET_UP) and bool((await terms_of(tenant_of(actor), HisTerms)).url),
    }
    return await respond(request, "hospital/staff/sessions.html", context, block="list")


async def take_over(request: Request, actor: Actor) -> Response:
    """Take over the sessions that the hospital's own system plans."""
    require_hospital(actor)
    here = f"{root_of(actor)}/sessions"
    try:
        done = await taking_over.take_over(actor)
    except (Conflict, Unavailable) as refused:
        return redirect(request, here, flash=Flash(refused.message, "warning"))
    text = t(
        "{n} sessions are new. {m} were left out, because we do not know their doctor.",
        n=done.made,
        m=done.unknown,
    )
    return redirect(request, here, flash=text)


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


async def session(request: Request, actor: Actor) -> Response:
    """Show a session with everybody in it; that it was opened is written down."""
    found = await _session(actor, path_id(request))
    zone = str(actor.place["timezone"])
    await note_view(
        actor, "register.viewed", "session", found["id"], f"{found['day'].isoformat()} {found['place']}"
    )
    visit_root = f"{root_of(actor)}/appointments"
    columns = (
        Column("number", t("Number"), format="number"),
        Column("time", t("Time"), value=lambda one: f"{local(one['starts_at'], zone):%H:%M}"),
        Column("patient", t("Patient"), is_main=True, href=lambda one: f"{visit_root}/{one['id']}"),
        Column("patient_number", t("Patient's number"), format="code"),
        Column("visit", t("Visit"), words={key: t(words) for key, words in VISITS.items()}),
        Column("status", t("State"), format="badge", tones=TONES, words={k: t(w) for k, w in WORDS.items()}),
    )
    everybody = await queries.register(tenant_of(actor), found["id"])
    if wants_export(request):
        return await export(request, columns, everybody, f"register-{found['day'].isoformat()}")
    context = {
        "session": with_words(found, zone),
        "part": t(PARTS.get(found["part"], found["part"])),
        "columns": columns,
        "everybody": everybody,
        "numbers": sum(found["quotas"].values()),
        "may_call": actor.may(CALL),
        "may_stop": actor.may(STOP) and found["status"] == "planned",
        "root": root_of(actor),
        "path": request.url.path,
    }
    return await respond(request, "hospital/staff/session.html", context)


async def _session(actor: Actor, session_id: UUID) -> dict[str, Any]:
    found = await calendar.session_seen(tenant_of(actor), session_id)
    if found is None:
        raise NotFound("session.not_found", t("There is no such session."))
    return found


class Stopping(BaseModel):
    """Why a session does not take place, and where its patients go."""

    reason: str = Field(title=N_("Why"), max_length=stopping.REASON_MAX)
    instead: UUID | None = Field(None, title=N_("Move the patients to"))


async def ask_stop(request: Request, actor: Actor) -> Response:
    """Ask why, and where the patients go."""
    return await _stop(request, actor, Form.blank(Stopping))


async def _stop(request: Request, actor: Actor, form: Form[Stopping], status: int = 200) -> Response:
    found = await _session(actor, path_id(request))
    zone = str(actor.place["timezone"])
    others = await calendar.open_sessions(
        tenant_of(actor), department_id=found["department_id"], first=today(zone), days=14
    )
    options = [
        (str(one["id"]), f"{seen['day_name']} {seen['time']} · {one['doctor']}")
        for one in others
        if one["id"] != found["id"]
        for seen in [with_words(one, zone)]
    ]
    context = {
        "session": with_words(found, zone),
        "form": form,
        "others": options,
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/stop.html", context, status=status)


async def stop(request: Request, actor: Actor) -> Response:
    """Stop the session; everybody in it is told, and moved or given their money back."""
    await _session(actor, path_id(request))
    form = await bind(request, Stopping)
    if form.is_valid:
        try:
            count = await stopping.stop(
                actor, session_id=path_id(request), reason=form.ok.reason, instead_id=form.ok.instead
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            flash = t("The session is stopped. {n} patients are being told.", n=count)
            return redirect(request, f"{root_of(actor)}/sessions/{path_id(request)}", flash=flash)
    return await _stop(request, actor, form, 422)


class Substituting(BaseModel):
    """Who takes the session."""

    doctor_id: UUID = Field(title=N_("Who takes it"))


async def ask_substitute(request: Request, actor: Actor) -> Response:
    """Ask which doctor takes the session."""
    return await _substitute(request, actor, Form.blank(Substituting))


async def _substitute(
    request: Request, actor: Actor, form: Form[Substituting], status: int = 200
) -> Response:
    found = await _session(actor, path_id(request))
    doctors = await Doctor.filter(tenant_id=actor.tenant_id, is_active=True).order_by("name")
    context = {
        "session": with_words(found, str(actor.place["timezone"])),
        "form": form,
        "doctors": [(str(one.id), one.name) for one in doctors if one.id != found["doctor_id"]],
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/substitute.html", context, status=status)


async def substitute(request: Request, actor: Actor) -> Response:
    """Give the session to another doctor."""
    await _session(actor, path_id(request))
    form = await bind(request, Substituting)
    if form.is_valid:
        try:
            count = await stopping.substitute(actor, session_id=path_id(request), doctor_id=form.ok.doctor_id)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            flash = t("Another doctor takes the session. {n} patients are told.", n=count)
            return redirect(request, f"{root_of(actor)}/sessions/{path_id(request)}", flash=flash)
    return await _substitute(request, actor, form, 422)


ROUTES: list[BaseRoute] = [
    tenant_route("/sessions", sessions, permission=READ, name="sessions_of_day"),
    tenant_route(
        "/sessions/taken-over",
        take_over,
        permission=SET_UP,
        methods=WRITES,
        name="sessions_take_over",
        is_transactional=False,
    ),
    tenant_route("/sessions/{id}", session, permission=READ, name="session_register"),
    tenant_route("/sessions/{id}/stopping", ask_stop, permission=STOP, name="session_stopping"),
    tenant_route("/sessions/{id}/stopping", stop, permission=STOP, methods=WRITES, name="session_stop"),
    tenant_route("/sessions/{id}/substitute", ask_substitute, permission=STOP, name="session_substitute"),
    tenant_route(
        "/sessions/{id}/substitute", substitute, permission=STOP, methods=WRITES, name="session_substituting"
    ),
]
