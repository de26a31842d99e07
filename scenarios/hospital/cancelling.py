"""Not coming after all: cancelled by the rule that was shown before paying, or changed to another time."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from billing.holds import refunding
from billing.holds.ending import cancel as let_go
from billing.idempotency import Answer, once
from billing.reasons import about, standard
from scenarios.hospital import calendar, checking, pricing
from scenarios.hospital.booking import locked_patient, record, take
from scenarios.hospital.models import Appointment
from scenarios.hospital.moving import locked, move, require
from scenarios.hospital.waiting import offer_next
from tenants.actor import Actor
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, NotFound
from ui.i18n import N_, t

CANCELLED = standard(N_("Appointment cancelled"))


async def cancel(actor: Actor, *, appointment_id: UUID, seen_kept_minor: int, key: str) -> Appointment:
    """Cancel an appointment and give back what the rule does not keep, once for each ``key``.

    Raises:
        Conflict: it has moved on, or the rule keeps more by now than was shown.
    """

    async def do() -> Answer:
        await _cancel(actor, appointment_id, seen_kept_minor)
        return {"appointment_id": str(appointment_id)}

    body = {"appointment": str(appointment_id), "kept": seen_kept_minor}
    await once(actor, key=key, act="visit.cancel", body=body, do=do)
    return await Appointment.get(tenant_id=actor.tenant_id, id=appointment_id)


async def give_up(actor: Actor, *, appointment_id: UUID) -> None:
    """Let go of a number that is still being paid, outside of any scope: a payment under way is asked about first.

    Raises:
        Conflict: it has been paid, or a payment may still succeed.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await Appointment.get(tenant_id=actor.tenant_id, id=appointment_id)
    if found.hold_id is not None:
        await let_go(actor, found.hold_id)


async def _cancel(actor: Actor, appointment_id: UUID, seen_kept: int) -> None:
    found = await _read(actor, appointment_id)
    require(found, "cancel")
    kept = await pricing.kept_of(found)
    if kept != seen_kept:
        text = t("What the hospital keeps has changed since you opened the page. Please look again.")
        raise Conflict("visit.kept", text)
    await refund(actor, found, found.price_minor - kept, why=CANCELLED)
    found = await locked(actor, appointment_id)
    await move(found, "cancel", kept_minor=kept, end_reason="patient")
    await record(actor, found, "visit.cancelled", kept_minor=kept, currency=found.currency)
    await offer_next(actor, found.session_id)


async def _read(actor: Actor, appointment_id: UUID) -> Appointment:
    found = await Appointment.get_or_none(tenant_id=actor.tenant_id, id=appointment_id)
    if found is None:
        raise NotFound("visit.not_found", t("There is no such appointment, or it is not yours to see."))
    return found


async def refund(actor: Actor, found: Appointment, amount_minor: int, *, why: str) -> None:
    """Give back so much of a registration fee to where it came from, before the appointment itself is locked.

    The reason names nothing but the appointment, since the payer's bank may show it.
    """
    if amount_minor <= 0 or found.hold_id is None:
        return
    await refunding.refund(
        actor,
        hold_id=found.hold_id,
        amount_minor=amount_minor,
        reason=about(why, found.reference),
        key=f"visit-back:{found.id}",
        is_policy=True,
    )


async def change(actor: Actor, *, appointment_id: UUID, session_id: UUID, key: str) -> Appointment:
    """Move an appointment to another session of the same price; what was paid goes with it.

    Raises:
        Conflict: it has moved on, the other session is full, closed or costs something else.
    """

    async def do() -> Answer:
        return {"appointment_id": str(await _change(actor, appointment_id, session_id))}

    body = {"appointment": str(appointment_id), "session": str(session_id)}
    answer = await once(actor, key=key, act="visit.change", body=body, do=do)
    return await Appointment.get(tenant_id=actor.tenant_id, id=UUID(answer["appointment_id"]))


async def _change(actor: Actor, appointment_id: UUID, session_id: UUID) -> UUID:
    found = await _read(actor, appointment_id)
    tenant, account = await locked_patient(actor, found.account_id)
    found = await locked(actor, appointment_id)
    require(found, "move")
    session = await calendar.session_seen(tenant.id, session_id)
    if session is None or not calendar.is_open(session):
        raise Conflict("session.closed", t("The numbers of this session are not open."))
    told = await pricing.price_of(account, session, visit=found.visit, zone=tenant.timezone)
    if told.amount_minor != found.price_minor:
        text = t("This session has another price. Cancel the appointment and book the other one.")
        raise Conflict("visit.price", text)
    made = await replace(actor, found, account, session)
    await offer_next(actor, found.session_id)
    return made


async def replace(
    actor: Actor, found: Appointment, account: Account, session: Mapping[str, Any], *, edge: str = "move"
) -> UUID:
    """Take a number in another session for an appointment, which ends; bill and payment go to the new one."""
    ready = await checking.ready(account, session["id"], visit=found.visit, leaving=found.id)
    taken = await take(
        actor,
        account,
        ready,
        visit=found.visit,
        channel=found.channel,
        price_minor=found.price_minor,
        changed_from=found,
    )
    await move(found, edge, end_reason="moved")
    await record(actor, taken, "visit.changed")
    return taken.id
