"""A hospital's system over FHIR R4 REST: orders are ChargeItems, a payment is an Invoice that is created once.

A deposit is a PaymentNotice of an Encounter. ``If-None-Exist`` makes creating conditional on our key, so that a call
whose answer was lost can be made again. A day is asked for by the moments between which the hospital's own clocks show
it: a bare date is a day of whatever zone the system keeps, and what was paid before eight in the morning in Singapore
would be yesterday's for a system in UTC.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from billing.rules.currency import as_decimal, decimals
from scenarios.hospital.days import at, local
from scenarios.hospital.his.contract import (
    Deposit,
    HisRefused,
    HisSilent,
    KnownPatient,
    Order,
    Planned,
    Posted,
    Posting,
)
from tenants import outbound

SYSTEM, DOCUMENT = "urn:scenario:payment", "urn:scenario:document"
SERVER_ERROR = 500
SECONDS = 8.0
MOST_PAGES = 200
KINDS = {"ROUTINE": "first", "CHECKUP": "first", "FOLLOWUP": "return", "WALKIN": "desk"}
"""Our kind of number for each kind of appointment (HL7 v2 table 0276)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FhirHis:
    """The system at ``url`` of a hospital in ``zone``, with the token that it gave us."""

    url: str
    currency: str
    zone: str
    token: str = field(repr=False)

    async def patients(self, document_kind: str, document_number: str) -> list[KnownPatient]:
        """Search by document in the body, so that its number stands in no address."""
        asked = {"identifier": f"{DOCUMENT}:{document_kind}|{document_number}"}
        bundle = await self._call("POST", "Patient/_search", form=asked)
        return read(_known, _entries(bundle))

    async def sessions(self, day: date) -> list[Planned]:
        """Return the schedules of a day that take place, with their slots counted by kind of appointment."""
        schedules = await self._all(f"Schedule?{self._within('date', day)}&active=true")
        slots = await self._all(f"Slot?{self._within('start', day)}")
        return read(lambda one: planned(one, slots), [one for one in schedules if one.get("active", True)])

    def _within(self, name: str, day: date) -> str:
        """Return the search for what falls into a day of the hospital's."""
        first, last = (at(one, 0, self.zone).isoformat() for one in (day, day + timedelta(days=1)))
        return f"{name}=ge{quote(first)}&{name}=lt{quote(last)}"

    async def unpaid_orders(self, patient: str) -> list[Order]:
        """Return the patient's billable charge items; a server may not know that parameter, so we look as well."""
        found = await self._all(f"ChargeItem?subject:identifier={quote(patient)}&status=billable")
        return read(self._order, [one for one in found if one.get("status") == "billable"])

    def _order(self, one: Mapping[str, Any]) -> Order:
        return Order(
            id=str(one["id"]),
            what=str(one.get("code", {}).get("text", "")),
            amount_minor=self._minor(one["priceOverride"]),
            ordered_at=datetime.fromisoformat(str(one["occurrenceDateTime"])),
        )

    def _minor(self, money: Mapping[str, Any]) -> int:
        if money.get("currency", self.currency) != self.currency:
            raise HisRefused(f"an amount in {money['currency']}")
        return int(Decimal(str(money["value"])).scaleb(decimals(self.currency)).to_integral_value())

    async def post(self, posting: Posting) -> Posted:
        """Create the invoice unless it is there."""
        body = {
            "resourceType": "Invoice",
            "status": "balanced",
            "identifier": [{"system": SYSTEM, "value": posting.key}],
            "subject": {"identifier": {"value": posting.patient}},
            "lineItem": [
                {"chargeItemReference": {"reference": f"ChargeItem/{one}"}} for one in posting.order_ids
            ],
            "totalGross": {
                "value": float(as_decimal(posting.amount_minor, self.currency)),
                "currency": self.currency,
            },
        }
        headers = {"If-None-Exist": f"identifier={SYSTEM}|{posting.key}"}
        return self._posted(await self._call("POST", "Invoice", body, headers))

    def _posted(self, one: Mapping[str, Any]) -> Posted:
        return Posted(
            id=str(one["id"]),
            key=str((one.get("identifier") or [{}])[0].get("value", "")),
            amount_minor=self._minor(one["totalGross"]),
            is_cancelled=one.get("status") == "cancelled",
        )

    async def query(self, key: str) -> list[Posted]:
        """Return the invoices under our key that stand."""
        found = await self._all(f"Invoice?identifier={quote(key)}")
        return [one for one in read(self._posted, found) if not one.is_cancelled]

    async def reverse(self, posted: Posted) -> None:
        """Cancel the invoice."""
        body = {"resourceType": "Invoice", "id": posted.id, "status": "cancelled"}
        await self._call("PUT", f"Invoice/{quote(posted.id)}", body)

    async def refund(self, posting_id: str, amounts: Mapping[str, int]) -> Posted:
        """Write the invoice without these items, for so much less; what it does not have any more is passed over."""
        path = f"Invoice/{quote(posting_id)}"
        found = await self._call("GET", path)
        lines = {_item_of(one): one for one in found.get("lineItem", [])}
        gone = [one for one in amounts if one in lines]
        if not gone:
            return read(self._posted, [found])[0]
        left = self._minor(found["totalGross"]) - sum(amounts[one] for one in gone)
        body = {
            **found,
            "status": "balanced" if len(gone) < len(lines) else "cancelled",
            "lineItem": [line for item, line in lines.items() if item not in gone],
            "totalGross": {"value": float(as_decimal(left, self.currency)), "currency": self.currency},
        }
        return read(self._posted, [await self._call("PUT", path, body)])[0]

    async def restore(self, posted: Posted) -> None:
        """Balance the cancelled invoice again."""
        body = {"resourceType": "Invoice", "id": posted.id, "status": "balanced"}
        await self._call("PUT", f"Invoice/{quote(posted.id)}", body)

    async def postings(self, day: date) -> list[Posted]:
        """Return the invoices of a day."""
        return read(self._posted, await self._all(f"Invoice?{self._within('date', day)}"))

    async def deposit(self, deposit: Deposit) -> Posted:
        """Create the notice unless one is there that stands."""
        body = {
            "resourceType": "PaymentNotice",
            "status": "active",
            "identifier": [{"system": SYSTEM, "value": deposit.key}],
            "request": {"reference": f"Encounter/{deposit.stay}"}
            if deposit.stay
            else {"display": deposit.patient},
            "payment": {"identifier": {"system": SYSTEM, "value": deposit.key}},
            "recipient": {"display": "hospital"},
            "created": deposit.moved_at.isoformat(),
            "paymentDate": local(deposit.moved_at, self.zone).date().isoformat(),
            "amount": {
                "value": float(as_decimal(deposit.amount_minor, self.currency)),
                "currency": self.currency,
            },
            "paymentStatus": {"coding": [{"code": "paid" if deposit.amount_minor > 0 else "cleared"}]},
        }
        headers = {"If-None-Exist": f"identifier={SYSTEM}|{deposit.key}&status=active"}
        return read(self._deposited, [await self._call("POST", "PaymentNotice", body, headers)])[0]

    def _deposited(self, one: Mapping[str, Any]) -> Posted:
        return self._posted({**one, "totalGross": one["amount"]})

    async def deposits(self, key: str) -> list[Posted]:
        """Return the notices under our key that are active."""
        found = await self._all(f"PaymentNotice?identifier={quote(key)}")
        return [one for one in read(self._deposited, found) if not one.is_cancelled]

    async def take_back(self, posted: Posted) -> None:
        """Cancel the notice."""
        body = {"resourceType": "PaymentNotice", "id": posted.id, "status": "cancelled"}
        await self._call("PUT", f"PaymentNotice/{quote(posted.id)}", body)

    async def deposits_of(self, day: date) -> list[Posted]:
        """Return the notices of a day that stand."""
        found = read(self._deposited, await self._all(f"PaymentNotice?{self._within('created', day)}"))
        return [one for one in found if not one.is_cancelled]

    async def _all(self, path: str) -> list[Mapping[str, Any]]:
        """Return what a search finds, page after page as the system links them; a link elsewhere is not followed."""
        root, found = f"{self.url.rstrip('/')}/", list[Mapping[str, Any]]()
        for _ in range(MOST_PAGES):
            bundle = await self._call("GET", path)
            found += _entries(bundle)
            following = [
                each.get("url", "") for each in bundle.get("link", []) if each.get("relation") == "next"
            ]
            if not following:
                return found
            if not str(following[0]).startswith(root):
                raise HisRefused("the next page is at another address")
            path = str(following[0]).removeprefix(root)
        raise HisRefused("the list has no end")

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        form: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/fhir+json", **(headers or {})}
        address = f"{self.url.rstrip('/')}/{path}"
        try:
            answer = await outbound.call(method, address, headers=sent, form=form, body=body, seconds=SECONDS)
            if answer.status >= SERVER_ERROR:
                raise HisSilent(f"the answer is {answer.status}")
            found = answer.json()
        except outbound.OutboundError as error:
            raise HisSilent(str(error)) from error
        if not answer.is_success:
            issue = (found.get("issue") or [{}])[0]
            raise HisRefused(str(issue.get("diagnostics") or answer.status))
        return found


def _known(one: Mapping[str, Any]) -> KnownPatient:
    name = (one.get("name") or [{}])[0]
    said = name.get("text") or " ".join([*name.get("given", []), name.get("family", "")]).strip()
    numbers = [each["value"] for each in one["identifier"] if each.get("use") == "official"]
    born = one.get("birthDate")
    return KnownPatient(
        number=str((numbers or [one["id"]])[0]),
        name=str(said),
        sex=str(one.get("gender", "other")),
        born_on=date.fromisoformat(str(born)) if born else None,
    )


def planned(schedule: Mapping[str, Any], slots: Sequence[Mapping[str, Any]]) -> Planned:
    """Return a schedule as we keep sessions: its doctor by code, its slots counted by kind of appointment."""
    name = f"Schedule/{schedule['id']}"
    own = [one for one in slots if str(one["schedule"]["reference"]).endswith(name)]
    kinds = [KINDS.get(_code(one.get("appointmentType", {})), "first") for one in own]
    actors = {str(one.get("reference", "")).partition("/")[0]: one for one in schedule.get("actor", [])}
    horizon = schedule["planningHorizon"]
    return Planned(
        id=str(schedule["id"]),
        doctor=str(actors["Practitioner"]["identifier"]["value"]),
        place=str(actors.get("Location", {}).get("display", "")),
        starts_at=datetime.fromisoformat(str(horizon["start"])),
        ends_at=datetime.fromisoformat(str(horizon["end"])),
        quotas={kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
    )


def _item_of(line: Mapping[str, Any]) -> str:
    """Return the id of the item that a line charges."""
    return str(line.get("chargeItemReference", {}).get("reference", "")).removeprefix("ChargeItem/")


def _code(concept: Mapping[str, Any]) -> str:
    return str((concept.get("coding") or [{}])[0].get("code", ""))


def read(reader: Callable[[Mapping[str, Any]], T], found: Sequence[Mapping[str, Any]]) -> list[T]:
    """Read resources; one that lacks what it must have is the system's mistake, and refused whole.

    Raises:
        HisRefused: with which one.
    """
    try:
        return [reader(one) for one in found]
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError) as error:
        raise HisRefused(f"a resource that cannot be read: {error}") from error


def _entries(bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", [])]
