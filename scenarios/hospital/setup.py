"""Setting up the house: departments with their services, doctors with their roles, weekly sessions."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from tortoise.exceptions import IntegrityError

from scenarios.hospital import calendar
from scenarios.hospital.days import HOUR
from scenarios.hospital.kinds import QUOTAS, TITLES
from scenarios.hospital.models import ClinicService, Department, Doctor, PractitionerRole, ScheduleTemplate
from scenarios.hospital.rights import SET_UP
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.models.base import TenantRow
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid, NotFound
from ui.i18n import Text, t

MOST_NUMBERS = 200
M = TypeVar("M", bound=TenantRow)
DAY = 24 * HOUR


def _wrong(field: str, text: Text) -> Invalid:
    return Invalid(f"setup.{field}", text, fields={field: text})


def _tenant(actor: Actor) -> UUID:
    actor.require(SET_UP)
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    return actor.tenant_id


async def save_department(
    actor: Actor, *, department_id: UUID | None, code: str, names: Mapping[str, str], is_active: bool
) -> Department:
    """Add or change a department; a new one gets a general clinic, so that sessions can be planned at once.

    Raises:
        Invalid: another department has this code.
    """
    tenant_id = _tenant(actor)
    facts = {"code": code.strip().upper(), "names": dict(names), "is_active": is_active}
    found = await _or_new(Department, tenant_id, department_id)
    await _save(found, facts, "code", t("Another department has this code."))
    if department_id is None:
        await save_service(
            actor, department_id=found.id, service_id=None, names={"en": "Clinic", "zh_CN": "普通门诊"}
        )
    await _record(actor, "department.saved", "department", found.id, found.code, {"is_active": is_active})
    return found


async def save_service(
    actor: Actor,
    *,
    department_id: UUID,
    service_id: UUID | None,
    names: Mapping[str, str],
    is_active: bool = True,
) -> ClinicService:
    """Add or change a service of a department."""
    tenant_id = _tenant(actor)
    found = await _or_new(ClinicService, tenant_id, service_id)
    await _save(
        found,
        {"department_id": department_id, "names": dict(names), "is_active": is_active},
        "names",
        t("There is such a service already."),
    )
    await _record(actor, "service.saved", "service", found.id, str(found.id), {"is_active": is_active})
    return found


async def save_doctor(
    actor: Actor,
    *,
    doctor_id: UUID | None,
    facts: Mapping[str, Any],
    service_ids: list[UUID],
) -> Doctor:
    """Add or change a doctor (code, name, title, about, person_id, is_active) with the services they work in.

    Raises:
        Invalid: another doctor has this code, or there is no such title.
    """
    tenant_id = _tenant(actor)
    if facts["title"] not in TITLES:
        raise _wrong("title", t("Choose a title."))
    found = await _or_new(Doctor, tenant_id, doctor_id)
    await _save(found, facts, "code", t("Another doctor has this number."))
    await _roles(tenant_id, found, service_ids)
    await _record(
        actor, "doctor.saved", "doctor", found.id, found.code, {"is_active": bool(facts["is_active"])}
    )
    return found


async def _roles(tenant_id: UUID, doctor: Doctor, service_ids: list[UUID]) -> None:
    services = await ClinicService.filter(tenant_id=tenant_id, id__in=service_ids)
    there = {
        one.service_id: one for one in await PractitionerRole.filter(tenant_id=tenant_id, doctor_id=doctor.id)
    }
    for one in there.values():
        one.is_active = one.service_id in {service.id for service in services}
        await one.save(update_fields=["is_active"])
    for service in services:
        if service.id not in there:
            await PractitionerRole.create(
                id=new_id(),
                tenant_id=tenant_id,
                doctor_id=doctor.id,
                service_id=service.id,
                department_id=service.department_id,
            )


async def save_template(
    actor: Actor, *, template_id: UUID | None, role_id: UUID, facts: Mapping[str, Any]
) -> ScheduleTemplate:
    """Add or change a weekly session; sessions that stand already stay as they are.

    Raises:
        Invalid: it ends before it begins, has no numbers or too many, or no such doctor in a service.
    """
    tenant_id = _tenant(actor)
    if not await PractitionerRole.exists(tenant_id=tenant_id, id=role_id):
        raise NotFound("role.not_found", t("There is no such doctor in a service."))
    if not 0 <= facts["begins"] < facts["ends"] <= DAY:
        raise _wrong("ends", t("It must end after it begins."))
    quotas = {kind: count for kind, count in facts["quotas"].items() if kind in QUOTAS and count > 0}
    if not 0 < sum(quotas.values()) <= MOST_NUMBERS:
        raise _wrong("quotas", t("Give it between 1 and {n} numbers.", n=MOST_NUMBERS))
    if not 0 <= facts["days_ahead"] <= calendar.LONGEST_AHEAD:
        raise _wrong("days_ahead", t("Numbers can open up to {n} days ahead.", n=calendar.LONGEST_AHEAD))
    found = await _or_new(ScheduleTemplate, tenant_id, template_id)
    await _save(
        found,
        {**facts, "quotas": quotas, "role_id": role_id},
        "weekday",
        t("There is such a session already."),
    )
    await _record(
        actor, "template.saved", "template", found.id, found.place, {"numbers": sum(quotas.values())}
    )
    return found


async def make_sessions(actor: Actor) -> int:
    """Make the sessions that the templates call for now; return how many."""
    tenant = await Tenant.get(id=_tenant(actor))
    made = await calendar.make_sessions(tenant)
    await _record(actor, "sessions.made", "session", None, tenant.short_name, {"count": made})
    return made


async def _or_new(model: type[M], tenant_id: UUID, row_id: UUID | None) -> M:
    if row_id is None:
        return model(id=new_id(), tenant_id=tenant_id)
    found = await model.get_or_none(tenant_id=tenant_id, id=row_id)
    if found is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found


async def _save(found: TenantRow, facts: Mapping[str, Any], field: str, taken: Text) -> None:
    is_new = not found._saved_in_db  # noqa: SLF001 - Tortoise's own word for it
    found.update_from_dict(dict(facts))
    try:
        async with open_scope(tenant_scope(found.tenant_id)):
            await found.save(force_create=is_new)
    except IntegrityError:
        raise _wrong(field, taken) from None


async def _record(  # noqa: PLR0917 - one value of each thing that is told
    actor: Actor, act: str, kind: str, row_id: UUID | None, label: str, after: dict[str, object]
) -> None:
    await audit.record(actor, act, subject_kind=kind, subject_id=row_id, subject_label=label, after=after)
