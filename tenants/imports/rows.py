"""A file's rows on their way to being staged: converted, shaped, and judged one batch at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants import texts
from tenants.kinds import ImportSpec, RowProblem
from tenants.tabular import Columns, ConvertedRow, Problem, Table, convert_rows
from ui.i18n import t

BATCH_ROWS = 2_000
KEY = "number"
"""What tells records apart: two rows that come to the same number are the same thing, however they are written."""


@dataclass(slots=True)
class Batch:
    """Rows that stand together in the file. ``records`` are still good; ``rows`` has every row by its number."""

    rows: dict[int, ConvertedRow] = field(default_factory=dict)
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: int = 0

    @property
    def odd(self) -> list[ConvertedRow]:
        """The rows about which there is something to say."""
        return [row for row in self.rows.values() if row.problems]


def read_batches(table: Table, columns: Columns, spec: ImportSpec) -> Iterator[Batch]:
    """Yield the rows of a table in batches. Blocking: call ``next`` from a thread."""
    batch, first = Batch(), dict[Any, int]()
    for row in convert_rows(table.rows(), columns, spec.fields):
        _add(batch, row, columns, spec, first)
        if len(batch.rows) == BATCH_ROWS:
            yield batch
            batch = Batch()
    if batch.rows:
        yield batch


def _add(batch: Batch, row: ConvertedRow, columns: Columns, spec: ImportSpec, first: dict[Any, int]) -> None:
    batch.rows[row.number] = row
    batch.last = row.number
    if not row.is_good:
        return
    shaped = spec.shape(row.values)
    found = list(shaped.problems)
    if not found:
        same = first.setdefault(shaped.record[KEY], row.number)
        if same != row.number:
            found = [(spec.natural_key[-1], t("same as row {first}", first=same))]
    row.problems.extend(_problem(row, columns, key, reason) for key, reason in found)
    if not found:
        batch.records[row.number] = shaped.record


def refuse(batch: Batch, columns: Columns, found: Sequence[RowProblem]) -> None:
    """Take rows out of the batch's good ones, for what the database knows of them."""
    for problem in found:
        row = batch.rows[problem.number]
        row.problems.append(_problem(row, columns, problem.column, problem.reason, problem.value))
        batch.records.pop(problem.number, None)


def _problem(row: ConvertedRow, columns: Columns, key: str, reason: Any, value: str = "") -> Problem:
    place = columns.places.get(key)
    if place is None:
        return Problem("", value, reason, key)
    return Problem(columns.header[place], value or row.cells[place].strip(), reason, key)


def pack_problem(problem: Problem) -> dict[str, Any]:
    """Return a problem as it is staged."""
    return {
        "column": problem.column,
        "value": problem.value,
        "reason": texts.pack(problem.reason),
        "key": problem.key,
        "is_warning": problem.is_warning,
    }


def unpack_problem(data: Mapping[str, Any]) -> Problem:
    """Return a staged problem, its reason in whatever language it will be read in."""
    return Problem(
        data["column"], data["value"], texts.unpack(data["reason"]), data["key"], data["is_warning"]
    )
