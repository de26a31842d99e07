"""Sessions and their numbers: made from the weekly templates, seen by department, doctor and day."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from scenarios.hospital.days import at, days_from
from scenarios.hospital.kinds import QUOTAS
from scenarios.hospital.models import ScheduleTemplate
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import raw, row, rows, value

LONGEST_AHEAD = 60
_DONE = "select template_id, day from hospital_session where tenant_id = $1 and day >= $2"
_ROLES = (
    "select id, doctor_id, service_id, department_id from hospital_practitioner_role where tenant_id = $1"
)
_SESSION = (
    "tenant_id", "id", "template_id", "role_id", "doctor_id", "service_id", "department_id", "place", "day", "part",
    "starts_at", "ends_at", "opens_at", "quotas",
)  # fmt: skip
_SLOT = ("tenant_id", "id", "session_id", "number", "kind", "starts_at", "ends_at")
_FREEING = "('lapsed', 'cancelled', 'stopped', 'moved')"
TAKEN = f"""
left join lateral (
  select count(*)::int taken, count(*) filter (where x.quota = 'first')::int taken_first,
         count(*) filter (where x.quota = 'return')::int taken_return
    from hospital_appointment x
   where x.tenant_id = $1 and x.session_id = s.id and x.status not in {_FREEING}
) live on true
"""
SEEN = """
select s.id, s.role_id, s.doctor_id, s.service_id, s.department_id, s.place, s.day, s.part, s.starts_at, s.ends_at,
       s.opens_at, s.quotas, s.status, s.stop_reason, d.name doctor, d.title, sv.names service, dp.names department
"""
JOINED = """
  from hospital_session s
  join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
  join hospital_service sv on sv.tenant_id = $1 and sv.id = s.service_id
  join hospital_department dp on dp.tenant_id = $1 and dp.id = s.department_id
"""
_ONE = f"{SEEN}, live.* {JOINED} {TAKEN} where s.tenant_id = $1 and s.id = $2"
_OPEN = f"""
{SEEN}, live.* {JOINED} {TAKEN}
 where s.tenant_id = $1 and ($2::uuid is null or s.department_id = $2) and ($3::uuid is null or s.doctor_id = $3)
   and s.day between $4 and $5 and s.ends_at > now() and s.status = 'planned'
 order by s.day, s.starts_at, d.name
"""
_DAYS = f"""
select s.day, coalesce(sum(greatest(coalesce((s.quotas->>'first')::int, 0) - coalesce(live.first, 0), 0)
                         + greatest(coalesce((s.quotas->>'return')::int, 0) - coalesce(live.return, 0), 0))
                       filter (where s.opens_at <= now()), 0)::int left
  from hospital_session s
  left join (select x.session_id, count(*) filter (where x.quota = 'first') first,
                    count(*) filter (where x.quota = 'return') return
               from hospital_appointment x
              where x.tenant_id = $1 and x.department_id = $2 and x.day between $3 and $4 and x.status not in {_FREEING}
              group by x.session_id) live on live.session_id = s.id
 where s.tenant_id = $1 and s.department_id = $2 and s.day between $3 and $4 and s.ends_at > now()
   and s.status = 'planned'
 group by s.day order by s.day
"""
_FREE = f"""
select l.id, l.number, l.kind, l.starts_at, l.ends_at from hospital_slot l
 where l.tenant_id = $1 and l.session_id = $2 and l.kind = any ($3) and l.ends_at > now()
   and not exists (select 1 from hospital_appointment x
                    where x.tenant_id = $1 and x.slot_id = l.id and x.status not in {_FREEING})
 order by l.number
"""


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a session to be made."""

    number: int
    kind: str
    starts_at: datetime
    ends_at: datetime


def numbers_of(quotas: Mapping[str, int], starts_at: datetime, ends_at: datetime) -> list[Number]:
    """Return a session's numbers, evenly over its time, the kinds taking turns so that each has early ones."""
    left = {kind: quotas.get(kind, 0) for kind in QUOTAS if quotas.get(kind, 0) > 0}
    whole = dict(left)
    order: list[str] = []
    while left:
        kind = max(left, key=lambda one: left[one] / whole[one])
        order.append(kind)
        left = {one: count - (one == kind) for one, count in left.items() if count > (one == kind)}
    step = (ends_at - starts_at) / max(len(order), 1)
    return [
        Number(n + 1, kind, starts_at + step * n, starts_at + step * (n + 1)) for n, kind in enumerate(order)
    ]


async def make_sessions(tenant: Tenant, *, days: int | None = None) -> int:
    """Make the sessions that templates call for and that are not there yet; return how many. Safe to repeat."""
    first = today(tenant.timezone)
    there = {(one["template_id"], one["day"]) for one in await rows(_DONE, tenant.id, first)}
    roles = {one["id"]: one for one in await rows(_ROLES, tenant.id)}
    sessions = [
        _session(tenant, template, roles[template.role_id], day)
        for template in await ScheduleTemplate.filter(tenant_id=tenant.id).order_by("id")
        for day in days_from(first, days if days is not None else template.days_ahead + 1)
        if _holds(template, day) and (template.id, day) not in there
    ]
    await write_sessions(sessions)
    return len(sessions)


def _holds(template: ScheduleTemplate, day: date) -> bool:
    is_over = template.until is not None and day > template.until
    return day.weekday() == template.weekday and day >= template.since and not is_over


def _session(
    tenant: Tenant, template: ScheduleTemplate, role: Mapping[str, Any], day: date
) -> dict[str, Any]:
    opening = at(day - timedelta(days=template.days_ahead), template.opens, tenant.timezone)
    return {
        "tenant_id": tenant.id,
        "id": new_id(),
        "template_id": template.id,
        "role_id": template.role_id,
        **{name: role[name] for name in ("doctor_id", "service_id", "department_id")},
        "place": template.place,
        "day": day,
        "part": template.part,
        "starts_at": at(day, template.begins, tenant.timezone),
        "ends_at": at(day, template.ends, tenant.timezone),
        "opens_at": opening,
        "quotas": template.quotas,
    }


async def write_sessions(sessions: Sequence[Mapping[str, Any]]) -> None:
    """Write sessions with all their numbers by COPY, in the open tenant scope."""
    if not sessions:
        return
    records = [
        tuple(json.dumps(one[name]) if name == "quotas" else one.get(name) for name in _SESSION)
        for one in sessions
    ]
    slots = [
        (one["tenant_id"], new_id(), one["id"], n.number, n.kind, n.starts_at, n.ends_at)
        for one in sessions
        for n in numbers_of(one["quotas"], one["starts_at"], one["ends_at"])
    ]
    await _copy("hospital_session", _SESSION, records)
    await _copy("hospital_slot", _SLOT, slots)


async def _copy(table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows at once. COPY itself is refused under row-level security, so arrays do it."""
    types = await rows(
        "select attname, format_type(atttypid, null) kind from pg_attribute where attrelid = $1::regclass",
        table,
    )
    kind = {one["attname"]: one["kind"] for one in types}
    arrays = ", ".join(f"${n}::{_array(kind[name])}" for n, name in enumerate(columns, start=1))
    chosen = ", ".join(f"{name}::jsonb" if kind[name] == "jsonb" else name for name in columns)
    await raw().execute(
        f"insert into {table} ({', '.join(columns)}) select {chosen} from unnest({arrays}) as u ({', '.join(columns)})",
        *(list(column) for column in zip(*records, strict=True)),
    )


def _array(kind: str) -> str:
    return "text[]" if kind == "jsonb" else f"{kind}[]"


async def session_seen(tenant_id: UUID, session_id: UUID) -> dict[str, Any] | None:
    """Return one session with its doctor, service, department and how many of its numbers are taken."""
    found = await row(_ONE, tenant_id, session_id)
    return as_seen(found) if found else None


def as_seen(found: Any) -> dict[str, Any]:
    """Return a session's row with its documents read."""
    read = {name: json.loads(found[name]) for name in ("quotas", "service", "department")}
    return {**dict(found), **read}


def left_of(session: Mapping[str, Any], visit: str = "") -> int:
    """Return how many numbers patients themselves can still have, of one kind of visit or of both."""
    wanted = (visit,) if visit else ("first", "return")
    return sum(max(session["quotas"].get(kind, 0) - session[f"taken_{kind}"], 0) for kind in wanted)


async def open_sessions(
    tenant_id: UUID,
    *,
    department_id: UUID | None = None,
    doctor_id: UUID | None = None,
    first: date,
    days: int,
) -> list[dict[str, Any]]:
    """Return the sessions that take place in ``days`` days from ``first``, each with what is taken of it."""
    last = first + timedelta(days=days - 1)
    found = await rows(_OPEN, tenant_id, department_id, doctor_id, first, last)
    return [as_seen(one) for one in found]


async def days_of(tenant_id: UUID, department_id: UUID, *, first: date, days: int) -> dict[date, int]:
    """Return the days on which a department's sessions take place, each with the numbers that can be had now."""
    last = first + timedelta(days=days - 1)
    found = await rows(_DAYS, tenant_id, department_id, first, last)
    return {one["day"]: one["left"] for one in found}


async def free_slots(tenant_id: UUID, session_id: UUID, kinds: Sequence[str]) -> list[Any]:
    """Return the numbers of these kinds that can be had now, in their order."""
    return list(await rows(_FREE, tenant_id, session_id, list(kinds)))


def is_open(session: Mapping[str, Any]) -> bool:
    """Tell whether numbers of a session can be had now."""
    now = datetime.now(UTC)
    return bool(session["status"] == "planned" and session["opens_at"] <= now < session["ends_at"])


async def next_opening(tenant_id: UUID, department_id: UUID) -> datetime | None:
    """Return when the next numbers of a department open, if any are waiting to."""
    found: datetime | None = await value(
        "select min(opens_at) from hospital_session where tenant_id = $1 and department_id = $2"
        " and status = 'planned' and opens_at > now()",
        tenant_id,
        department_id,
    )
    return found
