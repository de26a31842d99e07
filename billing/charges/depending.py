"""Fees that are worked out from other fees' lines: in which order a run drafts them, and that none leads to itself.

A rule by itself cannot loop; two rules that each look at the other's line would, and no account would get an amount.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from json import loads
from typing import Any
from uuid import UUID

from billing.models import FeeItem
from billing.names import Named
from billing.rules import Charge, LateFee, dump, parse
from tenants.scope import rows
from ui.errors import Invalid
from ui.i18n import t

Document = Charge | LateFee
_RULES = """
select i.key, i.names, r.document from billing_fee_item i
  join billing_fee_rule r on r.tenant_id = i.tenant_id and r.fee_item_id = i.id
 where i.tenant_id = $1 and i.id <> $2 and i.is_active and r.status = 'active' and lasts(r.effective_until, $3::date)
"""


@dataclass(frozen=True, slots=True)
class Way:
    """The names of fees of which each looks at the next one's line, in a sentence."""

    names: Sequence[Mapping[str, str]]

    def __str__(self) -> str:
        """Return the names in the current language."""
        return " → ".join(str(Named(each)) for each in self.names)


def lines_of(document: Document) -> set[str]:
    """Return the codes of the fees whose lines a rule looks at."""
    return {key.removeprefix("line:") for key in document.core.keys if key.startswith("line:")}


async def refuse_loop(item: FeeItem, document: Document, *, since: date, field: str = "") -> None:
    """Refuse a rule that leads back to its own fee by those of other fees that are in force on a day or later.

    Raises:
        Invalid: it does; the error stands at ``field``, else where the rule's form chooses the line that leads back.
    """
    if not lines_of(document):
        return
    looks, names = {item.key: lines_of(document)}, {item.key: item.names}
    for one in await rows(_RULES, item.tenant_id, item.id, since):
        looks.setdefault(one["key"], set()).update(lines_of(parse(loads(one["document"]))))
        names[one["key"]] = loads(one["names"])
    if way := _way_back(item.key, looks):
        text = t(
            "This fee would be worked out from itself: {fees}. Choose another line.",
            fees=Way([names[key] for key in way]),
        )
        places = [field] if field else _places(dump(document), way[1])
        raise Invalid("fee.loop", text, fields=dict.fromkeys(places, text))


def _way_back(start: str, looks: Mapping[str, set[str]]) -> list[str]:
    """Return the shortest way that begins and ends with a fee, nothing where there is none."""
    ways, seen = [[start]], set[str]()
    for way in ways:
        for key in sorted(looks.get(way[-1], ())):
            if key == start:
                return [*way, key]
            if key not in seen:
                seen.add(key)
                ways.append([*way, key])
    return []


def _places(data: Any, name: str, path: str = "") -> Iterator[str]:
    """Find the fields of a rule's form in which a fee's line is chosen."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    if isinstance(data, dict) and data.get("kind") == "line" and data["name"] == name:
        yield f"{path}.name"
    for key, each in inside:
        yield from _places(each, name, f"{path}.{key}" if path else str(key))


def in_order(items: Sequence[FeeItem], rules: Mapping[UUID, Document]) -> list[FeeItem]:
    """Return fees as they stand, except that each comes behind those whose lines it looks at.

    Raises:
        Invalid: some of them wait for each other.
    """
    waiting, placed = list(items), list[FeeItem]()
    while waiting:
        keys = {item.key for item in waiting}
        found = next((item for item in waiting if not lines_of(rules[item.id]) & keys), None)
        if found is None:
            text = t(
                "These fees are worked out from each other: {fees}. Change the rule of one of them first.",
                fees=Way([item.names for item in waiting]),
            )
            raise Invalid("run.loop", text, fields={"items": text})
        waiting.remove(found)
        placed.append(found)
    return placed
