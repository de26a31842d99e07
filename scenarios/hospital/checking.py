"""What holds for one patient who wants a number, asked in one statement once the patient's row is locked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from billing.names import Day
from scenarios.hospital.terms import BookingTerms
from tenants.models import Account
from tenants.scope import row
from ui.errors import Conflict, NotFound
from ui.i18n import t

_READY = """
select s.id, s.doctor_id, s.service_id, s.department_id, s.day, s.part, s.starts_at, s.ends_at, s.opens_at, s.status,
       d.title, t.currency,
       (select max(x.day) from hospital_appointment x where x.tenant_id = $1 and x.account_id = $2
           and x.service_id = s.service_id and x.status = 'fulfilled' and x.day <= s.day) last_day,
       (select count(*) from hospital_waiting w where w.tenant_id = $1 and w.session_id = s.id
           and w.status = 'offered' and w.offered_until > now() and w.visit = $4
           and w.account_id is distinct from $2)::int offered,
       (select max(b.until) from hospital_block b where b.tenant_id = $1 and b.account_id = $2 and not b.is_lifted
           and b.until >= day_in(t.timezone)) blocked_until,
       (select json_agg(json_build_object('session_id', x.session_id, 'department_id', x.department_id,
                'starts_at', x.starts_at, 'ends_at', x.ends_at)) from hospital_appointment x
         where x.tenant_id = $1 and x.account_id = $2 and x.status in ('pending', 'booked', 'arrived', 'called')
           and x.id is distinct from $5 and (x.day = s.day or x.session_id = s.id)) others,
       (select g.document from billing_terms g where g.tenant_id = $1 and g.section = $6) terms
  from hospital_session s join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
  join tenants_tenant t on t.id = $1
 where s.tenant_id = $1 and s.id = $3
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """A session as a patient finds it: when they were last seen there, what else they have, what holds for them."""

    session: Mapping[str, Any]
    last_day: date | None
    offered: int
    blocked_until: date | None
    others: Sequence[Mapping[str, Any]]
    terms: BookingTerms


async def ready(account: Account, session_id: UUID, *, visit: str, leaving: UUID | None = None) -> Ready:
    """Return what holds for a locked patient and a session; ``leaving`` is an appointment that they give up for it.

    Raises:
        NotFound: there is no such session.
    """
    found = await row(_READY, account.tenant_id, account.id, session_id, visit, leaving, BookingTerms.section)
    if found is None:
        raise NotFound("session.not_found", t("There is no such session."))
    return Ready(
        dict(found),
        found["last_day"],
        found["offered"],
        found["blocked_until"],
        [_read(one) for one in json.loads(found["others"] or "[]")],
        BookingTerms.model_validate(json.loads(found["terms"]) if found["terms"] else {}),
    )


def _read(other: Mapping[str, str]) -> dict[str, Any]:
    ids = {name: UUID(other[name]) for name in ("session_id", "department_id")}
    return {**ids, **{name: datetime.fromisoformat(other[name]) for name in ("starts_at", "ends_at")}}


def may_book(found: Ready) -> Sequence[Mapping[str, Any]]:
    """Return what else the patient has on that day; their row is locked, so that two forms cannot both pass.

    Raises:
        Conflict: blocked, in this session already, or too many on the day or in the department.
    """
    others, session = found.others, found.session
    if found.blocked_until:
        day = Day(found.blocked_until)
        text = t("After too many missed appointments, no booking is possible until {day}.", day=day)
        raise Conflict("visit.blocked", text, advice=t("You can ask the hospital to look into it."))
    if any(one["session_id"] == session["id"] for one in others):
        raise Conflict("visit.session", t("The patient has a number of this session."))
    same = sum(one["department_id"] == session["department_id"] for one in others)
    if same >= found.terms.per_department_day:
        text = t("The patient has an appointment in this department on that day.")
        raise Conflict("visit.department", text)
    if len(others) >= found.terms.per_day:
        raise Conflict("visit.day", t("The patient has as many appointments on that day as one may have."))
    return others
