"""Doctors of a hospital, and where they work."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital import setup
from scenarios.hospital.days import clock
from scenarios.hospital.kinds import DAYS, PARTS, TITLES
from scenarios.hospital.models import Doctor, PractitionerRole, ScheduleTemplate
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.pages.setup_parts import MOST, in_order, services_of
from scenarios.hospital.rights import SET_UP
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import rows
from tenants.search import containing
from ui.errors import Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class DoctorForm(BaseModel):
    """A doctor and where they work."""

    code: str = Field(title=N_("Staff number"), max_length=40)
    name: str = Field(title=N_("Full name"), max_length=100)
    title: str = Field("attending", title=N_("Title"))
    about: str | None = Field(None, title=N_("What patients may know"), max_length=300)
    person_id: UUID | None = Field(None, title=N_("Signs in as"))
    services: list[UUID] = Field(default_factory=list, title=N_("Works in"))
    is_active: bool = Field(True, title=N_("Sees patients"))


async def doctors(request: Request, actor: Actor) -> Response:
    """List the doctors."""
    require_hospital(actor)
    root = f"{root_of(actor)}/doctors"
    columns = (
        Column("code", t("Staff number"), format="code", sortable=True),
        Column("name", t("Full name"), is_main=True, sortable=True, href=lambda row: f"{root}/{row['id']}"),
        Column("title", t("Title"), words={key: t(words) for key, words in TITLES.items()}),
        Column("weekly", t("Sessions a week"), format="number", sortable=True),
    )
    query = TableQuery.parse(request, columns=columns, default_sort="name")
    found = [
        dict(one)
        for one in await rows(
            "select d.id, d.code, d.name, d.title, (select count(*) from hospital_template m"
            "  join hospital_practitioner_role r on r.tenant_id = $1 and r.id = m.role_id"
            "  where m.tenant_id = $1 and r.doctor_id = d.id and m.until is null) weekly"
            " from hospital_doctor d where d.tenant_id = $1"
            " and ($2 = '' or d.name ilike $2 or d.code ilike $2) limit $3",
            actor.tenant_id,
            containing(query.q),
            MOST,
        )
    ]
    found = in_order(found, query)
    if wants_export(request):
        return await export(request, columns, found, "doctors")
    page = Page.of(query, found[query.offset : query.offset + query.limit], len(found))
    context = {"page": page, "columns": columns, "root": root}
    return await respond(request, "hospital/staff/doctors.html", context, block="list")


async def new_doctor(request: Request, actor: Actor) -> Response:
    """Ask for a doctor."""
    require_hospital(actor)
    values = {"title": "attending", "is_active": True}
    return await _doctor(request, actor, None, Form.blank(DoctorForm, values))


async def doctor(request: Request, actor: Actor) -> Response:
    """Show a doctor to be changed, with the sessions of the week."""
    found = await Doctor.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("doctor.not_found", t("There is no such doctor."))
    roles = await PractitionerRole.filter(tenant_id=found.tenant_id, doctor_id=found.id, is_active=True)
    values = {
        "code": found.code,
        "name": found.name,
        "title": found.title,
        "about": found.about,
        "person_id": str(found.person_id or ""),
        "is_active": found.is_active,
        "services": [str(one.service_id) for one in roles],
    }
    return await _doctor(request, actor, found.id, Form.blank(DoctorForm, values))


async def _doctor(
    request: Request, actor: Actor, doctor_id: UUID | None, form: Form[DoctorForm], status: int = 200
) -> Response:
    services = await services_of(actor)
    staff = await rows(
        "select distinct on (name, person_id) person_id, name from tenants_membership where tenant_id = $1"
        " and ended_at is null order by name, person_id",
        actor.tenant_id,
    )
    context = {
        "form": form,
        "doctor_id": doctor_id,
        "titles": [(key, gettext(words)) for key, words in TITLES.items()],
        "services": services,
        "staff": [(str(one["person_id"]), one["name"]) for one in staff],
        "templates": await _templates(actor, doctor_id) if doctor_id else [],
        "root": f"{root_of(actor)}/doctors",
    }
    return await respond(request, "hospital/staff/doctor.html", context, status=status)


async def _templates(actor: Actor, doctor_id: UUID) -> list[dict[str, Any]]:
    roles = {
        one.id: one for one in await PractitionerRole.filter(tenant_id=actor.tenant_id, doctor_id=doctor_id)
    }
    found = await ScheduleTemplate.filter(tenant_id=actor.tenant_id, role_id__in=list(roles)).order_by(
        "weekday", "begins"
    )
    return [
        {
            "id": one.id,
            "day": gettext(DAYS[one.weekday]),
            "part": gettext(PARTS.get(one.part, one.part)),
            "time": f"{clock(one.begins)}–{clock(one.ends)}",
            "place": one.place,
            "numbers": sum(one.quotas.values()),
            "until": one.until,
        }
        for one in found
    ]


async def save_doctor(request: Request, actor: Actor) -> Response:
    """Add or change a doctor."""
    require_hospital(actor)
    known = path_id(request) if "id" in request.path_params else None
    if known and not await Doctor.exists(tenant_id=actor.tenant_id, id=known):
        raise NotFound("doctor.not_found", t("There is no such doctor."))
    form = await bind(request, DoctorForm)
    if form.is_valid:
        said = form.ok
        facts = said.model_dump(include={"code", "name", "title", "person_id", "is_active"})
        try:
            made = await setup.save_doctor(
                actor, doctor_id=known, facts={**facts, "about": said.about or ""}, service_ids=said.services
            )
            flash = t("The doctor is saved.")
            return redirect(request, f"{root_of(actor)}/doctors/{made.id}", flash=flash)
        except Invalid as refused:
            form.fail_with(refused)
    return await _doctor(request, actor, known, form, 422)


ROUTES: list[BaseRoute] = [
    tenant_route("/doctors", doctors, permission=SET_UP, name="doctors"),
    tenant_route("/doctors/new", new_doctor, permission=SET_UP, name="doctor_new"),
    tenant_route("/doctors", save_doctor, permission=SET_UP, methods=WRITES, name="doctor_add"),
    tenant_route("/doctors/{id}", doctor, permission=SET_UP, name="doctor"),
    tenant_route("/doctors/{id}", save_doctor, permission=SET_UP, methods=WRITES, name="doctor_save"),
]
