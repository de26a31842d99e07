"""What we ask of a hospital's own system about those who stay in it, and asking it over FHIR R4 REST.

Stays are Encounters of class IMP, a day's list is made of their ChargeItems, and what insurance bears is a Claim that
is answered by a ClaimResponse: a ``predetermination`` beforehand, a ``claim`` in the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID

from billing.rules.currency import as_decimal
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import HisRefused
from scenarios.hospital.his.fhir import SYSTEM, FhirHis, read

UNFINISHED = "planned"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody in a bed, or ``has_left`` it; ``patient`` is the patient's number."""

    id: str
    patient: str
    ward: str
    bed: str
    admitted_at: datetime
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a day's list. ``what`` is clinical; with ``is_final`` false the system has not finished it."""

    id: str
    day: date
    what: str
    amount_minor: int
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is put to the insurer: ``key`` names it for ever, so that asking twice claims once."""

    key: str
    stay: str
    patient: str
    charge_ids: Sequence[str]
    total_minor: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class Shares:
    """What insurance bears of a total; the patient bears the rest."""

    id: str
    key: str
    total_minor: int
    insurer_minor: int

    @property
    def patient_minor(self) -> int:
        """What is left to the patient."""
        return self.total_minor - self.insurer_minor


class Wards(Protocol):
    """One hospital's system, as far as stays go. Every call may raise ``HisSilent`` or ``HisRefused``."""

    async def admitted(self) -> list[Admitted]:
        """Return everybody who is in a bed now."""

    async def stay(self, stay: str) -> Admitted:
        """Return one stay, whether it goes on or not."""

    async def daily_list(self, stay: str) -> list[Listed]:
        """Return all lines of a stay that count, of whatever day."""

    async def claim(self, claimed: Claimed) -> Shares:
        """Have the insured share worked out; asked again under the same key, the answer is the same."""

    async def decisions(self, key: str) -> list[Shares]:
        """Return all decisions under a key that stand, the oldest first."""

    async def withdraw(self, shares: Shares) -> None:
        """Take a claim back; taken back already, it stays so."""


class FhirWards(FhirHis):
    """The stays of the system at ``url``."""

    async def admitted(self) -> list[Admitted]:
        """Return the inpatient encounters that go on."""
        return read(_admitted, await self._all("Encounter?class=IMP&status=in-progress"))

    async def stay(self, stay: str) -> Admitted:
        """Return one encounter."""
        return read(_admitted, [await self._call("GET", f"Encounter/{quote(stay)}")])[0]

    async def daily_list(self, stay: str) -> list[Listed]:
        """Return the charge items of an encounter that were not aborted."""
        found = await self._all(f"ChargeItem?context={quote(stay)}")
        return read(self._listed, [one for one in found if one.get("status") != "aborted"])

    def _listed(self, one: Mapping[str, Any]) -> Listed:
        return Listed(
            id=str(one["id"]),
            day=date.fromisoformat(str(one["occurrenceDateTime"])[:10]),
            what=str(one.get("code", {}).get("text", "")),
            amount_minor=self._minor(one["priceOverride"]),
            is_final=one["status"] != UNFINISHED,
        )

    async def claim(self, claimed: Claimed) -> Shares:
        """Submit the claim unless it was."""
        body = {
            "resourceType": "Claim",
            "status": "active",
            "use": "claim" if claimed.is_final else "predetermination",
            "identifier": [{"system": SYSTEM, "value": claimed.key}],
            "patient": {"identifier": {"value": claimed.patient}},
            "item": [
                {"sequence": n, "encounter": [{"reference": f"Encounter/{claimed.stay}"}],
                 "productOrService": {"text": one}}
                for n, one in enumerate(claimed.charge_ids, 1)
            ],
            "total": {
                "value": float(as_decimal(claimed.total_minor, self.currency)),
                "currency": self.currency,
            },
        }  # fmt: skip
        return read(self._shares, [await self._call("POST", "Claim/$submit", body)])[0]

    def _shares(self, one: Mapping[str, Any]) -> Shares:
        sums = {
            total["category"]["coding"][0]["code"]: self._minor(total["amount"]) for total in one["total"]
        }
        made = Shares(
            id=str(one["id"]),
            key=str((one.get("identifier") or [{}])[0].get("value", "")),
            total_minor=sums["submitted"],
            insurer_minor=sums["benefit"],
        )
        if not 0 <= made.insurer_minor <= made.total_minor:
            raise HisRefused("an insured share beyond the total")
        return made

    async def decisions(self, key: str) -> list[Shares]:
        """Return the active responses under our key."""
        return read(self._shares, await self._all(f"ClaimResponse?identifier={quote(key)}&status=active"))

    async def withdraw(self, shares: Shares) -> None:
        """Cancel the response's claim."""
        body = {"resourceType": "ClaimResponse", "id": shares.id, "status": "cancelled"}
        await self._call("PUT", f"ClaimResponse/{quote(shares.id)}", body)


def _admitted(one: Mapping[str, Any]) -> Admitted:
    where = (one.get("location") or [{}])[-1].get("location", {})
    bed = str(where.get("display", ""))
    return Admitted(
        id=str(one["id"]),
        patient=str(one["subject"]["identifier"]["value"]),
        ward=str(where.get("identifier", {}).get("value", ""))[:20],
        bed=bed[:20],
        admitted_at=datetime.fromisoformat(str(one["period"]["start"])),
        has_left=one["status"] in {"finished", "cancelled"},
    )


async def wards_of(tenant_id: UUID) -> Wards | None:
    """Return the hospital's system for stays, in any scope that sees the hospital; ``None`` where it has none."""
    his = await his_of(tenant_id)
    return FhirWards(his.url, his.currency, his.zone, his.token) if isinstance(his, FhirHis) else None
