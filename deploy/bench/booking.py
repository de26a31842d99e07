"""Numbers of a hospital: bookings held while they are paid, on one popular session and on many; a department's page.

Every booking goes through the service that web, desk and apps call: limits of the patient, the price by the rule, the
number, its held bill with its entry in the ledger, the trail. Afterwards no number may be given twice, none may be left
over where more asked than there were, and the ledger must be right. The page has its bare floor, served beside it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from billing.ledger import verify_ledger
from deploy import logs
from deploy.bench import bare_clinic, pair
from deploy.bench.pages import session_of
from deploy.bench.scratch import scratch, tenant
from deploy.bench.who import manager
from deploy.database import credentials
from deploy.settings import Settings
from scenarios.hospital import booking, calendar, setup
from scenarios.hospital.days import at
from scenarios.hospital.models import ClinicService, Doctor, PractitionerRole
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Person, Tenant
from tenants.scope import open_scope, person_scope, raw, tenant_scope, value
from ui.errors import Conflict

DEFAULTS: Mapping[str, int] = {
    "bookings": 400, "sessions": 100, "at_once": 8,
    "doctors": 166, "days": 14, "departments": 6, "connections": 16, "seconds": 5, "rounds": 3,
}  # fmt: skip
AIMS = {"one": 100, "many": 100, "page": 0.2}
PARTS = (("morning", 8, 12), ("afternoon", 13, 17), ("evening", 18, 21))
QUOTAS = {"first": 8, "return": 5, "desk": 4, "phone": 1, "reserved": 2}
MORE = 20
"""People who come after the last number."""
_PEOPLE = """
with a as (insert into tenants_account (tenant_id, id, scenario, kind, number, name, sort_key, attributes)
  select $1, id, 'hospital', 'patient', 'P' || n, 'Patient ' || n, 'P' || n, '{}' from unnest($2::uuid[])
    with ordinality u (id, n) returning id)
insert into hospital_patient (tenant_id, account_id, sex, born_on, document_kind, document_hash, document,
  document_mask, phone, agreed_at)
select $1, id, 'other', '1980-01-01', 'passport', uuid_send(id), 'x', 'x', 'x', now() from a
"""
_BARE = """
create table bare_patient (id int primary key);
create table bare_slot (id bigserial primary key, session int not null);
create table bare_appointment (id bigserial primary key, slot bigint not null unique, patient int not null);
create table bare_bill (id bigserial primary key, appointment bigint not null, total int not null);
create index on bare_slot (session, id);
insert into bare_patient select generate_series(1, 100000);
"""
_BARE_TAKE = """
insert into bare_appointment (slot, patient)
select s.id, $2 from bare_slot s where s.session = $1
   and not exists (select 1 from bare_appointment a where a.slot = s.id)
 order by s.id offset (random() * 7)::int limit 1
on conflict do nothing returning id
"""
Work = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Clinic:
    """A hospital, what it is searched by, and the sessions that are booked."""

    tenant: Tenant
    department_id: UUID
    day: date
    role: PractitionerRole


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return bookings a second on one session and on many, and the page's requests a second beside their floors."""
    async with scratch() as settings:
        logs.configure(settings)
        clinic = await _clinic(await tenant(1, "hospital"), options)
        rates = await _bookings(settings, clinic, options)
        page = await _page(settings, clinic, options)
    return _report(rates, page, options)


def _report(
    rates: Mapping[str, tuple[float, float]], page: Mapping[str, Any], options: Mapping[str, int]
) -> dict[str, Any]:
    found = {
        name: {"figure": round(a, 1), "floor": round(b, 1), "ratio": round(a / b, 3), "aim": AIMS[name]}
        for name, (a, b) in rates.items()
    }
    is_met = all(one["figure"] >= one["aim"] for one in found.values()) and page["ratio"] >= AIMS["page"]
    return {
        **{name: found["one"][name] for name in ("figure", "floor", "ratio")},
        "unit": "bookings/s",
        "aim": f"one and many >= {AIMS['one']}/s, page >= {AIMS['page']} of its floor",
        "is_met": is_met,
        "rates": found,
        "page": dict(page),
        "is_stock_exact": True,
        **options,
    }


async def _bookings(
    settings: Settings, clinic: Clinic, options: Mapping[str, int]
) -> dict[str, tuple[float, float]]:
    count, many = options["bookings"], options["sessions"]
    people = await _people(clinic, 2 * count + MORE)
    one = await _sessions(clinic, [count])
    wide = await _sessions(clinic, [-(-count // many)] * many)
    url = settings.database_superuser_url.get_secret_value()
    bare = await asyncpg.create_pool(**credentials(url), min_size=1, max_size=8)
    assert bare is not None  # noqa: S101 - awaited above
    try:
        await bare.execute(_BARE)
        found = {}
        for name, sessions, who in (("one", one, people[:count]), ("many", wide, people[count:])):
            ours = await _rate(_ours(clinic, sessions, who), count, options["at_once"])
            found[name] = (
                ours,
                await _rate(await _floor(bare, len(sessions), count), count, options["at_once"]),
            )
        await _must_be_exact(clinic, one[0], count, people[-MORE:])
        return found
    finally:
        await bare.close()


async def _rate(work: Work, count: int, at_once: int) -> float:
    """Return how often a second the work is done, so many at once."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    begun = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return count / (time.perf_counter() - begun)


def _ours(clinic: Clinic, sessions: Sequence[UUID], people: Sequence[UUID]) -> Work:
    actor = system_actor(clinic.tenant.id)

    async def work(number: int) -> None:
        async with open_scope(tenant_scope(clinic.tenant.id)):
            await _book(actor, people[number], sessions[number % len(sessions)])

    return work


async def _book(actor: Actor, account_id: UUID, session_id: UUID) -> None:
    key = f"bench:{account_id}"
    await booking.book(
        actor, account_id=account_id, session_id=session_id, visit="first", channel="web", key=key
    )


async def _floor(bare: asyncpg.Pool, sessions: int, count: int) -> Work:
    """Bare SQL of the same kind: the patient locked, a free number taken by its unique key, a bill."""
    await bare.execute("truncate bare_slot, bare_appointment, bare_bill")
    await bare.execute(
        "insert into bare_slot (session) select n % $1 from generate_series(1, $2) n",
        sessions,
        count + 8 * sessions,
    )

    async def work(number: int) -> None:
        async with bare.acquire() as connection, connection.transaction():
            await connection.fetchval("select id from bare_patient where id = $1 for update", number + 1)
            made = None
            while made is None:
                made = await connection.fetchval(_BARE_TAKE, number % sessions, number + 1)
            await connection.execute("insert into bare_bill (appointment, total) values ($1, 5000)", made)

    return work


async def _must_be_exact(clinic: Clinic, session_id: UUID, count: int, late: Sequence[UUID]) -> None:
    """Refuse a measure after which the popular session is not exactly full, or anything is given or booked twice."""
    refused = await asyncio.gather(
        *(_ours(clinic, [session_id], late)(n) for n in range(len(late))), return_exceptions=True
    )
    async with open_scope(tenant_scope(clinic.tenant.id)):
        live, slots = [
            await value(f"select count({what}) from hospital_appointment where session_id = $1", session_id)
            for what in ("*", "distinct slot_id")
        ]
        wrong = await verify_ledger(clinic.tenant.id)
    if (live, slots) != (count, count) or wrong or not all(isinstance(one, Conflict) for one in refused):
        raise RuntimeError(f"{live} appointments on {slots} numbers of {count}: {wrong} {refused}")


async def _page(settings: Settings, clinic: Clinic, options: Mapping[str, int]) -> dict[str, Any]:
    person = new_id()
    async with open_scope(person_scope(person)):
        await Person.create(id=person, name="Bo Lim", email="bo@mail.example")
    path = f"/my/care/at/{clinic.tenant.slug}/departments/{clinic.department_id}"
    told = {"Cookie": f"session={await session_of(person)}", "Accept": "text/html"}
    env = {
        bare_clinic.TENANT: str(clinic.tenant.id),
        bare_clinic.DEPARTMENT: str(clinic.department_id),
        bare_clinic.DAY: clinic.day.isoformat(),
    }
    bare = ("deploy.bench.bare_clinic:app", "/department")
    return pair.figures(*await pair.rounds(settings, (path, told), bare, env, options))


async def _clinic(made: Tenant, options: Mapping[str, int]) -> Clinic:
    """Set up the hospital: departments, doctors and each one's three sessions a day."""
    chief, day = manager(made), today(made.timezone) + timedelta(days=1)
    async with open_scope(tenant_scope(made.id)):
        services = [await _service(chief, n) for n in range(options["departments"])]
        roles = [await _doctor(made, services[n % len(services)], n) for n in range(options["doctors"])]
        for ahead in range(options["days"]):
            of_day = day + timedelta(days=ahead)
            await calendar.write_sessions(
                [_session(made, role, of_day, part) for role in roles for part in PARTS]
            )
        await raw().execute("analyze hospital_session, hospital_slot")
    return Clinic(made, services[0].department_id, day, roles[0])


async def _service(chief: Actor, number: int) -> ClinicService:
    names = {"en": f"Department {number}", "zh_CN": f"科室{number}"}
    made = await setup.save_department(
        chief, department_id=None, code=f"D{number}", names=names, is_active=True
    )
    return await ClinicService.get(tenant_id=made.tenant_id, department_id=made.id)


async def _doctor(made: Tenant, service: ClinicService, number: int) -> PractitionerRole:
    doctor = await Doctor.create(
        tenant_id=made.id, code=f"D{number}", name=f"Doctor {number}", title="attending", about=""
    )
    return await PractitionerRole.create(
        tenant_id=made.id, doctor_id=doctor.id, service_id=service.id, department_id=service.department_id
    )


def _session(
    made: Tenant,
    role: PractitionerRole,
    day: date,
    part: tuple[str, int, int],
    quotas: Mapping[str, int] = QUOTAS,
) -> dict[str, Any]:
    name, begins, ends = part
    return {
        "tenant_id": made.id,
        "id": new_id(),
        "role_id": role.id,
        **{key: getattr(role, key) for key in ("doctor_id", "service_id", "department_id")},
        "place": "Room 1",
        "day": day,
        "part": name,
        "starts_at": at(day, begins * 60, made.timezone),
        "ends_at": at(day, ends * 60, made.timezone),
        "opens_at": datetime.now(UTC) - timedelta(days=1),
        "quotas": quotas,
    }


async def _sessions(clinic: Clinic, numbers: Sequence[int]) -> list[UUID]:
    """Return sessions beyond the days of the page, each with so many numbers for a first visit."""
    day = clinic.day + timedelta(days=30)
    made = [_session(clinic.tenant, clinic.role, day, PARTS[0], {"first": count}) for count in numbers]
    async with open_scope(tenant_scope(clinic.tenant.id)):
        await calendar.write_sessions(made)
    return [one["id"] for one in made]


async def _people(clinic: Clinic, count: int) -> list[UUID]:
    """Return patients, written at once."""
    found = [new_id() for _ in range(count)]
    async with open_scope(tenant_scope(clinic.tenant.id)):
        await raw().execute(_PEOPLE, clinic.tenant.id, found)
    return found
