"""A hospital with two departments, three doctors and sessions in the days to come, made through its own services."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.payments import settlement
from billing.payments.service import take_payment
from scenarios.hospital import booking, patients, setup
from scenarios.hospital.models import (
    Appointment,
    ClinicService,
    ClinicSession,
    Department,
    Doctor,
    PractitionerRole,
)
from scenarios.hospital.patients import Identity
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.models import Account, Person, Tenant
from tenants.scope import execute, open_scope, tenant_scope
from tests import make

QUOTAS = {"first": 3, "return": 1, "desk": 1}


@dataclass
class House:
    tenant: Tenant
    chief: Actor
    finance: Actor
    clerk: Actor
    cashier: Actor
    departments: list[Department]
    doctors: list[Doctor]

    @property
    def id(self) -> UUID:
        return self.tenant.id

    @property
    def system(self) -> Actor:
        return system_actor(self.tenant.id)

    @property
    def root(self) -> str:
        return f"/t/{self.tenant.slug}"

    def scope(self):
        return open_scope(tenant_scope(self.tenant.id))

    async def sessions(self, doctor: Doctor | None = None) -> list[ClinicSession]:
        async with self.scope():
            found = ClinicSession.filter(tenant_id=self.id, starts_at__gt=datetime.now(UTC))
            if doctor:
                found = found.filter(doctor_id=doctor.id)
            return list(await found.order_by("starts_at", "place"))

    async def session(self, doctor: int = 0, n: int = 0) -> ClinicSession:
        return (await self.sessions(self.doctors[doctor]))[n]

    async def book(self, account: Account, session: ClinicSession, **given: Any) -> Appointment:
        facts = {"visit": "first", "channel": "web", "key": new_id().hex, "actor": self.system} | given
        actor = facts.pop("actor")
        async with self.scope():
            return await booking.book(actor, account_id=account.id, session_id=session.id, **facts)

    async def pay(self, appointment: Appointment) -> None:
        """Take the fee at the desk."""
        assert appointment.bill_id is not None
        await take_payment(
            self.cashier,
            bills=[(appointment.bill_id, appointment.price_minor)],
            method="cash",
            key=new_id().hex,
        )

    async def fresh(self, appointment: Appointment) -> Appointment:
        async with self.scope():
            return await Appointment.get(tenant_id=self.id, id=appointment.id)

    async def booked(self, account: Account, session: ClinicSession, **given: Any) -> Appointment:
        made = await self.book(account, session, **given)
        if made.status == "pending":
            await self.pay(made)
        return await self.fresh(made)

    async def patient(self, name: str = "Ann Tan", *, is_insured: bool = False) -> Account:
        """A patient whom the desk registers."""
        async with self.scope():
            return await patients.register(self.clerk, identity(name, is_insured=is_insured))

    async def mine(self, name: str = "", relation: str = "self") -> tuple[Person, Actor, Account]:
        """Somebody who has signed in and registered a patient."""
        name = name or f"Bo Lim {new_id().hex[-8:]}"
        who = await make.person(name)
        actor = make.payer(who)
        given = identity(name if relation == "self" else f"{name} Junior")
        async with self.scope():
            account = await patients.register_own(
                actor.within(self.id), tenant_id=self.id, relation=relation, given=given, has_agreed=True
            )
        return who, actor, account

    async def move(self, appointment: Appointment, **by: float) -> None:
        """Bring an appointment nearer (or into the past), with its session and number."""
        shift = timedelta(**by)
        local = f"((starts_at - $3::interval) at time zone '{self.tenant.timezone}')::date"
        async with self.scope():
            for table, where in (
                ("hospital_appointment", "session_id = $2"),
                ("hospital_session", "id = $2"),
                ("hospital_slot", "session_id = $2"),
            ):
                await execute(
                    f"update {table} set starts_at = starts_at - $3::interval, ends_at = ends_at - $3::interval"
                    + (f", day = {local}" if table == "hospital_appointment" else "")
                    + f" where tenant_id = $1 and {where}",
                    self.id,
                    appointment.session_id,
                    shift,
                )


def identity(name: str, **given: Any) -> Identity:
    facts = {
        "sex": "female",
        "born_on": date(1950, 5, 17),
        "document_kind": "passport",
        "document_number": f"E{new_id().hex[-10:]}",
        "phone": "+65 8000 0000",
    } | given
    return Identity(name=name, **facts)


async def build(bank: make.Bank, **given: Any) -> House:
    tenant = await make.tenant(bank, "hospital", **given)
    chief = await make.staff(tenant, "administrator", "Chief Goh")
    made = House(
        tenant,
        chief,
        await make.staff(tenant, "finance", "Finance Loh"),
        await make.staff(tenant, "front_desk", "Clerk Devi"),
        await make.staff(tenant, "cashier", "Cashier Tay"),
        [],
        [],
    )
    async with made.scope():
        await settlement.provision_settlement(
            made.system,
            tenant,
            bank_code="HRBRSGSG",
            account_name=tenant.name,
            account_number="0123 4567 8901",
            currency="SGD",
        )
        for code, english, chinese in (("EYE", "Eyes", "眼科"), ("MED", "Medicine", "内科")):
            made.departments.append(
                await setup.save_department(
                    chief,
                    department_id=None,
                    code=code,
                    names={"en": english, "zh_CN": chinese},
                    is_active=True,
                )
            )
        for n, (name, title, department) in enumerate(
            (("Lin Wei", "chief", 0), ("Ravi Nair", "attending", 0), ("Chen Hua", "resident", 1))
        ):
            await _doctor(made, n, name, title, made.departments[department])
        await setup.make_sessions(chief)
    return made


async def _doctor(made: House, n: int, name: str, title: str, department: Department) -> None:
    service = await ClinicService.get(tenant_id=made.id, department_id=department.id)
    facts: dict[str, Any] = {
        "code": f"D{n}",
        "name": name,
        "title": title,
        "about": "",
        "person_id": None,
        "is_active": True,
    }
    doctor = await setup.save_doctor(made.chief, doctor_id=None, facts=facts, service_ids=[service.id])
    made.doctors.append(doctor)
    role = await PractitionerRole.get(tenant_id=made.id, doctor_id=doctor.id)
    for weekday in range(7):
        facts = {
            "place": f"Room {n + 1}",
            "weekday": weekday,
            "part": "morning",
            "begins": 9 * 60,
            "ends": 11 * 60,
            "quotas": QUOTAS,
            "days_ahead": 14,
            "opens": 0,
            "since": date(2020, 1, 1),
        }
        await setup.save_template(made.chief, template_id=None, role_id=role.id, facts=facts)
