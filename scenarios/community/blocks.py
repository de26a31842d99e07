"""Public-housing blocks turned into units, so that a real town can be imported as a manager would import it.

The input has the columns of Singapore's HDB Property Information: one row per block with its storeys and its number of
flats by type, sold and rented. It gives no door numbers, rates or areas, so these are ours:

* flats stand evenly on the storeys, from the first up, in the order of the columns: ``#03-05`` is the fifth door of
  the third storey;
* the area is the usual one of the flat type;
* the reduced rate applies wherever the type has one, but for every eighth flat, so that both rates occur.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from scenarios.community.addresses import titled
from scenarios.community.tariff import RESIDENTIAL

FLATS: Mapping[str, tuple[str, bool]] = {
    "1room_sold": ("1-room", False),
    "studio_apartment_sold": ("1-room", False),
    "2room_sold": ("2-room", False),
    "3room_sold": ("3-room", False),
    "4room_sold": ("4-room", False),
    "5room_sold": ("5-room", False),
    "multigen_sold": ("3Gen", False),
    "exec_sold": ("executive", False),
    "1room_rental": ("1-room", True),
    "2room_rental": ("2-room", True),
    "3room_rental": ("3-room", True),
    "other_room_rental": ("2-room", True),
}
"""Column → flat type as billed, and whether it is rented out."""
USUAL_AREA: Mapping[str, str] = {
    "1-room": "33",
    "2-room": "45",
    "3-room": "65",
    "4-room": "90",
    "5-room": "110",
    "3Gen": "115",
    "executive": "130",
}
"""Square metres."""
NORMAL_EVERY = 8
HEADER = (
    "Building",
    "Street",
    "Storey",
    "Door",
    "Flat type",
    "Rate",
    "Area (m²)",
    "Ownership",
    "Holder",
    "Relation",
    "E-mail",
    "Phone",
    "Since",
)
HolderOf = Callable[["BlockUnit"], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class BlockUnit:
    """One flat of a block. ``area`` is in square metres."""

    building: str
    street: str
    storey: int
    door: str
    flat_type: str
    is_rented: bool
    is_reduced: bool
    area: str


def units(
    rows: Iterable[Mapping[str, str]], *, town: str = "", most: int | None = None
) -> Iterator[BlockUnit]:
    """Yield the flats of the blocks of ``town`` (its two- or three-letter code; all when empty).

    ``most`` ends the list with the block in which it is reached, so that no block is cut in two.
    """
    count = 0
    for row in rows:
        if town and row["bldg_contract_town"] != town:
            continue
        if most is not None and count >= most:
            return
        for unit in block_units(row):
            count += 1
            yield unit


def block_units(row: Mapping[str, str]) -> Iterator[BlockUnit]:
    """Yield the flats of one block in the order of their doors; none for a car park or a shop house."""
    flats = [kind for column, kind in FLATS.items() for _ in range(int(row[column] or 0))]
    storeys = max(int(row["max_floor_lvl"]), 1)
    before = place = 0
    for index, (flat_type, is_rented) in enumerate(flats):
        storey = index * storeys // len(flats) + 1
        place = place + 1 if storey == before else 1
        before = storey
        has_reduced = RESIDENTIAL["main"][flat_type][0] is not None
        yield BlockUnit(
            building=row["blk_no"],
            street=titled(row["street"]),
            storey=storey,
            door=f"#{storey:02d}-{place:02d}",
            flat_type=flat_type,
            is_rented=is_rented,
            is_reduced=has_reduced and (index + 1) % NORMAL_EVERY != 0,
            area=USUAL_AREA[flat_type],
        )


def write_units_csv(rows: Iterable[BlockUnit], out: TextIO, *, holder: HolderOf | None = None) -> int:
    """Write the file that a manager would import and return how many units it has.

    ``holder`` gives a unit's holder by column name (``Holder``, ``Relation``, ``E-mail`` …); without it the units
    come without one.
    """
    writer = csv.DictWriter(out, HEADER, restval="", lineterminator="\r\n")
    writer.writeheader()
    count = 0
    for unit in rows:
        writer.writerow(_row(unit) | dict(holder(unit) if holder else {}))
        count += 1
    return count


def _row(unit: BlockUnit) -> dict[str, str]:
    return {
        "Building": unit.building,
        "Street": unit.street,
        "Storey": str(unit.storey),
        "Door": unit.door,
        "Flat type": unit.flat_type,
        "Rate": "reduced" if unit.is_reduced else "normal",
        "Area (m²)": unit.area,
        "Ownership": "rented" if unit.is_rented else "owner",
    }
