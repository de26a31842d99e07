"""Line items as tools write and read them, over our columns of marks (Assignment and Grade Services 2.0, 3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError

from integrations.apps.placing.models import MarkColumn
from tenants.ids import new_id
from tenants.scope import tenant_id

MOST_MARK = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class LineItem:
    """What a tool says of one piece of work."""

    label: str
    out_of: Decimal
    item_id: UUID | None
    resource_id: str
    tag: str
    starts_at: datetime | None
    ends_at: datetime | None


def read(given: object) -> LineItem:
    """Return a line item as a tool sent it.

    Raises:
        InvalidRequestError: saying what is missing or wrong.
    """
    if not isinstance(given, dict):
        raise InvalidRequestError("The line item is an object.")
    label = str(given.get("label") or "").strip()[:200]
    most = number(given.get("scoreMaximum"), "scoreMaximum")
    if not label or most is None or most <= 0:
        raise InvalidRequestError("A line item has a label and a scoreMaximum above 0.")
    return LineItem(
        label=label,
        out_of=most,
        item_id=_id(given.get("resourceLinkId")),
        resource_id=str(given.get("resourceId") or "")[:200],
        tag=str(given.get("tag") or "")[:200],
        starts_at=moment(given.get("startDateTime"), "startDateTime"),
        ends_at=moment(given.get("endDateTime"), "endDateTime"),
    )


def number(value: object, name: str) -> Decimal | None:
    """Return a number of a tool exactly; ``None`` where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequestError(f"{name} is a number.")
    try:
        found = Decimal(str(value)).quantize(Decimal("0.0001"))
    except InvalidOperation:
        raise InvalidRequestError(f"{name} is a number.") from None
    if not 0 <= found <= MOST_MARK:
        raise InvalidRequestError(f"{name} is from 0 to {MOST_MARK}.")
    return found


def moment(value: object, name: str) -> datetime | None:
    """Return a time of a tool, which names its zone."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidRequestError(f"{name} is a time as ISO 8601 has it.") from None
    if found.tzinfo is None:
        raise InvalidRequestError(f"{name} has to name its zone.")
    return found


def _id(value: object) -> UUID | None:
    if not value:
        return None
    try:
        return UUID(str(value))
    except ValueError:
        raise InvalidRequestError("The resourceLinkId is none of ours.") from None


async def make(
    installation_id: UUID, vendor_id: UUID, where: tuple[str, UUID], given: LineItem
) -> MarkColumn:
    """Write a column of marks in the tenant's open scope."""
    kind, record_id = where
    return await MarkColumn.create(
        id=new_id(),
        tenant_id=tenant_id(),
        installation_id=installation_id,
        vendor_id=vendor_id,
        record_kind=kind,
        record_id=record_id,
        item_id=given.item_id,
        label=given.label,
        out_of=given.out_of,
        resource_id=given.resource_id,
        tag=given.tag,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
    )


def shown(column: MarkColumn, here: str) -> dict[str, Any]:
    """Return a column as a tool reads it; ``here`` is where line items of its record are."""
    told: dict[str, Any] = {
        "id": f"{here}/{column.id}",
        "label": column.label,
        "scoreMaximum": plain(column.out_of),
        "resourceLinkId": str(column.item_id) if column.item_id else "",
        "resourceId": column.resource_id,
        "tag": column.tag,
        "startDateTime": column.starts_at.isoformat() if column.starts_at else "",
        "endDateTime": column.ends_at.isoformat() if column.ends_at else "",
    }
    return {name: value for name, value in told.items() if value != ""}


def plain(value: Decimal) -> int | float:
    """Return a number as JSON has it."""
    return int(value) if value == value.to_integral_value() else float(value)


def matches(column: MarkColumn, wanted: Mapping[str, str]) -> bool:
    """Tell whether a column is what a list was narrowed to."""
    held = {
        "resource_link_id": str(column.item_id or ""),
        "resource_id": column.resource_id,
        "tag": column.tag,
    }
    return all(not wanted.get(name) or wanted[name] == value for name, value in held.items())
