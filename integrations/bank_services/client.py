"""The bank's registry, lists and account proofs over HTTP.

``GET /registry/{uscc}``, ``POST /screening {names}``, ``POST /deposits``, ``POST /deposits/{reference}/comparison``,
``GET /remittances/{reference}`` and ``POST /remittances/{id}/return``, JSON both ways, the bank's key as bearer token.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from tenants import outbound
from tenants.onboarding.ports import Entry, Hit, Remittance, SilentError


class BankServices:
    """Registry, lists and account proofs behind one address."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url.rstrip("/"), key

    async def look_up(self, uscc: str) -> Entry | None:
        """Return what the registry says of a credit code; ``None`` where it knows none."""
        answer = await self._call("GET", f"/registry/{quote(uscc)}")
        if answer is None:
            return None
        return Entry(
            name=str(answer["name"]),
            legal_representative=str(answer.get("legal_representative", "")),
            is_active=answer.get("status") == "active",
            source=str(answer["source"]),
            as_of=str(answer["as_of"]),
        )

    async def screen(self, names: Sequence[str]) -> list[Hit]:
        """Return every listed name among these."""
        answer = await self._call("POST", "/screening", {"names": list(names)}) or {"hits": []}
        return [
            Hit(**{key: str(hit[key]) for key in ("name", "list", "source", "since")})
            for hit in answer["hits"]
        ]

    async def send(
        self, *, reference: str, account_number: str, account_name: str, bank_code: str, currency: str
    ) -> None:
        """Have a few cents sent, once for each reference."""
        body = {"reference": reference, "account_number": account_number, "account_name": account_name}
        await self._call("POST", "/deposits", body | {"bank_code": bank_code, "currency": currency})

    async def is_amount(self, reference: str, amount_minor: int) -> bool:
        """Tell whether this is what was sent under the reference."""
        path = f"/deposits/{quote(reference)}/comparison"
        answer = await self._call("POST", path, {"amount_minor": amount_minor})
        return bool(answer and answer["is_match"])

    async def received(self, reference: str) -> list[Remittance]:
        """Return what came in under a reference."""
        answer = await self._call("GET", f"/remittances/{quote(reference)}") or {"remittances": []}
        return [
            Remittance(
                id=str(one["id"]),
                amount_minor=int(one["amount_minor"]),
                currency=str(one["currency"]),
                account_number=str(one["account_number"]),
                is_returned=one["status"] == "returned",
            )
            for one in answer["remittances"]
        ]

    async def give_back(self, remittance_id: str) -> None:
        """Send a remittance back, once."""
        await self._call("POST", f"/remittances/{quote(remittance_id)}/return", {})

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            answer = await outbound.call(method, self._url + path, headers=headers, body=body)
            return None if answer.status == HTTPStatus.NOT_FOUND else answer.expected().json()
        except outbound.OutboundError as error:
            raise SilentError(str(error)) from error
