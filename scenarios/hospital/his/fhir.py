"""A hospital's system over FHIR R4 REST: orders are ChargeItems, a payment is an Invoice that is created once.

``If-None-Exist`` makes creating conditional on our key, so that a call whose answer was lost can be made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from billing.rules.currency import as_decimal, decimals
from scenarios.hospital.his.contract import HisRefused, HisSilent, Order, Posted, Posting
from tenants import outbound

SYSTEM = "urn:scenario:payment"
SERVER_ERROR = 500
SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class FhirHis:
    """The system at ``url``, with the token that it gave us."""

    url: str
    currency: str
    token: str = field(repr=False)

    async def unpaid_orders(self, patient: str) -> list[Order]:
        """Return the patient's billable charge items."""
        query = f"subject:identifier={quote(patient)}&status=billable"
        found = await self._call("GET", f"ChargeItem?{query}")
        return [self._order(one) for one in _entries(found)]

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
        found = await self._call("GET", f"Invoice?identifier={quote(key)}")
        return [one for one in map(self._posted, _entries(found)) if not one.is_cancelled]

    async def reverse(self, posted: Posted) -> None:
        """Cancel the invoice."""
        body = {"resourceType": "Invoice", "id": posted.id, "status": "cancelled"}
        await self._call("PUT", f"Invoice/{quote(posted.id)}", body)

    async def restore(self, posted: Posted) -> None:
        """Balance the cancelled invoice again."""
        body = {"resourceType": "Invoice", "id": posted.id, "status": "balanced"}
        await self._call("PUT", f"Invoice/{quote(posted.id)}", body)

    async def postings(self, day: date) -> list[Posted]:
        """Return the invoices of a day."""
        found = await self._call("GET", f"Invoice?date={day.isoformat()}")
        return [self._posted(one) for one in _entries(found)]

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/fhir+json", **(headers or {})}
        address = f"{self.url.rstrip('/')}/{path}"
        try:
            answer = await outbound.call(method, address, headers=sent, body=body, seconds=SECONDS)
            if answer.status >= SERVER_ERROR:
                raise HisSilent(f"the answer is {answer.status}")
            found = answer.json()
        except outbound.OutboundError as error:
            raise HisSilent(str(error)) from error
        if not answer.is_success:
            issue = (found.get("issue") or [{}])[0]
            raise HisRefused(str(issue.get("diagnostics") or answer.status))
        return found


def _entries(bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", [])]
