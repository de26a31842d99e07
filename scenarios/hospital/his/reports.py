"""Reports as the hospital's own system releases them, over FHIR R4 REST. Nothing of them is kept here."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID

from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import HisRefused
from scenarios.hospital.his.fhir import FhirHis, read

RELEASED = ("final", "amended", "corrected", "appended")
"""States of a DiagnosticReport in which its patient may read it."""
SHOWN = {"application/pdf": "pdf", "text/plain": "txt"}


@dataclass(frozen=True, slots=True)
class Report:
    """One released report. ``title`` and ``conclusion`` are clinical: they are shown to its reader and never kept."""

    id: str
    title: str
    conclusion: str
    issued_at: datetime
    content_type: str
    content: bytes


class Reports(Protocol):
    """One hospital's reports. Every call may raise ``HisSilent`` or ``HisRefused``."""

    async def released(self, patient: str) -> list[Report]:
        """Return a patient's released reports, the last first."""


class FhirReports(FhirHis):
    """The reports of the system at ``url``."""

    async def released(self, patient: str) -> list[Report]:
        """Return the patient's diagnostic reports that are final; whatever else it sends is left out."""
        query = f"subject:identifier={quote(patient)}&status={','.join(RELEASED)}"
        found = await self._all(f"DiagnosticReport?{query}")
        own = [one for one in found if one.get("status") in RELEASED and _patient(one) == patient]
        return sorted(read(_report, own), key=lambda one: one.issued_at, reverse=True)


def _patient(one: Mapping[str, Any]) -> str:
    return str(one.get("subject", {}).get("identifier", {}).get("value", ""))


def _report(one: Mapping[str, Any]) -> Report:
    form = (one.get("presentedForm") or [{}])[0]
    kind = str(form.get("contentType", "")).partition(";")[0]
    try:
        content = base64.b64decode(str(form.get("data", "")), validate=True)
    except binascii.Error as error:
        raise HisRefused("a document that cannot be read") from error
    return Report(
        id=str(one["id"]),
        title=str(one.get("code", {}).get("text", "")),
        conclusion=str(one.get("conclusion", "")),
        issued_at=datetime.fromisoformat(str(one["issued"])),
        content_type=kind if kind in SHOWN else "",
        content=content if kind in SHOWN else b"",
    )


async def reports_of(tenant_id: UUID) -> Reports | None:
    """Return the hospital's reports, in any scope that sees the hospital; ``None`` where it has no system."""
    his = await his_of(tenant_id)
    return FhirReports(his.url, his.currency, his.zone, his.token) if isinstance(his, FhirHis) else None
