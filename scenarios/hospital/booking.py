"""Taking a number. What keeps two patients off one number is a unique index of the database, never a query.

A number is free as long as it has no live appointment. Whoever books looks for a free one and writes the appointment;
where somebody else was faster, the index refuses it, and the next free number is tried. The patient's own row is
locked meanwhile, so that what holds for one patient (no overlap, so many a day, not blocked) holds for two forms at
once as well; all of it is asked in one statement (``checking``). What is to be paid is held before the number is taken,
so that others wait for it as shortly as can be.
"""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.charges.quoting import Quote
from billing.holds import service as holds
from billing.idempotency import Answer, once
from billing.models import Hold
from billing.payments.numbers import new_number
from billing.plans.single import Charge
from scenarios.hospital import calendar, checking, pricing, waiting
from scenarios.hospital.kinds import OPEN_TO, VISITS
from scenarios.hospital.models import Appointment
from tenants import audit
from tenants.actor import Actor
from tenants.codes import new_code
from tenants.ids import new_id
from tenants.models import Account
from tenants.scope import row, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

HOLD_KIND = "hospital.appointment"
AMONG = 8
"""A number is drawn from so many of the first free ones, so that a crowd does not queue for the very first."""
CODE_LENGTH = 8
_LOCK = """
select t.timezone, t.currency, a.* from hospital_patient p
  join tenants_account a on a.tenant_id = $1 and a.id = p.account_id and a.kind = 'patient' and a.is_active
  join tenants_tenant t on t.id = $1
 where p.tenant_id = $1 and p.account_id = $2 for update of p
"""
_TAKE = """
insert into hospital_appointment (tenant_id, id, account_id, slot_id, session_id, department_id, service_id, reference,
  code, visit, quota, channel, status, day, starts_at, ends_at, price_minor, currency, booked_by, booked_by_name,
  changed_from, hold_id, bill_id, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
  clock_timestamp())
on conflict do nothing returning *
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

    made: list[Appointment] = []

    async def do() -> Answer:
        asked = Asked(visit, channel, from_at, seen_minor, wanted)
        made.append(await _book(actor, account_id, session_id, asked, key))
        return {"appointment_id": str(made[0].id)}

    answer = await once(actor, key=key, act="visit.book", body=body, do=do)
    if made:
        return made[0]
    return await Appointment.get(tenant_id=actor.tenant_id, id=UUID(answer["appointment_id"]))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was chosen: the kind of visit, by which way, from when on, at which price, and maybe one number alone."""

    visit: str
    channel: str
    from_at: datetime | None
    seen_minor: int | None
    wanted: Wanted | None


async def _book(actor: Actor, account_id: UUID, session_id: UUID, asked: Asked, key: str) -> Appointment:
    tenant, account = await locked_patient(actor, account_id)
    if asked.wanted:
        await asked.wanted.check()
    if asked.visit not in VISITS:
        raise Invalid("visit.kind", t("Choose a first or a return visit."), fields={"visit": _CHOOSE})
    ready = await checking.ready(account, session_id, visit=asked.visit)
    _must_be_open(ready.session, asked.channel)
    told = await pricing.quoted(
        account, ready.session, visit=asked.visit, zone=tenant.timezone, last=ready.last_day
    )
    if asked.seen_minor is not None and told.amount_minor != asked.seen_minor:
        text = t("The price has changed since you opened the page. Please look again.")
        raise Conflict("visit.price", text)
    if asked.channel != "desk" and ready.offered:
        await waiting.must_not_be_offered(tenant.id, session_id, asked.visit, account_id)
    made = await take(
        actor,
        account,
        ready,
        visit=asked.visit,
        channel=asked.channel,
        from_at=asked.from_at,
        slot_id=asked.wanted.slot_id if asked.wanted else None,
        pay=Paying(told, ready.terms.hold_minutes, key) if told.amount_minor else None,
    )
    await record(actor, made, "visit.booked")
    return made


@dataclass(frozen=True, slots=True)
class Paying:
    """What a number costs, and how long it is kept while that is paid; ``key`` names the booking."""

    told: Quote
    minutes: int
    key: str


_CHOOSE = t("Choose one.")


@dataclass(frozen=True, slots=True)
class Place:
    """The hospital, as far as a booking needs it."""

    id: UUID
    timezone: str
    currency: str


async def locked_patient(actor: Actor, account_id: UUID) -> tuple[Place, Account]:
    """Return the hospital and the patient's account, with the patient locked for this transaction.

    Raises:
        NotFound: there is no such patient.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    found = await row(_LOCK, actor.tenant_id, account_id)
    if found is None:
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    columns = Account._meta.fields_db_projection.values()  # noqa: SLF001 - as Tortoise makes it of its own rows
    account = Account._init_from_db(**{name: found[name] for name in columns})  # noqa: SLF001
    return Place(actor.tenant_id, found["timezone"], found["currency"]), account


def _must_be_open(session: Mapping[str, Any] | None, channel: str) -> None:
    if session is None:
        raise NotFound("session.not_found", t("There is no such session."))
    if session["status"] != "planned":
        raise _stopped()
    if session["ends_at"] <= datetime.now(UTC):
        raise Conflict("session.over", t("This session is over. Choose another one."))
    if channel != "desk" and session["opens_at"] > datetime.now(UTC):
        raise Conflict("session.closed", t("The numbers of this session are not open yet."))


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
    ready: checking.Ready,
    *,
    visit: str,
    channel: str,
    from_at: datetime | None = None,
    price_minor: int = 0,
    changed_from: Appointment | None = None,
    slot_id: UUID | None = None,
    pay: Paying | None = None,
) -> Appointment:
    """Write an appointment on the first number that nobody else gets; the patient is locked already.

    ``slot_id`` is the one number that will do. What there is to ``pay`` is held once a number is seen to be free.

    Raises:
        Conflict: no number is left, or the patient may not have one.
    """
    kinds = [kind for kind in OPEN_TO[channel] if kind in {visit, "phone", "desk", "reserved"}]
    await _keep_from_stopping(account.tenant_id, ready.session["id"])
    busy = checking.may_book(ready)
    number = await new_number("V", account.tenant_id)
    making = _Making(new_id(), number, visit, channel, price_minor, changed_from)
    while True:
        free = await calendar.free_slots(account.tenant_id, ready.session["id"], kinds)
        if slot_id is not None:
            free = _only(free, slot_id)
        slot = _draw(_fitting(free, busy, from_at), kinds, is_exact=from_at is not None)
        if pay is not None and making.hold is None:
            making = replace(
                making, hold=await _hold(actor, account, making, pay), price_minor=pay.told.amount_minor
            )
        made = await _insert(actor, account, ready.session, slot, making)
        if made is not None:
            return made


@dataclass(frozen=True, slots=True)
class _Making:
    """An appointment that is being made, before it has its number."""

    id: UUID
    reference: str
    visit: str
    channel: str
    price_minor: int
    changed_from: Appointment | None
    hold: Hold | None = None

    @property
    def status(self) -> str:
        """Pending while something is to be paid; a bill that nothing is left of is kept at once."""
        is_open = self.price_minor and self.changed_from is None
        return "pending" if is_open and not (self.hold and self.hold.status == "kept") else "booked"


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


async def _insert(
    actor: Actor, account: Account, session: Mapping[str, Any], slot: Any, making: _Making
) -> Appointment | None:
    old, hold = making.changed_from, making.hold
    found = await row(
        _TAKE,
        account.tenant_id,
        making.id,
        account.id,
        slot["id"],
        session["id"],
        session["department_id"],
        session["service_id"],
        making.reference,
        new_code(CODE_LENGTH),
        making.visit,
        slot["kind"],
        making.channel,
        making.status,
        session["day"],
        slot["starts_at"],
        slot["ends_at"],
        making.price_minor,
        old.currency if old else session["currency"],
        actor.person_id,
        actor.name[:100],
        old.id if old else None,
        hold.id if hold else old and old.hold_id,
        hold.bill_id if hold else old and old.bill_id,
    )
    return Appointment._init_from_db(**dict(found)) if found else None  # noqa: SLF001 - as Tortoise makes it


async def _hold(actor: Actor, account: Account, making: _Making, pay: Paying) -> Hold:
    return await holds.place(
        actor,
        kind=HOLD_KIND,
        subject_id=making.id,
        account_id=account.id,
        charges=[Charge(pay.told.amount_minor, fee_item_id=pay.told.fee_item_id)],
        until=datetime.now(UTC) + timedelta(minutes=pay.minutes),
        reference=making.reference,
        key=f"hold:{pay.key[:60]}",
    )


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
