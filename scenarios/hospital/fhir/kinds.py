"""Kinds of resources as data: where their rows come from, what they are searched by, how they are told.

Whoever has more to tell (stays in hospital, say) adds rows to a kind by ``charges.add`` and ``accounts.add``.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from billing.rules.currency import as_decimal
from tenants.runtime import runtime

Row = Mapping[str, Any]
ROOT = "/fhir"
DEFINED = "http://hl7.org/fhir/SearchParameter"


@dataclass(frozen=True, slots=True)
class Server:
    """One hospital's server: who it is, and whether this caller may read what an order is for."""

    tenant_id: UUID
    name: str
    zone: str
    tells_clinical: bool = False

    @property
    def base(self) -> str:
        """Its address, which resources are named under."""
        return f"{runtime().public_url.rstrip('/')}{ROOT}/{self.tenant_id}"

    def system(self, of: str) -> str:
        """Return the system of the hospital's own identifiers and codes."""
        return f"{self.base}/ids/{of}"


@dataclass(frozen=True, slots=True)
class Param:
    """One search parameter.

    ``columns`` maps, for a reference, each type it may lead to to the column with its id; for others ``""`` to the
    column, and for a period ``from`` and ``to``. ``system`` is what a token's code belongs to.
    """

    name: str
    type: Literal["token", "reference", "date"]
    columns: Mapping[str, str]
    about: str
    definition: str = ""
    system: str = ""
    ids: str = ""
    """Which of the hospital's own identifiers a token is; its system is then the hospital's."""


async def _nothing(tenant_id: UUID, found: Sequence[Row]) -> Mapping[UUID, Any]:
    """Return nothing more."""
    del tenant_id, found
    return {}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource.

    ``rows`` is SQL with the tenant as ``$1``: ``id``, ``at`` (the order of lists), ``changed_at`` unless
    ``is_undated``, ``patient_id`` where it is ``of_patients``, and what ``params`` and ``tell`` read. ``more`` reads
    further facts of a page of rows at once. ``scope`` is what an app that calls by itself needs.
    """

    name: str
    rows: str
    tell: Callable[[Server, Row, Any], dict[str, Any]]
    params: tuple[Param, ...]
    scope: str
    of_patients: bool = False
    is_undated: bool = False
    kept: str = ""
    """SQL of all versions that are kept, like ``rows``; without it the present one is the only one."""
    more: Callable[[UUID, Sequence[Row]], Awaitable[Mapping[UUID, Any]]] = field(default=_nothing)

    @property
    def all_params(self) -> tuple[Param, ...]:
        """Every parameter, those of all kinds first."""
        dated = () if self.is_undated else (LAST_UPDATED,)
        return (ID, *dated, *self.params)


ID = Param("_id", "token", {"": "id"}, "The resource's id", f"{DEFINED}/Resource-id")
LAST_UPDATED = Param(
    "_lastUpdated", "date", {"": "changed_at"}, "When it changed last", f"{DEFINED}/Resource-lastUpdated"
)


def named(kind: str, name: str, type_: Any, columns: Mapping[str, str], about: str, **further: Any) -> Param:
    """Return a parameter that FHIR itself defines for a kind of resource."""
    return Param(name, type_, columns, about, f"{DEFINED}/{kind}-{name}", **further)


def of_patient(kind: str) -> tuple[Param, ...]:
    """Return the parameters by which a patient's own are found."""
    column = {"Patient": "patient_id"}
    return (
        named(kind, "patient", "reference", column, "Whose it is"),
        named(kind, "subject", "reference", column, "Whose it is"),
    )


def version_of(row: Row) -> str:
    """Return a resource's version: the moment of its last change, which no two changes share."""
    return str(int(row["changed_at"].timestamp() * 1_000_000))


def etag(version: str) -> str:
    """Return the weak tag that FHIR makes of a version."""
    return f'W/"{version}"'


def instant(moment: datetime) -> str:
    """Return a moment as FHIR writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def whole(kind: Kind, server: Server, row: Row, more: Any = None) -> dict[str, Any]:
    """Return a row as its resource, with what all resources have."""
    meta = (
        {}
        if kind.is_undated
        else {"meta": {"versionId": version_of(row), "lastUpdated": instant(row["changed_at"])}}
    )
    told = kind.tell(server, row, more)
    return {
        "resourceType": kind.name,
        "id": str(row["id"]),
        **meta,
        **{k: v for k, v in told.items() if v is not None},
    }


def money(amount_minor: int, currency: str) -> dict[str, Any]:
    """Return an amount with all of its currency's places; FHIR's decimals are numbers that keep them."""
    return {"value": orjson.Fragment(str(as_decimal(amount_minor, currency))), "currency": currency}


def to(kind: str, found: UUID | None, display: str = "") -> dict[str, Any]:
    """Return a reference."""
    told = {"reference": f"{kind}/{found}"} if found else {}
    return {**told, "display": display} if display else told
