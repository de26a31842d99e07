"""Taking a number. What keeps two patients off one number is a unique index of the database, never a query.

A number is free as long as it has no live appointment. Whoever books looks for a free one and writes the appointment;
where somebody else was faster, the index refuses it, and the next free number is tried. The patient's own row is
locked meanwhile, so that what holds for one patient (no overlap, so many a day, not blocked) holds for two forms at
once as well.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.charges.quoting import Quote
from billing.holds import service as holds
from billing.idempotency import Answer, once
from billing.names import Day
from billing.payments.numbers import new_number
from billing.plans.single import Charge
from billing.terms import terms_of
from scenarios.hospital import calendar, pricing, waiting
from scenarios.hospital.kinds import OPEN_TO, VISITS
from scenarios.hospital.models import Appointment
from scenarios.hospital.terms import BookingTerms
from tenants import audit
from tenants.actor import Actor
from tenants.codes import new_code
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import rows, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

HOLD_KIND = "hospital.appointment"
AMONG = 8
"""A number is drawn from so many of the first free ones, so that a crowd does not queue for the very first."""
CODE_LENGTH = 8
_LOCK = "select id from hospital_patient where tenant_id = $1 and account_id = $2 for update"
_BLOCKED = """
select until from hospital_block where tenant_id = $1 and account_id = $2 and not is_lifted
   and until >= (now() at time zone (select timezone from tenants_tenant where id = $1))::date
 order by until desc limit 1
"""
_OTHERS = """
select session_id, day, department_id, starts_at, ends_at from hospital_appointment
 where tenant_id = $1 and account_id = $2 and status in ('pending', 'booked', 'arrived', 'called')
   and id is distinct from $3 and (day = $4 or session_id = $5)
"""
_TAKE = """
insert into hospital_appointment (tenant_id, id, account_id, slot_id, session_id, department_id, service_id, reference,
  code, visit, quota, channel, status, day, starts_at, ends_at, price_minor, currency, booked_by, booked_by_name,
  changed_from)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
  coalesce($18, (select currency from tenants_tenant where id = $1)), $19, $20, $21)
on conflict do nothing returning id
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One number and no other. ``check`` refuses, before it is taken, when it is not what was seen any more."""

    slot_id: UUID
    check: Callable[[], Awaitable[None]]


async def book(
    actor: Actor,
    *,
    account_id: UUID,
    session_id: UUID,
    visit: str,
    channel: str,
    key: str,
    from_at: datetime | None = None,
    seen_minor: int | None = None,
    wanted: Wanted | None = None,
) -> Appointment:
    """Take a number for a patient, once for each ``key``, in the hospital's scope.

    What is to be paid is held for a while; what is free is booked at once. ``from_at`` asks for a number from that
    time on, ``wanted`` for one number and no other. ``seen_minor`` is the price that was shown.

    Raises:
        Conflict: the session is full, not open, or the patient may not take it; the code says which.
        NotFound: there is no such session or patient.
    """
    body = {"account": str(account_id), "session": str(session_id), "visit": visit, "channel": channel}
    body |= {"from": from_at.isoformat() if from_at else ""}
    body |= {"slot": str(wanted.slot_id)} if wanted else {}

    async def do() -> Answer:
        made = await _book(actor, account_id, session_id, visit, channel, from_at, seen_minor, wanted, key)
        return {"appointment_id": str(made)}

    answer = await once(actor, key=key, act="visit.book", body=body, do=do)
    return await Appointment.get(tenant_id=actor.tenant_id, id=UUID(answer["appointment_id"]))


async def _book(  # noqa: PLR0917 - one value of each thing that was chosen
    actor: Actor,
    account_id: UUID,
    session_id: UUID,
    visit: str,
    channel: str,
    from_at: datetime | None,
    seen_minor: int | None,
    wanted: Wanted | None,
    key: str,
) -> UUID:
    tenant, account = await locked_patient(actor, account_id)
    if wanted:
        await wanted.check()
    session = await _open_session(tenant, session_id, channel)
    if visit not in VISITS:
        raise Invalid("visit.kind", t("Choose a first or a return visit."), fields={"visit": _CHOOSE})
    told = await pricing.price_of(account, session, visit=visit, zone=tenant.timezone)
    if seen_minor is not None and told.amount_minor != seen_minor:
        raise Conflict(
            "visit.price", t("The price has changed since you opened the page. Please look again.")
        )
    if channel != "desk":
        await waiting.must_not_be_offered(tenant.id, session_id, visit, account_id)
    made_id = await take(
        actor,
        account,
        session,
        visit=visit,
        channel=channel,
        from_at=from_at,
        price_minor=told.amount_minor,
        slot_id=wanted.slot_id if wanted else None,
    )
    made = await Appointment.get(tenant_id=tenant.id, id=made_id)
    if told.amount_minor:
        await _hold(actor, account, made, told, key)
    await record(actor, made, "visit.booked")
    return made_id


_CHOOSE = t("Choose one.")


async def locked_patient(actor: Actor, account_id: UUID) -> tuple[Tenant, Account]:
    """Return the hospital and the patient's account, with the patient locked for this transaction.

    Raises:
        NotFound: there is no such patient.
    """
    tenant = await Tenant.get(id=actor.tenant_id)
    account = await Account.get_or_none(tenant_id=tenant.id, id=account_id, kind="patient", is_active=True)
    if account is None or await value(_LOCK, tenant.id, account_id) is None:
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    return tenant, account


async def _open_session(tenant: Tenant, session_id: UUID, channel: str) -> dict[str, Any]:
    session = await calendar.session_seen(tenant.id, session_id)
    if session is None:
        raise NotFound("session.not_found", t("There is no such session."))
    if session["status"] != "planned":
        raise _stopped()
    if session["ends_at"] <= datetime.now(UTC):
        raise Conflict("session.over", t("This session is over. Choose another one."))
    if channel != "desk" and session["opens_at"] > datetime.now(UTC):
        raise Conflict("session.closed", t("The numbers of this session are not open yet."))
    return session


def _stopped() -> Conflict:
    return Conflict("session.stopped", t("This session does not take place. Choose another one."))


async def _keep_from_stopping(tenant_id: UUID, session_id: UUID) -> None:
    """Wait for whoever is just stopping the session, and let nobody do so before this booking is written."""
    status = await value(
        "select status from hospital_session where tenant_id = $1 and id = $2 for share",
        tenant_id,
        session_id,
    )
    if status != "planned":
        raise _stopped()


async def take(
    actor: Actor,
    account: Account,
    session: Mapping[str, Any],
    *,
    visit: str,
    channel: str,
    from_at: datetime | None = None,
    price_minor: int = 0,
    changed_from: Appointment | None = None,
    slot_id: UUID | None = None,
) -> UUID:
    """Write an appointment on the first number that nobody else gets; the patient is locked already.

    ``slot_id`` is the one number that will do.

    Raises:
        Conflict: no number is left, or the patient may not have one.
    """
    kinds = [kind for kind in OPEN_TO[channel] if kind in {visit, "phone", "desk", "reserved"}]
    await _keep_from_stopping(account.tenant_id, session["id"])
    busy = await may_book(account, session, leaving=changed_from)
    while True:
        free = await calendar.free_slots(account.tenant_id, session["id"], kinds)
        if slot_id is not None:
            free = _only(free, slot_id)
        slot = _draw(_fitting(free, busy, from_at), kinds, is_exact=from_at is not None)
        made = await _insert(actor, account, session, slot, visit, channel, price_minor, changed_from)
        if made is not None:
            return made


def _only(free: Sequence[Any], slot_id: UUID) -> list[Any]:
    found = [one for one in free if one["id"] == slot_id]
    if not found:
        raise Conflict("visit.taken", t("This number has been taken. Choose another one."))
    return found


def _fitting(free: Sequence[Any], busy: Sequence[Any], from_at: datetime | None) -> Sequence[Any]:
    """Return the free numbers at whose time the patient has nothing else, from the wanted time on if there are any."""
    if not free:
        raise waiting.full()
    able = [
        one
        for one in free
        if not any(each["starts_at"] < one["ends_at"] and each["ends_at"] > one["starts_at"] for each in busy)
    ]
    if not able:
        raise Conflict("visit.overlaps", t("The patient has another appointment at this time."))
    return [one for one in able if from_at is None or one["starts_at"] >= from_at] or able


def _draw(free: Sequence[Any], kinds: Sequence[str], *, is_exact: bool) -> Any:
    """Return one of the first free numbers, of the first kind that has any."""
    best = next(kind for kind in kinds if any(one["kind"] == kind for one in free))
    own = [one for one in free if one["kind"] == best]
    return own[0] if is_exact else random.choice(own[:AMONG])  # noqa: S311 - spreads a crowd, guards nothing


async def _insert(  # noqa: PLR0917 - one value of each thing that was chosen
    actor: Actor,
    account: Account,
    session: Mapping[str, Any],
    slot: Any,
    visit: str,
    channel: str,
    price_minor: int,
    changed_from: Appointment | None,
) -> UUID | None:
    found: UUID | None = await value(
        _TAKE,
        account.tenant_id,
        new_id(),
        account.id,
        slot["id"],
        session["id"],
        session["department_id"],
        session["service_id"],
        new_number("V"),
        new_code(CODE_LENGTH),
        visit,
        slot["kind"],
        channel,
        "pending" if price_minor and changed_from is None else "booked",
        session["day"],
        slot["starts_at"],
        slot["ends_at"],
        price_minor,
        changed_from.currency if changed_from else None,
        actor.person_id,
        actor.name[:100],
        changed_from.id if changed_from else None,
    )
    return found


async def may_book(
    account: Account, session: Mapping[str, Any], *, leaving: Appointment | None = None
) -> Sequence[Any]:
    """Return what else the patient has on that day; the patient's row is locked, so that two forms cannot both pass.

    Raises:
        Conflict: blocked, in this session already, or too many on the day or in the department.
    """
    tenant_id, left = account.tenant_id, leaving.id if leaving else None
    until = await value(
        _BLOCKED,
        tenant_id,
        account.id,
    )
    if until:
        text = t("After too many missed appointments, no booking is possible until {day}.", day=Day(until))
        raise Conflict("visit.blocked", text, advice=t("You can ask the hospital to look into it."))
    terms = await terms_of(tenant_id, BookingTerms)
    others = await rows(_OTHERS, tenant_id, account.id, left, session["day"], session["id"])
    if any(one["session_id"] == session["id"] for one in others):
        raise Conflict("visit.session", t("The patient has a number of this session."))
    if sum(one["department_id"] == session["department_id"] for one in others) >= terms.per_department_day:
        text = t("The patient has an appointment in this department on that day.")
        raise Conflict("visit.department", text)
    if len(others) >= terms.per_day:
        raise Conflict("visit.day", t("The patient has as many appointments on that day as one may have."))
    return others


async def _hold(actor: Actor, account: Account, made: Appointment, told: Quote, key: str) -> None:
    terms = await terms_of(made.tenant_id, BookingTerms)
    hold = await holds.place(
        actor,
        kind=HOLD_KIND,
        subject_id=made.id,
        account_id=account.id,
        charges=[Charge(told.amount_minor, fee_item_id=told.fee_item_id)],
        until=datetime.now(UTC) + timedelta(minutes=terms.hold_minutes),
        reference=made.reference,
        key=f"hold:{key[:60]}",
    )
    made.hold_id, made.bill_id = hold.id, hold.bill_id
    await made.save(update_fields=["hold_id", "bill_id"])


async def record(actor: Actor, made: Appointment, act: str, **after: Any) -> None:
    """Write an act about an appointment into the trail; neither doctor nor department is named there."""
    await audit.record(
        actor,
        act,
        subject_kind="appointment",
        subject_id=made.id,
        subject_label=made.reference,
        after={"status": made.status, "channel": made.channel, **after},
    )
