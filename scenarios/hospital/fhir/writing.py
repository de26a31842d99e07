"""Booking by one transaction Bundle, and cancelling by an update: as the web does it, with FHIR's check of versions."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from scenarios.hospital import booking, cancelling, pricing
from scenarios.hospital.fhir.calendar import SLOT
from scenarios.hospital.fhir.entry import BOOKING, Caller
from scenarios.hospital.fhir.kinds import Kind, Row, etag, instant, version_of
from scenarios.hospital.fhir.searching import one
from scenarios.hospital.fhir.visits import APPOINTMENT
from scenarios.hospital.models import Appointment
from ui.errors import AppError, Conflict, Invalid, NotFound
from ui.i18n import Text, t

_TAG = re.compile(r'(?:W/)?"([0-9]{1,20})"')
BUSY = frozenset({"busy", "busy-tentative"})
PAIR = 2


class Stale(AppError):
    """The version that was seen is not the present one any more (412)."""

    status = 412


@dataclass(frozen=True, slots=True)
class Wish:
    """What a transaction asks for: which number as it was seen, for whom."""

    slot_id: UUID
    version: str
    patient_id: UUID
    is_slot_first: bool


def read_bundle(body: Any) -> Wish:
    """Return what a transaction asks for.

    Raises:
        Invalid: it asks for something else, or not as FHIR says; the field is the place in the Bundle.
    """
    if (
        not isinstance(body, dict)
        or body.get("resourceType") != "Bundle"
        or body.get("type") != "transaction"
    ):
        raise _bad("Bundle.type", t("Only a Bundle of the type transaction is taken here."))
    entries = [one for one in _list(body.get("entry")) if isinstance(one, dict)]
    by_act = {_act(one): (n, one) for n, one in enumerate(entries)}
    if len(entries) != PAIR or set(by_act) != {("PUT", "Slot"), ("POST", "Appointment")}:
        text = t("A booking is two entries: PUT of the Slot with ifMatch, and POST of the Appointment.")
        raise _bad("Bundle.entry", text)
    (n, slot), (m, made) = by_act["PUT", "Slot"], by_act["POST", "Appointment"]
    slot_id, version = _slot(slot, f"Bundle.entry[{n}]")
    return Wish(slot_id, version, _patient(made, slot_id, f"Bundle.entry[{m}].resource"), n < m)


def _bad(where: str, text: Text) -> Invalid:
    return Invalid("fhir.bundle", text, fields={where: text})


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _dict(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _act(entry: Mapping[str, Any]) -> tuple[str, str]:
    asked = _dict(entry.get("request"))
    return str(asked.get("method")), str(asked.get("url", "")).lstrip("/").split("/")[0]


def _slot(entry: Mapping[str, Any], where: str) -> tuple[UUID, str]:
    asked, resource = _dict(entry.get("request")), _dict(entry.get("resource"))
    slot_id = _id(str(asked.get("url", "")).lstrip("/").removeprefix("Slot/"), f"{where}.request.url")
    version = version_in(asked.get("ifMatch"))
    if version is None:
        raise _bad(f"{where}.request.ifMatch", t("Say which version of the Slot was seen, as its ETag."))
    if resource.get("resourceType") != "Slot" or resource.get("status") not in BUSY:
        raise _bad(f"{where}.resource.status", t("Booking makes a Slot busy or busy-tentative."))
    return slot_id, version


def version_in(tag: Any) -> str | None:
    """Return the version that an ETag names; ``None`` for what is none."""
    found = _TAG.fullmatch(tag.strip()) if isinstance(tag, str) else None
    return found[1] if found else None


def _id(text: str, where: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _bad(where, t("This is no id of ours.")) from None


def _patient(entry: Mapping[str, Any], slot_id: UUID, where: str) -> UUID:
    resource = _dict(entry.get("resource"))
    if resource.get("resourceType") != "Appointment":
        raise _bad(where, t("This entry needs an Appointment."))
    if _references(_list(resource.get("slot"))) != [f"Slot/{slot_id}"]:
        raise _bad(
            f"{where}.slot", t("The Appointment has to name the Slot of the other entry, and no other.")
        )
    actors = _references([_dict(one).get("actor") for one in _list(resource.get("participant"))])
    patients = [one.removeprefix("Patient/") for one in actors if one.startswith("Patient/")]
    if len(patients) != 1:
        raise _bad(f"{where}.participant", t("An Appointment is for one Patient."))
    return _id(patients[0], f"{where}.participant")


def _references(found: list[Any]) -> list[str]:
    """Return relative references; of an absolute one its type and id."""
    texts = [str(_dict(one).get("reference", "")) for one in found]
    return ["/".join(text.split("/")[-2:]) for text in texts]


async def book(caller: Caller, wish: Wish) -> dict[str, Any]:
    """Book a number for a patient and return the transaction's response; the same again is answered the same.

    Raises:
        Stale: the Slot has changed since the version that was seen.
        Conflict: it cannot be had, or the patient may not; the text says why.
        NotFound: there is no such number or patient.
    """
    caller.require_scope(BOOKING)
    seen = await _present(caller, SLOT, wish.slot_id)

    async def check() -> None:
        present = await _present(caller, SLOT, wish.slot_id)
        if version_of(present) != wish.version:
            raise _stale()
        if present["status"] != "free":
            raise Conflict("visit.taken", t("This number cannot be had. Choose another one."))

    made = await booking.book(
        caller.actor,
        account_id=wish.patient_id,
        session_id=seen["session_id"],
        visit="return" if seen["kind"] == "return" else "first",
        channel="api",
        key=_key(caller, wish),
        wanted=booking.Wanted(wish.slot_id, check),
    )
    slot = await _entry(caller, SLOT, wish.slot_id, "200 OK")
    appointment = await _entry(caller, APPOINTMENT, made.id, "201 Created")
    entries = [slot, appointment] if wish.is_slot_first else [appointment, slot]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}


def _key(caller: Caller, wish: Wish) -> str:
    """Return what names this booking for ever: the version of a number is had once, so a repeated call books once."""
    text = "|".join(map(str, (caller.installation_id, wish.slot_id, wish.version, wish.patient_id)))
    return f"fhir:{hashlib.sha256(text.encode()).hexdigest()[:48]}"


def _stale() -> Stale:
    return Stale("fhir.version", t("This has changed since the version that you saw. Read it again."))


async def _present(caller: Caller, kind: Kind, found: UUID) -> Row:
    there = await one(caller.server, kind, str(found), None)
    if there is None:
        raise NotFound("fhir.not_found", t("There is no such resource, or it is not yours to see."))
    return there[0]


async def _entry(caller: Caller, kind: Kind, found: UUID, status: str) -> dict[str, Any]:
    there = await one(caller.server, kind, str(found), None)
    assert there is not None  # noqa: S101 - written in this transaction
    row, resource = there
    return {
        "fullUrl": f"{caller.server.base}/{kind.name}/{found}",
        "resource": resource,
        "response": {
            "status": status,
            "location": f"{kind.name}/{found}",
            "etag": etag(version_of(row)),
            "lastModified": instant(row["changed_at"]),
        },
    }


async def to_cancel(caller: Caller, found: UUID, tag: str | None, body: Any) -> Row:
    """Return the appointment that an update cancels, checked; the caller goes on with ``cancel_booked`` or the hold.

    Raises:
        Invalid: it changes something else, or names no version.
        Stale: the version is not the present one.
    """
    caller.require_scope(BOOKING)
    row = await _present(caller, APPOINTMENT, found)
    version = version_in(tag)
    if version is None:
        raise AppError("fhir.if_match", t("Say which version was seen, in If-Match."), status=400)
    if version != version_of(row):
        raise _stale()
    given = _dict(body)
    is_same = given.get("resourceType") == "Appointment" and given.get("id", str(found)) == str(found)
    if not is_same or given.get("status") != "cancelled":
        text = t("An update cancels an Appointment, and changes nothing else.")
        raise Invalid("fhir.update", text, fields={"Appointment.status": text})
    return row


async def cancel_booked(caller: Caller, found: UUID) -> None:
    """Cancel a booked appointment: what the rule does not keep goes back to where it came from."""
    there = await Appointment.get(tenant_id=caller.server.tenant_id, id=found)
    kept = await pricing.kept_of(there)
    await cancelling.cancel(
        caller.actor, appointment_id=found, seen_kept_minor=kept, key=f"fhir-cancel:{found}"
    )
