"""A doctor and a patient to try tools with: whoever runs the sandbox is the doctor, the patient has an appointment."""

from datetime import UTC, date, datetime

from scenarios.hospital import booking, patients, setup
from scenarios.hospital.models import ClinicService, ClinicSession, PractitionerRole
from scenarios.hospital.patients import Identity
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Membership, Tenant

PATIENT = {"en": "Pat Example", "zh_CN": "潘小例"}
HOUR = 60


async def sample(actor: Actor, tenant: Tenant) -> None:
    """Make the clinic, its doctor with sessions of every morning, and the patient, in the hospital's open scope."""
    member = await Membership.get(tenant_id=tenant.id)
    await _clinic(actor, tenant, member)
    name = PATIENT.get(tenant.locale, PATIENT["en"])
    given = Identity(name, "female", date(1980, 5, 17), "passport", "EXAMPLE1", "")
    patient = await patients.register(actor, given)
    session = await _next(tenant)
    await booking.book(
        actor,
        account_id=patient.id,
        session_id=session.id,
        visit="first",
        channel="desk",
        key=f"sample-{session.id}",
    )


async def _clinic(actor: Actor, tenant: Tenant, member: Membership) -> None:
    names = {"en": "General practice", "zh_CN": "全科"}
    department = await setup.save_department(
        actor, department_id=None, code="GP", names=names, is_active=True
    )
    service = await ClinicService.get(tenant_id=tenant.id, department_id=department.id)
    facts = {
        "code": "D1",
        "name": member.name,
        "title": "attending",
        "about": "",
        "person_id": member.person_id,
        "is_active": True,
    }
    doctor = await setup.save_doctor(actor, doctor_id=None, facts=facts, service_ids=[service.id])
    role = await PractitionerRole.get(tenant_id=tenant.id, doctor_id=doctor.id)
    for weekday in range(7):
        await setup.save_template(actor, template_id=None, role_id=role.id, facts=_morning(tenant, weekday))
    await setup.make_sessions(actor)


def _morning(tenant: Tenant, weekday: int) -> dict[str, object]:
    return {
        "place": "1",
        "weekday": weekday,
        "part": "morning",
        "begins": 9 * HOUR,
        "ends": 12 * HOUR,
        "quotas": {"first": 4, "return": 2, "desk": 2},
        "days_ahead": 14,
        "opens": 0,
        "since": today(tenant.timezone),
    }


async def _next(tenant: Tenant) -> ClinicSession:
    coming = ClinicSession.filter(tenant_id=tenant.id, starts_at__gt=datetime.now(UTC))
    (soonest,) = await coming.order_by("starts_at").limit(1)
    return soonest
