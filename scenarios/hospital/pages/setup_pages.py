"""Pages on which a hospital is set up: departments, doctors, weekly sessions."""

import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.hospital import setup
from scenarios.hospital.days import clock
from scenarios.hospital.kinds import DAYS, PARTS, QUOTAS, TITLES
from scenarios.hospital.models import ClinicService, Department, Doctor, PractitionerRole, ScheduleTemplate
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.rights import SET_UP
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import rows
from tenants.search import containing
from ui.errors import Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST = 5000


class DepartmentForm(BaseModel):
    """A department and what it is called."""

    code: str = Field(title=N_("Code"), max_length=20)
    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str = Field(title=N_("Name in Chinese"), max_length=60)
    is_active: bool = Field(True, title=N_("Takes patients"))


class DoctorForm(BaseModel):
    """A doctor and where they work."""

    code: str = Field(title=N_("Staff number"), max_length=40)
    name: str = Field(title=N_("Name"), max_length=100)
    title: str = Field("attending", title=N_("Title"))
    about: str | None = Field(None, title=N_("What patients may know"), max_length=300)
    person_id: UUID | None = Field(None, title=N_("Signs in as"))
    services: list[UUID] = Field(default_factory=list, title=N_("Works in"))
    is_active: bool = Field(True, title=N_("Sees patients"))


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


async def departments(request: Request, actor: Actor) -> Response:
    """List the departments."""
    require_hospital(actor)
    root = f"{root_of(actor)}/departments"
    columns = (
        Column("code", t("Code"), format="code", sortable=True),
        Column("name", t("Department"), is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("doctors", t("Doctors"), format="number", sortable=True),
        Column("sessions", t("Sessions to come"), format="number", sortable=True),
    )
    query = TableQuery.parse(request, columns=columns, default_sort="code")
    found = _sorted(await _departments(actor, query), query)
    if wants_export(request):
        return await export(request, columns, found, "departments")
    page = Page.of(query, found[query.offset : query.offset + query.limit], len(found))
    context = {"page": page, "columns": columns, "root": root}
    return await respond(request, "hospital/staff/departments.html", context, block="list")


async def _departments(actor: Actor, query: TableQuery) -> list[dict[str, Any]]:
    found = await rows(
        "select d.id, d.code, d.names,"
        " (select count(distinct doctor_id) from hospital_practitioner_role r where r.tenant_id = $1"
        "   and r.department_id = d.id and r.is_active) doctors,"
        " (select count(*) from hospital_session s where s.tenant_id = $1 and s.department_id = d.id"
        "   and s.ends_at > now()) sessions"
        " from hospital_department d where d.tenant_id = $1 and ($2 = '' or d.code ilike $2 or d.names::text ilike $2)"
        " limit $3",
        actor.tenant_id,
        containing(query.q),
        MOST,
    )
    return [{**dict(one), "name": localized(json.loads(one["names"]))} for one in found]


def _sorted(found: list[dict[str, Any]], query: TableQuery) -> list[dict[str, Any]]:
    key = query.sort.removeprefix("-")
    return sorted(found, key=lambda one: (one[key], str(one["id"])), reverse=query.sort.startswith("-"))


async def new_department(request: Request, actor: Actor) -> Response:
    """Ask for a department."""
    require_hospital(actor)
    return await _department(request, actor, None, Form.blank(DepartmentForm, {"is_active": True}))


async def department(request: Request, actor: Actor) -> Response:
    """Show a department to be changed, with its services."""
    found = await Department.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("department.not_found", t("There is no such department."))
    names = found.names
    values = {"code": found.code, "name_en": names.get("en", ""), "name_zh": names.get("zh_CN", "")}
    return await _department(
        request, actor, found.id, Form.blank(DepartmentForm, {**values, "is_active": found.is_active})
    )


async def _department(
    request: Request, actor: Actor, department_id: UUID | None, form: Form[DepartmentForm], status: int = 200
) -> Response:
    services = []
    if department_id:
        found = await ClinicService.filter(tenant_id=actor.tenant_id, department_id=department_id)
        services = [localized(one.names) for one in found]
    context = {
        "form": form,
        "services": services,
        "department_id": department_id,
        "root": f"{root_of(actor)}/departments",
    }
    return await respond(request, "hospital/staff/department.html", context, status=status)


async def save_department(request: Request, actor: Actor) -> Response:
    """Add or change a department."""
    require_hospital(actor)
    known = path_id(request) if "id" in request.path_params else None
    form = await bind(request, DepartmentForm)
    if known and not await Department.exists(tenant_id=actor.tenant_id, id=known):
        raise NotFound("department.not_found", t("There is no such department."))
    if form.is_valid:
        said = form.ok
        try:
            await setup.save_department(
                actor,
                department_id=known,
                code=said.code,
                names={"en": said.name_en, "zh_CN": said.name_zh},
                is_active=said.is_active,
            )
            return redirect(request, f"{root_of(actor)}/departments", flash=t("The department is saved."))
        except Invalid as refused:
            form.fail_with(refused)
    return await _department(request, actor, known, form, 422)


class ServiceForm(BaseModel):
    """A service and what it is called."""

    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str = Field(title=N_("Name in Chinese"), max_length=60)


async def add_service(request: Request, actor: Actor) -> Response:
    """Add a service to a department."""
    found = await Department.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("department.not_found", t("There is no such department."))
    form = await bind(request, ServiceForm)
    names = {"en": form.ok.name_en, "zh_CN": form.ok.name_zh}
    await setup.save_service(actor, department_id=found.id, service_id=None, names=names)
    return redirect(request, f"{root_of(actor)}/departments/{found.id}", flash=t("The service is added."))


async def doctors(request: Request, actor: Actor) -> Response:
    """List the doctors."""
    require_hospital(actor)
    root = f"{root_of(actor)}/doctors"
    columns = (
        Column("code", t("Staff number"), format="code", sortable=True),
        Column("name", t("Name"), is_main=True, sortable=True, href=lambda row: f"{root}/{row['id']}"),
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
    found = _sorted(found, query)
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
    services = await _services(actor)
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


async def _services(actor: Actor) -> list[tuple[str, str]]:
    departments = {one.id: one for one in await Department.filter(tenant_id=actor.tenant_id)}
    found = await ClinicService.filter(tenant_id=actor.tenant_id, is_active=True)
    named = [
        (str(one.id), f"{localized(departments[one.department_id].names)} · {localized(one.names)}")
        for one in found
    ]
    return sorted(named, key=lambda one: one[1])


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


async def new_template(request: Request, actor: Actor) -> Response:
    """Ask for a weekly session of a doctor."""
    form = Form.blank(TemplateForm, {"since": date.today().isoformat()})  # noqa: DTZ011 - a proposal
    defaults = {
        name: field.default for name, field in TemplateForm.model_fields.items() if not field.is_required()
    }
    form.values = {**{name: [str(value)] for name, value in defaults.items()}, **form.values}
    return await _template(request, actor, form)


async def _template(request: Request, actor: Actor, form: Form[TemplateForm], status: int = 200) -> Response:
    found = await Doctor.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("doctor.not_found", t("There is no such doctor."))
    names = dict(await _services(actor))
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
    tenant_route("/departments", departments, permission=SET_UP, name="departments"),
    tenant_route("/departments/new", new_department, permission=SET_UP, name="department_new"),
    tenant_route("/departments", save_department, permission=SET_UP, methods=WRITES, name="department_add"),
    tenant_route("/departments/{id}", department, permission=SET_UP, name="department"),
    tenant_route(
        "/departments/{id}", save_department, permission=SET_UP, methods=WRITES, name="department_save"
    ),
    tenant_route(
        "/departments/{id}/services", add_service, permission=SET_UP, methods=WRITES, name="service_add"
    ),
    tenant_route("/doctors", doctors, permission=SET_UP, name="doctors"),
    tenant_route("/doctors/new", new_doctor, permission=SET_UP, name="doctor_new"),
    tenant_route("/doctors", save_doctor, permission=SET_UP, methods=WRITES, name="doctor_add"),
    tenant_route("/doctors/{id}", doctor, permission=SET_UP, name="doctor"),
    tenant_route("/doctors/{id}", save_doctor, permission=SET_UP, methods=WRITES, name="doctor_save"),
    tenant_route("/doctors/{id}/sessions/new", new_template, permission=SET_UP, name="template_new"),
    tenant_route(
        "/doctors/{id}/sessions", save_template, permission=SET_UP, methods=WRITES, name="template_add"
    ),
]
