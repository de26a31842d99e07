"""One weekly session: what it is, what is booked of it from a day on, changing or ending it from that day."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital import weekly
from scenarios.hospital.days import clock, local
from scenarios.hospital.kinds import DAYS, PARTS
from scenarios.hospital.models import Doctor, PractitionerRole, ScheduleTemplate
from scenarios.hospital.pages.common import require_hospital, root_of, tenant_of
from scenarios.hospital.pages.setup_parts import services_of
from scenarios.hospital.pages.template_pages import TemplateForm
from scenarios.hospital.rights import SET_UP, STOP
from scenarios.hospital.stopping import REASON_MAX
from scenarios.hospital.weekly import Booked
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

KEEP, STOPPED = "keep", "stop"
BOOKED = {
    KEEP: N_("They keep their session as it is"),
    STOPPED: N_("Stop it: each is moved to the new session, or gets the money back"),
}

ENDED = {KEEP: BOOKED[KEEP], STOPPED: N_("Stop it: each gets the money back and is told")}


class Deciding(BaseModel):
    """What becomes of those who have booked, and how many were shown."""

    booked: str = Field(KEEP, title=N_("Who has booked already"))
    reason: str = Field("", title=N_("Why it is stopped"), max_length=REASON_MAX)
    seen: int = 0

    def said(self) -> Booked:
        """Return it as the service takes it."""
        return Booked(is_kept=self.booked != STOPPED, reason=self.reason, seen=self.seen)


class Changing(Deciding, TemplateForm):
    """The session as it is to be from the day ``since`` on."""


class Ending(Deciding):
    """From when on it comes no more."""

    since: date


async def _found(request: Request, actor: Actor) -> tuple[Doctor, ScheduleTemplate]:
    require_hospital(actor)
    template = await ScheduleTemplate.get_or_none(tenant_id=actor.tenant_id, id=path_id(request, "session"))
    doctor = await Doctor.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if template is not None and doctor is not None:
        role = await PractitionerRole.get(tenant_id=actor.tenant_id, id=template.role_id)
        if role.doctor_id == doctor.id:
            return doctor, template
    raise NotFound("template.not_found", t("There is no such weekly session."))


async def template(request: Request, actor: Actor) -> Response:
    """Show a weekly session with what is booked of it from the day in the address on, tomorrow without one."""
    doctor, found = await _found(request, actor)
    since = _since(request, today(str(actor.place["timezone"])) + timedelta(days=1))
    form = Form.blank(Changing, _values(found, since))
    return await _page(request, actor, doctor, found, since, form)


def _since(request: Request, otherwise: date) -> date:
    try:
        return max(date.fromisoformat(request.query_params.get("since", "")), otherwise)
    except ValueError:
        return otherwise


def _values(found: ScheduleTemplate, since: date) -> dict[str, Any]:
    quotas = {kind: found.quotas.get(kind, 0) for kind in ("first", "phone", "desk", "reserved")}
    return {
        "role_id": str(found.role_id),
        "place": found.place,
        "weekday": str(found.weekday),
        "part": found.part,
        "begins": clock(found.begins),
        "ends": clock(found.ends),
        **{kind: str(count) for kind, count in quotas.items()},
        "ret": str(found.quotas.get("return", 0)),
        "days_ahead": str(found.days_ahead),
        "opens": clock(found.opens),
        "since": since.isoformat(),
        "booked": KEEP,
    }


async def _page(  # noqa: PLR0917 - the parts of one page
    request: Request,
    actor: Actor,
    doctor: Doctor,
    found: ScheduleTemplate,
    since: date,
    form: Form[Changing],
    refused: Conflict | None = None,
    status: int = 200,
) -> Response:
    zone = str(actor.place["timezone"])
    there = await weekly.affected(tenant_of(actor), found.id, since)
    names = dict(await services_of(actor))
    roles = await PractitionerRole.filter(tenant_id=doctor.tenant_id, doctor_id=doctor.id, is_active=True)
    context = {
        "doctor": doctor,
        "template": found,
        "title": f"{gettext(DAYS[found.weekday])}, {clock(found.begins)}–{clock(found.ends)}",
        "since": since,
        "sessions": [{**dict(one), "time": f"{local(one['starts_at'], zone):%H:%M}"} for one in there],
        "booked": sum(one["booked"] for one in there),
        "is_over": found.until is not None and found.until < since,
        "form": form,
        "refused": refused,
        "roles": [(str(one.id), names.get(str(one.service_id), "")) for one in roles],
        "days": [(str(n), gettext(day)) for n, day in enumerate(DAYS)],
        "parts": [(key, gettext(words)) for key, words in PARTS.items()],
        "ways": [(key, gettext(words)) for key, words in BOOKED.items() if key == KEEP or actor.may(STOP)],
        "end_ways": [(key, gettext(words)) for key, words in ENDED.items() if key == KEEP or actor.may(STOP)],
        "last": since - timedelta(days=1),
        "root": root_of(actor),
        "here": f"{root_of(actor)}/doctors/{doctor.id}/sessions/{found.id}",
    }
    return await respond(request, "hospital/staff/weekly.html", context, status=status)


async def change(request: Request, actor: Actor) -> Response:
    """Change it from a day on."""
    doctor, found = await _found(request, actor)
    form = await bind(request, Changing)
    refused: Conflict | None = None
    if form.is_valid:
        try:
            facts = {k: v for k, v in form.ok.facts().items() if k != "since"}
            done = await weekly.change(
                actor,
                template_id=found.id,
                since=form.ok.since,
                booked=form.ok.said(),
                role_id=form.ok.role_id,
                facts=facts,
            )
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            refused = error
        else:
            return _back(request, actor, doctor.id, done)
    since = _day(form, today(str(actor.place["timezone"])) + timedelta(days=1))
    return await _page(request, actor, doctor, found, since, form, refused, 422)


def _day(form: Form[Any], otherwise: date) -> date:
    try:
        return date.fromisoformat(form.value("since"))
    except ValueError:
        return otherwise


async def end(request: Request, actor: Actor) -> Response:
    """Let it come no more from a day on."""
    doctor, found = await _found(request, actor)
    form = await bind(request, Ending)
    since = _day(form, today(str(actor.place["timezone"])) + timedelta(days=1))
    again = Form.blank(Changing, {**_values(found, since), "reason": form.value("reason")})
    refused: Conflict | None = None
    if form.is_valid:
        try:
            done = await weekly.change(
                actor, template_id=found.id, since=form.ok.since, booked=form.ok.said()
            )
        except Invalid as error:
            again.fail_with(error)
        except Conflict as error:
            refused = error
        else:
            return _back(request, actor, doctor.id, done)
    return await _page(request, actor, doctor, found, since, again, refused, 422)


def _back(request: Request, actor: Actor, doctor_id: UUID, done: weekly.Changed) -> Response:
    flash = t(
        "Done: {made} sessions are new, {removed} were taken out, {kept} stay as booked, {stopped} are stopped.",
        made=done.made,
        removed=done.removed,
        kept=done.kept,
        stopped=done.stopped,
    )
    return redirect(request, f"{root_of(actor)}/doctors/{doctor_id}", flash=flash)


_ONE = "/doctors/{id}/sessions/{session}"
ROUTES: list[BaseRoute] = [
    tenant_route(_ONE, template, permission=SET_UP, name="template"),
    tenant_route(_ONE, change, permission=SET_UP, methods=WRITES, name="template_change"),
    tenant_route(f"{_ONE}/ending", end, permission=SET_UP, methods=WRITES, name="template_end"),
]
