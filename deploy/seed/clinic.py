"""A hospital: the providers of OHDSI's Synthea seeds as its doctors, two weeks of sessions, and families who use it."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from billing.payments.service import take_payment
from deploy.seed import cast, people
from deploy.seed.cast import SEED, Employee, Institution, Resident
from deploy.seed.names import Names
from deploy.seed.outside import Outside
from scenarios.hospital import arriving, blocks, booking, jobs, patients, screens, setup
from scenarios.hospital.days import at
from scenarios.hospital.his import connecting
from scenarios.hospital.his.contract import Posting
from scenarios.hospital.models import (
    Appointment,
    BookingBlock,
    ClinicService,
    ClinicSession,
    Department,
    Doctor,
    PractitionerRole,
    ScheduleTemplate,
)
from scenarios.hospital.orders import matching, posting, returning, service
from scenarios.hospital.patients import Identity
from tenants import uscc
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import execute, open_scope, tenant_scope

GENERAL = Institution(
    "harbour-hospital",
    "Harbour General Hospital",
    "Harbour General",
    uscc.make("12350100MA2XHGH10"),
    "Leong Mun Wai",
    "Leong Mun Wai",
    "office@harbour-hospital.example",
    "+65 6555 0900",
    kind="public_institution",
    scenario="hospital",
)
EMPLOYEES = (
    Employee("op-leong", "Leong Mun Wai", GENERAL, "administrator"),
    Employee("op-sim", "Sim Bee Lian", GENERAL, "finance"),
    Employee("op-fong", "Fong Hui Min", GENERAL, "front_desk"),
    Employee("op-low", "Low Kok Leong", GENERAL, "cashier"),
    Employee("op-drho", "Ho Wen Jie", GENERAL, "doctor"),
)
DAUGHTER = Resident(
    "p-ho",
    "何美玲 Ho Mei Ling",
    "+6591230021",
    "books at the hospital for herself and her father, and pays for his treatment",
    (),
)
ELDER = Resident("p-goh", "Goh Ah Chwee", "+6591230022", "is eighty and has an appointment today", ())
MISSED = Resident("p-azman", "Azman bin Ismail", "+6591230023", "has missed three appointments", ())
PATIENTS = (DAUGHTER, ELDER, MISSED)
cast.join(EMPLOYEES, PATIENTS)

PROVIDERS = Path(__file__).parent / "data" / "providers.csv"
DEPARTMENTS = {
    "GEN": ("General practice", "全科医学科"),
    "INT": ("Internal medicine", "内科"),
    "EMR": ("Emergency medicine", "急诊科"),
    "REH": ("Rehabilitation", "康复科"),
    "EAR": ("Hearing", "听力科"),
    "MIND": ("Mental health", "心理科"),
}
_OF = {
    "INTERNAL MEDICINE": "INT",
    "EMERGENCY MEDICINE": "EMR",
    "PHYSICAL THERAPY": "REH",
    "AUDIOLOGIST": "EAR",
    "CLINICAL PSYCHOLOGIST": "MIND",
    "CLINICAL SOCIAL WORKER": "MIND",
    "PSYCHIATRY": "MIND",
}
_TITLES = ("chief", "associate", "attending", "resident")
_DAY = 24 * 60
_QUOTAS = {"first": 8, "return": 5, "phone": 1, "desk": 4, "reserved": 2}
_TOKEN = "demonstration"  # noqa: S105 - both ends of it are the sandbox's
_OWED = (("Blood count", "18.60"), ("X-ray of the chest", "64.00"), ("Medicine for two weeks", "37.25"))


async def set_up(chief: Actor, doctor: Actor, tenant: Tenant) -> int:
    """Write departments, doctors and their weeks in the open scope; return how many sessions that makes."""
    services: dict[str, UUID] = {}
    houses: dict[str, UUID] = {}
    for code, (english, chinese) in DEPARTMENTS.items():
        made = await setup.save_department(
            chief, department_id=None, code=code, names={"en": english, "zh_CN": chinese}, is_active=True
        )
        houses[code] = made.id
        services[code] = (await ClinicService.get(tenant_id=tenant.id, department_id=made.id)).id
    doctors: list[Doctor] = []
    roles: list[PractitionerRole] = []
    templates: list[ScheduleTemplate] = []
    for place, (name, title, code) in enumerate(_doctors()):
        one = Doctor(id=new_id(), tenant_id=tenant.id, code=f"D{place:04d}", name=name, title=title, about="")
        one.person_id = doctor.person_id if place == 0 else None
        role = PractitionerRole(
            id=new_id(),
            tenant_id=tenant.id,
            doctor_id=one.id,
            service_id=services[code],
            department_id=houses[code],
        )
        doctors.append(one)
        roles.append(role)
        templates += _week(tenant, role, place)
    for house in houses.values():
        await screens.renew(chief, house)
    await Doctor.bulk_create(doctors)
    await PractitionerRole.bulk_create(roles)
    await ScheduleTemplate.bulk_create(templates)
    await jobs.begin(chief)
    return await setup.make_sessions(chief)


def _doctors() -> Iterator[tuple[str, str, str]]:
    """Yield name, title and department; first the one who signs in, whose clinic is open around the clock."""
    yield EMPLOYEES[-1].name, "chief", "EMR"
    with PROVIDERS.open(encoding="utf-8", newline="") as file:
        for place, row in enumerate(csv.DictReader(file)):
            yield row["name"], _TITLES[place % len(_TITLES)], _OF.get(row["speciality"], "GEN")


def _week(tenant: Tenant, role: PractitionerRole, place: int) -> Iterator[ScheduleTemplate]:
    """Yield a doctor's weekly sessions; the first one's clinic is open around the clock."""
    is_open_all_day = place == 0
    begins = 0 if is_open_all_day else 8 * 60 + (place % 2) * 5 * 60
    for weekday in range(7) if is_open_all_day else (place % 5,):
        yield ScheduleTemplate(
            id=new_id(),
            tenant_id=tenant.id,
            role_id=role.id,
            place=f"Room {place // 40 + 1}-{place % 40 + 1:02d}",
            weekday=weekday,
            part="morning" if place % 2 == 0 else "afternoon",
            begins=begins,
            ends=_DAY if is_open_all_day else begins + 4 * 60,
            quotas={"first": 60, "return": 20, "desk": 20} if is_open_all_day else _QUOTAS,
            days_ahead=14,
            opens=0,
            since=date(2026, 1, 1),
        )


async def connect(chief: Actor, tenant: Tenant, outside: Outside) -> None:
    """Have the hospital's system be the sandbox's."""
    url = f"{outside.settings.sandbox_url}/his/{GENERAL.slug}/fhir"
    await outside.tell("his/systems", {"hospital": GENERAL.slug, "token": _TOKEN})
    await outside.tell("his/sessions", {"hospital": GENERAL.slug, "sessions": _evenings(tenant)})
    await connecting.connect(chief, tenant_id=tenant.id, url=url, token=_TOKEN)


def _evenings(tenant: Tenant) -> list[dict[str, Any]]:
    """Return what the hospital's system plans and we do not have: evenings of a few doctors, and of a stranger."""
    begins = [at(today(tenant.timezone) + timedelta(days=n), 18 * 60, tenant.timezone) for n in range(1, 4)]
    return [
        {
            "id": f"his-{code}-{n}",
            "doctor": code,
            "name": code,
            "place": "Room 9-01",
            "start": one.isoformat(),
            "end": (one + timedelta(hours=3)).isoformat(),
            "numbers": {"first": 6, "return": 6, "desk": 2},
        }
        for n, one in enumerate(begins)
        for code in ("D0002", "D0005", "D0009", "D9999")
    ]


async def register(tenant: Tenant, clerk: Actor, issuer: str) -> dict[str, Account]:
    """Write the families and forty patients of the desk, in the open scope; return those with a story."""
    found: dict[str, Account] = {}
    for one in PATIENTS:
        payer = people.actor("payer", one.name, await people.resident(one, issuer), one.email)
        found[one.customer] = await _own(payer, tenant, "self", one.name, one)
        if one is DAUGHTER:
            found["father"] = await _own(payer, tenant, "parent", "Ho Boon Keng", one)
    names = Names(SEED + 9)
    for n in range(40):
        await patients.register(clerk, _identity(names.one(), 1940 + n, "+65 8000 0000", n % 3 == 0))
    return found


async def _own(payer: Actor, tenant: Tenant, relation: str, name: str, one: Resident) -> Account:
    given = _identity(name, 1946 if relation == "parent" else 1975, one.phone, is_insured=True)
    return await patients.register_own(
        payer.within(tenant.id), tenant_id=tenant.id, relation=relation, given=given, has_agreed=True
    )


def _identity(name: str, year: int, phone: str, is_insured: bool) -> Identity:
    number = f"K{sum(name.encode()) * 7_919 % 10_000_000:07d}{year}"
    return Identity(
        name, "female" if year % 2 else "male", date(year, 5, 17), "passport", number, phone, is_insured
    )


_LATER = """
update hospital_slot l set starts_at = s.starts_at + 1.5 * (l.starts_at - s.starts_at),
                           ends_at = s.starts_at + 1.5 * (l.ends_at - s.starts_at)
  from hospital_session s where s.tenant_id = $1 and s.id = $2 and l.tenant_id = $1 and l.session_id = $2
"""


async def _stay_open(session: ClinicSession) -> None:
    """Let today's list go on until the next noon, so that one minute before midnight has numbers left too."""
    await execute(_LATER, session.tenant_id, session.id)
    session.ends_at = session.starts_at + 1.5 * (session.ends_at - session.starts_at)
    await session.save(update_fields=["ends_at"])


async def visit(tenant: Tenant, clerk: Actor, cashier: Actor, known: dict[str, Account]) -> int:
    """Let people book, pay, arrive, be seen, miss and cancel; return how many appointments there are then."""
    async with open_scope(tenant_scope(tenant.id)):
        own = await Doctor.get(tenant_id=tenant.id, code="D0000")
        now = await ClinicSession.get(tenant_id=tenant.id, doctor_id=own.id, day=today(tenant.timezone))
        await _stay_open(now)
        others = (
            await ClinicSession.filter(
                tenant_id=tenant.id, day__gt=today(tenant.timezone) + timedelta(days=1)
            )
            .order_by("starts_at", "place")
            .limit(40)
        )
        crowd = await Account.filter(tenant_id=tenant.id, kind="patient").order_by("created_at")
    family = {account.id for account in known.values()}
    crowd = [one for one in crowd if one.id not in family]
    queue = [await _booked(clerk, cashier, one, now.id) for one in (known["p-goh"], *crowd[:7])]
    for one, other in zip((known["p-ho"], known["father"], *crowd[7:16]), others, strict=False):
        await _booked(clerk, cashier, one, other.id)
    async with open_scope(tenant_scope(tenant.id)):
        await booking.book(
            clerk,
            account_id=crowd[20].id,
            session_id=others[20].id,
            visit="first",
            channel="desk",
            key=new_id().hex,
        )
        for due in queue[1:6]:
            await arriving.arrive(clerk, due.id)
        for done in range(2):
            called = await arriving.call_next(clerk, now.id)
            if called and not done:
                await arriving.fulfil(clerk, called.id)
        block = await BookingBlock.create(
            id=new_id(),
            tenant_id=tenant.id,
            account_id=known["p-azman"].id,
            since=today(tenant.timezone) - timedelta(days=3),
            until=today(tenant.timezone) + timedelta(days=27),
            missed=3,
        )
        await blocks.appeal(
            clerk, block_id=block.id, words="I was in another hospital; I can show the papers."
        )
        return await Appointment.filter(tenant_id=tenant.id).count()


async def _booked(clerk: Actor, cashier: Actor, account: Account, session_id: UUID) -> Appointment:
    async with open_scope(tenant_scope(account.tenant_id)):
        made = await booking.book(
            clerk,
            account_id=account.id,
            session_id=session_id,
            visit="first",
            channel="desk",
            key=new_id().hex,
        )
    if made.bill_id is not None:
        await take_payment(
            cashier,
            bills=[(made.bill_id, int(made.price_minor))],
            method="card",
            reference="000482",
            key=new_id().hex,
        )
    return made


async def treat(tenant: Tenant, cashier: Actor, finance: Actor, father: Account, outside: Outside) -> int:
    """Let treatment be ordered, paid and posted, one order stay open, and a posting of somebody else's stand there."""
    await _order(outside, father, _OWED)
    listed, _ = await service.look(father)
    basket = await service.pay(
        cashier,
        account=father,
        order_ids=[listed[0].id],
        seen_minor=int(listed[0].amount_minor),
        key=new_id().hex,
    )
    assert basket.bill_id is not None  # noqa: S101 - a basket is never without one
    await take_payment(
        cashier, bills=[(basket.bill_id, int(basket.amount_minor))], method="cash", key=new_id().hex
    )
    await posting.push(cashier, basket.id)
    await _give_back(tenant, cashier, finance, outside)
    await _order(outside, father, (("Bandage", "9.00"),), first=90)
    async with open_scope(tenant_scope(tenant.id)):
        his = await connecting.his_of(tenant.id)
    assert his is not None  # noqa: S101 - connected above
    await his.post(Posting("till-3-0017", father.number, ["h-90"], 900))
    return await matching.match_day(finance, today(tenant.timezone))


async def _give_back(tenant: Tenant, cashier: Actor, finance: Actor, outside: Outside) -> None:
    """Let somebody have paid two orders of which one is not needed: it is asked back and waits for another person."""
    async with open_scope(tenant_scope(tenant.id)):
        elder = await Account.get(tenant_id=tenant.id, name=ELDER.name, kind="patient")
    await _order(outside, elder, (("Hearing test", "45.00"), ("Ear drops", "8.40")), first=60)
    listed, _ = await service.look(elder)
    total = sum(int(one.amount_minor) for one in listed)
    ids = [one.id for one in listed]
    basket = await service.pay(cashier, account=elder, order_ids=ids, seen_minor=total, key=new_id().hex)
    assert basket.bill_id is not None  # noqa: S101 - a basket is never without one
    await take_payment(cashier, bills=[(basket.bill_id, total)], method="cash", key=new_id().hex)
    await posting.push(cashier, basket.id)
    async with open_scope(tenant_scope(tenant.id)):
        await returning.ask(
            finance, basket_id=basket.id, order_ids=ids[:1], reason="The patient has had this test elsewhere."
        )


async def _order(
    outside: Outside, patient: Account, owed: tuple[tuple[str, str], ...], first: int = 1
) -> None:
    charges = [
        {"id": f"h-{first + n}", "patient": patient.number, "text": text, "value": float(value)}
        for n, (text, value) in enumerate(owed)
    ]
    await outside.tell("his/charges", {"hospital": GENERAL.slug, "charges": charges})


async def is_set_up(tenant: Tenant) -> bool:
    """Tell whether the house was written before."""
    async with open_scope(tenant_scope(tenant.id)):
        return await Department.exists(tenant_id=tenant.id)


async def has_visits(tenant: Tenant) -> bool:
    """Tell whether people have been there before."""
    async with open_scope(tenant_scope(tenant.id)):
        return await BookingBlock.exists(tenant_id=tenant.id)
