"""Somebody comes to stay: by the hospital's system or by the desk, in one bed at a time, with their own deposit."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.payments.numbers import new_number
from billing.wallets.kinds import WalletKind, register_wallet
from billing.wallets.service import open_wallet
from scenarios.hospital.inpatient.states import LIVE, STAY
from scenarios.hospital.kinds import SCENARIO_KEY
from scenarios.hospital.models import Patient, Stay, StayCharge
from scenarios.hospital.places import Place, columns, tidy
from scenarios.hospital.rights import STAYS_WORK
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

DEPOSIT = WalletKind("inpatient", {"en": "Inpatient deposit", "zh_CN": "住院押金"}, SCENARIO_KEY)
register_wallet(DEPOSIT)
BED_MAX = 20
DONE = {
    "leave": "leaving",
    "return": "returned",
    "discharge": "discharged",
    "reopen": "reopened",
    "cancel": "cancelled",
}
"""What each edge is called when it is past, in the audit trail."""


async def admit(actor: Actor, *, account_id: UUID, ward: str, bed: str) -> Stay:
    """Begin a stay at the desk, with the patient in front of it.

    Raises:
        Conflict: the patient is in hospital already, or somebody lies in that bed.
        Invalid: no bed was named.
        NotFound: there is no such patient.
    """
    actor.require(STAYS_WORK)
    place = Place(tidy(ward), tidy(bed))
    if not 0 < len(place.bed) <= BED_MAX or len(place.ward) > BED_MAX:
        text = t("Enter the bed as it stands on the wristband.")
        raise Invalid("stay.bed", text, fields={"bed": text})
    return await begin(actor, account_id, place)


async def begin(
    actor: Actor,
    account_id: UUID,
    place: Place,
    *,
    his_id: str = "",
    since: datetime | None = None,
) -> Stay:
    """Write a stay and open its deposit; the database lets a bed and a patient have one live stay each."""
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a hospital
    tenant = await Tenant.get(id=actor.tenant_id)
    if not await Patient.exists(tenant_id=tenant.id, account_id=account_id):
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    wallet = await open_wallet(tenant.id, account_id, DEPOSIT.key)
    stay = Stay(
        id=new_id(),
        tenant_id=tenant.id,
        account_id=account_id,
        reference=await new_number("Z", tenant.id),
        his_id=his_id,
        **columns(tenant.id, place),
        status=STAY.start,
        currency=tenant.currency,
        wallet_id=wallet.id,
        admitted_at=since or datetime.now(UTC),
        admitted_by_name=actor.name[:100],
    )
    try:
        async with open_scope(tenant_scope(tenant.id)):
            await stay.save(force_create=True)
    except IntegrityError as error:
        raise _taken(str(error)) from error
    await note(actor, stay, "stay.begun")
    return stay


def _taken(error: str) -> Conflict:
    if "hospital_stay_account_id" in error:
        return Conflict("stay.in_hospital", t("This patient is in hospital already."))
    return Conflict(
        "stay.bed_taken", t("Somebody lies in this bed. Look at the bed again, or move them first.")
    )


async def move_bed(actor: Actor, *, stay_id: UUID, ward: str, bed: str) -> Stay:
    """Move somebody to another bed.

    Raises:
        Conflict: somebody lies there, or the stay has ended.
    """
    actor.require(STAYS_WORK)
    stay = await locked(actor, stay_id)
    must_be_live(stay)
    try:
        async with open_scope(tenant_scope(stay.tenant_id)):
            await put(stay, Place(tidy(ward)[:BED_MAX], tidy(bed)[:BED_MAX]))
    except IntegrityError as error:
        raise _taken(str(error)) from error
    await note(actor, stay, "stay.moved")
    return stay


async def put(stay: Stay, place: Place, **further: Any) -> None:
    """Write where a stay is now; the database refuses a bed in which somebody lies."""
    facts = {**columns(stay.tenant_id, place), **further}
    stay.update_from_dict(facts)
    await stay.save(update_fields=list(facts))


async def leave(actor: Actor, stay_id: UUID) -> Stay:
    """Say that the ward is done with somebody: from now on what it cost is put together."""
    actor.require(STAYS_WORK)
    return await step(actor, await locked(actor, stay_id), "leave", leaving_at=datetime.now(UTC))


async def come_back(actor: Actor, stay_id: UUID) -> Stay:
    """Say that somebody who was going home stays after all."""
    actor.require(STAYS_WORK)
    return await step(actor, await locked(actor, stay_id), "return", leaving_at=None)


async def cancel(actor: Actor, stay_id: UUID) -> Stay:
    """Take an admission back that was a mistake; its deposit is paid out on the wallet's page.

    Raises:
        Conflict: something was charged.
    """
    actor.require(STAYS_WORK)
    stay = await locked(actor, stay_id)
    if await StayCharge.exists(tenant_id=stay.tenant_id, stay_id=stay.id):
        raise Conflict("stay.charged", t("This stay was charged already. Settle it instead."))
    return await step(actor, stay, "cancel", ended_at=datetime.now(UTC))


async def step(actor: Actor, stay: Stay, edge: str, **facts: Any) -> Stay:
    """Take a locked stay along an edge, and write it down.

    Raises:
        Conflict: it is not where that is possible.
    """
    if not STAY.can(stay.status, edge):
        raise Conflict("stay.state", t("This stay has gone on meanwhile. Please look again."))
    stay.status = STAY.after(stay.status, edge)
    for name, value in facts.items():
        setattr(stay, name, value)
    await stay.save(update_fields=["status", *facts])
    await note(actor, stay, f"stay.{DONE[edge]}")
    return stay


def must_be_live(stay: Stay) -> None:
    """Refuse a stay that has ended."""
    if stay.status not in LIVE:
        raise Conflict("stay.ended", t("This stay has ended."))


async def locked(actor: Actor, stay_id: UUID) -> Stay:
    """Return a stay of the hospital, locked.

    Raises:
        NotFound: there is none.
    """
    found = await Stay.filter(tenant_id=actor.tenant_id, id=stay_id).select_for_update().get_or_none()
    if found is None:
        raise NotFound("stay.not_found", t("There is no such stay, or it is not yours to see."))
    return found


async def patient_of(stay: Stay) -> Account:
    """Return whose stay it is."""
    return await Account.get(tenant_id=stay.tenant_id, id=stay.account_id)


async def note(actor: Actor, stay: Stay, act: str, after: Mapping[str, Any] | None = None) -> None:
    """Write an act about a stay into the trail: its number and sums, never a ward or what was done there."""
    await audit.record(
        actor,
        act,
        subject_kind="stay",
        subject_id=stay.id,
        subject_label=stay.reference,
        after={"status": stay.status, **(after or {})},
    )
