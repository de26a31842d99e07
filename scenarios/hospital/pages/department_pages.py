"""Departments of a hospital and their services."""

import json
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.hospital import screens, setup
from scenarios.hospital.models import ClinicService, Department
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.pages.setup_parts import MOST, in_order
from scenarios.hospital.rights import SET_UP
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.runtime import runtime
from tenants.scope import rows
from tenants.search import containing
from ui.errors import Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class DepartmentForm(BaseModel):
    """A department and what it is called."""

    code: str = Field(title=N_("Code"), max_length=20)
    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str = Field(title=N_("Name in Chinese"), max_length=60)
    is_active: bool = Field(True, title=N_("Takes patients"))


class ServiceForm(BaseModel):
    """A service and what it is called."""

    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str = Field(title=N_("Name in Chinese"), max_length=60)


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
    found = in_order(await _departments(actor, query), query)
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


async def new_department(request: Request, actor: Actor) -> Response:
    """Ask for a department."""
    require_hospital(actor)
    return await _department(request, actor, None, Form.blank(DepartmentForm, {"is_active": True}))


async def department(request: Request, actor: Actor) -> Response:
    """Show a department to be changed, with its services."""
    found = await Department.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("department.not_found", t("There is no such department."))
    return await _shown(request, actor, found)


async def _shown(
    request: Request, actor: Actor, found: Department, service: Form[ServiceForm] | None = None
) -> Response:
    names = found.names
    values = {"code": found.code, "name_en": names.get("en", ""), "name_zh": names.get("zh_CN", "")}
    form = Form.blank(DepartmentForm, {**values, "is_active": found.is_active})
    return await _department(request, actor, found.id, form, 422 if service else 200, service)


async def _department(  # noqa: PLR0917 - all that one page shows
    request: Request,
    actor: Actor,
    department_id: UUID | None,
    form: Form[DepartmentForm],
    status: int = 200,
    service: Form[ServiceForm] | None = None,
) -> Response:
    services, screen = [], ""
    if department_id:
        screen = screens.path_of(await Department.get(tenant_id=actor.tenant_id, id=department_id))
        found = await ClinicService.filter(tenant_id=actor.tenant_id, department_id=department_id)
        services = [localized(one.names) for one in found]
    context = {
        "form": form,
        "service": service or Form.blank(ServiceForm),
        "services": services,
        "department_id": department_id,
        "screen": screen,
        "screen_url": f"{runtime().public_url.rstrip('/')}{screen}" if screen else "",
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


async def add_service(request: Request, actor: Actor) -> Response:
    """Add a service to a department."""
    found = await Department.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("department.not_found", t("There is no such department."))
    form = await bind(request, ServiceForm)
    if not form.is_valid:
        return await _shown(request, actor, found, form)
    names = {"en": form.ok.name_en, "zh_CN": form.ok.name_zh}
    await setup.save_service(actor, department_id=found.id, service_id=None, names=names)
    return redirect(request, f"{root_of(actor)}/departments/{found.id}", flash=t("The service is added."))


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
]
