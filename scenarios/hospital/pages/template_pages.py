"""Weekly sessions of a doctor."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital import setup
from scenarios.hospital.kinds import DAYS, PARTS, QUOTAS
from scenarios.hospital.models import Doctor, PractitionerRole
from scenarios.hospital.pages.common import root_of
from scenarios.hospital.pages.setup_parts import services_of
from scenarios.hospital.rights import SET_UP
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Invalid, NotFound
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond


class TemplateForm(BaseModel):
    """One session of the week."""

    role_id: UUID = Field(title=N_("In which service"))
    place: str = Field(title=N_("Room"), max_length=60)
    weekday: int = Field(0, ge=0, le=6, title=N_("Day of the week"))
    part: str = Field("morning", title=N_("Part of the day"))
    begins: str = Field("08:00", title=N_("Begins"))
    ends: str = Field("12:00", title=N_("Ends"))
    first: int = Field(12, ge=0, le=200, title=QUOTAS["first"])
    ret: int = Field(8, ge=0, le=200, title=QUOTAS["return"])
    phone: int = Field(2, ge=0, le=200, title=QUOTAS["phone"])
    desk: int = Field(4, ge=0, le=200, title=QUOTAS["desk"])
    reserved: int = Field(2, ge=0, le=200, title=QUOTAS["reserved"])
    days_ahead: int = Field(14, ge=0, le=60, title=N_("Numbers open so many days ahead"))
    opens: str = Field("07:00", title=N_("at"))
    since: Annotated[Day, Field(title=N_("From"))]

    def facts(self) -> dict[str, Any]:
        """Return the session as it is kept."""
        quotas = {"first": self.first, "return": self.ret, "phone": self.phone}
        return {
            "place": self.place,
            "weekday": self.weekday,
            "part": self.part,
            "begins": minute(self.begins),
            "ends": minute(self.ends),
            "quotas": {**quotas, "desk": self.desk, "reserved": self.reserved},
            "days_ahead": self.days_ahead,
            "opens": minute(self.opens),
            "since": self.since,
        }


def minute(text: str) -> int:
    """Return the minute of the day of a time such as 08:30.

    Raises:
        Invalid: it is none.
    """
    hours, _, minutes = text.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) < 25 and int(minutes) < 60):  # noqa: PLR2004
        raise Invalid(
            "setup.time", t("Enter a time like 08:30."), fields={"begins": t("Enter a time like 08:30.")}
        )
    return int(hours) * 60 + int(minutes)


async def new_template(request: Request, actor: Actor) -> Response:
    """Ask for a weekly session of a doctor."""
    form = Form.blank(TemplateForm, {"since": today(str(actor.place["timezone"])).isoformat()})
    defaults = {
        name: field.default for name, field in TemplateForm.model_fields.items() if not field.is_required()
    }
    form.values = {**{name: [str(value)] for name, value in defaults.items()}, **form.values}
    return await _template(request, actor, form)


async def _template(request: Request, actor: Actor, form: Form[TemplateForm], status: int = 200) -> Response:
    found = await Doctor.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("doctor.not_found", t("There is no such doctor."))
    names = dict(await services_of(actor))
    roles = await PractitionerRole.filter(tenant_id=found.tenant_id, doctor_id=found.id, is_active=True)
    context = {
        "form": form,
        "doctor": found,
        "roles": [(str(one.id), names.get(str(one.service_id), "")) for one in roles],
        "days": [(str(n), gettext(day)) for n, day in enumerate(DAYS)],
        "parts": [(key, gettext(words)) for key, words in PARTS.items()],
        "root": f"{root_of(actor)}/doctors",
    }
    return await respond(request, "hospital/staff/template.html", context, status=status)


async def save_template(request: Request, actor: Actor) -> Response:
    """Add a weekly session and make the sessions that it calls for."""
    form = await bind(request, TemplateForm)
    if form.is_valid:
        try:
            await setup.save_template(actor, template_id=None, role_id=form.ok.role_id, facts=form.ok.facts())
            made = await setup.make_sessions(actor)
        except Invalid as refused:
            form.fail_with(refused)
        else:
            flash = t("The weekly session is saved; {n} sessions are new in the calendar.", n=made)
            return redirect(request, f"{root_of(actor)}/doctors/{path_id(request)}", flash=flash)
    return await _template(request, actor, form, 422)


ROUTES: list[BaseRoute] = [
    tenant_route("/doctors/{id}/sessions/new", new_template, permission=SET_UP, name="template_new"),
    tenant_route(
        "/doctors/{id}/sessions", save_template, permission=SET_UP, methods=WRITES, name="template_add"
    ),
]
