"""Rows of cells into rows of values, at full speed where all is well and in full words where it is not."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tenants.tabular.columns import Columns, Field
from tenants.tabular.kinds import BadCell, Converter
from tenants.tabular.source import Mark, Row
from ui.i18n import Text, t

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell, or with the row (``column`` empty). A warning does not refuse the row."""

    column: str
    value: str
    reason: Text
    key: str = ""
    is_warning: bool = False

    @property
    def sentence(self) -> Text:
        """The problem as one line for a list or a file."""
        if not self.column:
            return self.reason
        if not self.value:
            return t("{column}: {reason}", column=self.column, reason=self.reason)
        return t(
            "{column}: “{value}” {reason}", column=self.column, value=_short(self.value), reason=self.reason
        )


class ConvertedRow(NamedTuple):
    """One row: values by field key (None where empty or wrong), its problems, and the cells it came from."""

    number: int
    values: dict[str, Any]
    problems: list[Problem]
    cells: list[str]

    @property
    def is_good(self) -> bool:
        """Whether the row can be used; warnings do not count."""
        return not self.problems or all(problem.is_warning for problem in self.problems)


class _Plan(NamedTuple):
    key: str
    place: int
    convert: Converter
    is_required: bool


def convert_rows(
    rows: Iterable[Row], columns: Columns, fields: Sequence[Field], *, unique: Sequence[str] = ()
) -> Iterator[ConvertedRow]:
    """Yield each row converted. ``unique`` names the fields of the natural key: a repeat names the first row.

    A field without a column is None in every row; whether that is acceptable is ``columns.is_complete``.
    """
    plans = [
        _Plan(spec.key, columns.places[spec.key], spec.kind.convert, spec.is_required)
        for spec in fields
        if spec.key in columns.places
    ]
    absent = dict.fromkeys(spec.key for spec in fields if spec.key not in columns.places)
    first: dict[tuple[Any, ...], int] = {}
    for row in rows:
        values, problems = _values(row, plans, columns.header, absent)
        if row.marks or row.surplus:
            problems += _oddities(row, columns)
        if unique:
            key = tuple([values[name] for name in unique])
            if None not in key and first.setdefault(key, row.number) != row.number:
                problems.append(_repeat(first[key], unique, columns, row))
        yield ConvertedRow(row.number, values, problems, row.cells)


def _values(
    row: Row, plans: Sequence[_Plan], header: Sequence[str], absent: dict[str, None]
) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = dict(absent)
    problems: list[Problem] = []
    cells = row.cells
    for key, place, convert, is_required in plans:
        cell = cells[place].strip()
        if not cell:
            values[key] = None
            if is_required:
                problems.append(Problem(header[place], "", t("is empty but needed"), key))
            continue
        try:
            values[key] = convert(cell)
        except BadCell as bad:
            values[key] = None
            problems.append(Problem(header[place], cell, bad.reason, key))
    return values, problems


def _oddities(row: Row, columns: Columns) -> list[Problem]:
    keys = {place: key for key, place in columns.places.items()}
    problems = []
    for place, mark in row.marks:
        if place not in keys:
            continue
        reason = {
            Mark.FORMULA: t("comes from a formula; its last computed value is used"),
            Mark.LOST_DIGITS: t(
                "is a number of more than 15 digits, of which some are lost; make the column text"
            ),
        }[mark]
        is_warning = mark is Mark.FORMULA
        problems.append(Problem(columns.header[place], row.cells[place], reason, keys[place], is_warning))
    if row.surplus:
        problems.append(Problem("", "", t("The row has cells outside the columns that have a name.")))
    return problems


def _repeat(first: int, unique: Sequence[str], columns: Columns, row: Row) -> Problem:
    place = columns.places[unique[-1]]
    return Problem(
        columns.header[place], row.cells[place].strip(), t("same as row {first}", first=first), unique[-1]
    )


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
