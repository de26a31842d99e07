"""A rule's table as a grid, for forms and sentences: the last attribute across, the others down."""

from dataclasses import dataclass
from decimal import Decimal

from billing.rules.documents import Charge, LateFee
from billing.rules.nodes import Table, walk


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows by columns; a cell without a price is None, be it not offered or not given.

    With one attribute there is one column, whose key is empty, and ``column_name`` is None.
    """

    row_names: tuple[str, ...]
    column_name: str | None
    row_keys: tuple[tuple[str, ...], ...]
    column_keys: tuple[str, ...]
    cells: tuple[tuple[Decimal | None, ...], ...]


def describe_table(document: Charge | LateFee) -> Grid | None:
    """Return the first table of a rule as a grid; None when it has none."""
    tables = (part for part, _ in walk(document.amount) if isinstance(part, Table))
    table = next(tables, None)
    return None if table is None else grid_of(table)


def grid_of(table: Table) -> Grid:
    """Return a table as a grid, keys in the order in which they first appear."""
    if len(table.by) == 1:
        column = tuple((amount,) for amount in table.cells.values())
        return Grid(table.by, None, tuple(table.cells), ("",), column)
    rows = tuple(dict.fromkeys(keys[:-1] for keys in table.cells))
    columns = tuple(dict.fromkeys(keys[-1] for keys in table.cells))
    cells = tuple(tuple(table.cells.get((*row, column)) for column in columns) for row in rows)
    return Grid(table.by[:-1], table.by[-1], rows, columns, cells)
