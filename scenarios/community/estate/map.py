"""A building as a drawing: floors one above the other, each unit a cell that says how it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.scope import rows
from ui.formats import money
from ui.i18n import N_, gettext

VIEWS = {"arrears": N_("Arrears"), "occupancy": N_("Occupancy"), "work": N_("Open work")}
WIDTH, HEIGHT, GAP, LEFT = 56, 34, 4, 40
"""Size of a cell and where cells begin, in units of the drawing."""
_UNITS = """
select a.id, a.name, a.kind, a.is_active, a.attributes ->> 'ownership' ownership, u.storey, u.door,
       coalesce(owed.overdue_minor, 0)::bigint overdue_minor, held.names holders, {work} open_work
  from community_unit u join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
  left join lateral (
    select sum(b.total_minor - b.paid_minor - b.adjusted_minor)::bigint overdue_minor from billing_bill b
     where b.tenant_id = $1 and b.account_id = u.account_id and b.status in ('issued', 'part_paid')
       and b.due_on < (select day_of($1))) owed on true
  left join lateral (
    select coalesce(string_agg(h.name, ', ' order by h.created_at, h.id), '') names from tenants_holder h
     where h.tenant_id = $1 and h.account_id = a.id and lasts(h.until, day_of($1))) held on true
 where u.tenant_id = $1 and u.building_id = $2 order by u.storey desc, a.sort_key
"""
_WORK = """(select count(*) from community_work_order w where w.tenant_id = $1 and w.account_id = a.id
   and w.status in ('reported', 'assigned', 'started'))"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One unit in the drawing. ``mark`` says in a letter what the colour says, for who sees no colours."""

    unit: Mapping[str, Any]
    x: int
    y: int
    tone: str
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Floor:
    """One storey: its number and where it lies."""

    number: int
    y: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A building as it is drawn; ``legend`` explains tones and marks."""

    view: str
    floors: Sequence[Floor]
    width: int
    height: int
    legend: Sequence[tuple[str, str, str]]

    @property
    def units(self) -> list[Mapping[str, Any]]:
        """All units, the top storey first."""
        return [cell.unit for floor in self.floors for cell in floor.cells]


_LEGENDS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "arrears": (("success", "", N_("Nothing overdue")), ("danger", "!", N_("Overdue"))),
    "occupancy": (
        ("success", "", N_("Lived in by its owner")),
        ("info", "R", N_("Rented out")),
        ("neutral", "–", N_("Nobody is written down")),
    ),
    "work": (("success", "", N_("Nothing open")), ("warning", "•", N_("Open work"))),
}


async def drawing_of(tenant_id: UUID, building_id: UUID, view: str, currency: str) -> Drawing:
    """Return the drawing of a building under one of ``VIEWS``."""
    found = await rows(_UNITS.format(work=_WORK), tenant_id, building_id)
    storeys: dict[int, list[Mapping[str, Any]]] = {}
    for unit in found:
        storeys.setdefault(unit["storey"], []).append(dict(unit))
    floors = []
    for place, (number, units) in enumerate(storeys.items()):
        y = place * (HEIGHT + GAP)
        cells = [_cell(unit, index, y, view, currency) for index, unit in enumerate(units)]
        floors.append(Floor(number, y, cells))
    widest = max((len(units) for units in storeys.values()), default=0)
    legend = [(tone, mark, gettext(words)) for tone, mark, words in _LEGENDS[view]]
    return Drawing(view, floors, LEFT + widest * (WIDTH + GAP), len(floors) * (HEIGHT + GAP), legend)


def _cell(unit: Mapping[str, Any], index: int, y: int, view: str, currency: str) -> Cell:
    tone, mark, words = _LEGENDS[view][_state(unit, view)]
    text = gettext(words)
    if view == "arrears" and unit["overdue_minor"] > 0:
        text = f"{text}: {money(unit['overdue_minor'], currency)}"
    return Cell(unit, LEFT + index * (WIDTH + GAP), y, tone, mark, text)


def _state(unit: Mapping[str, Any], view: str) -> int:
    if view == "arrears":
        return int(unit["overdue_minor"] > 0)
    if view == "work":
        return int(unit["open_work"] > 0)
    if not unit["holders"]:
        return 2
    return int(unit["ownership"] == "rented")
