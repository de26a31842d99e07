"""What every kind of table file has in common: rows, limits, and the error that names what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from ui.errors import Invalid
from ui.formats import filesize
from ui.i18n import t

Upload = Path | bytes


class TableError(Invalid):
    """The file as a whole cannot be read as a table; the message says why and what to do."""


class Mark(StrEnum):
    """What is odd about a cell that has a value all the same."""

    FORMULA = "formula"
    """The cell is a formula; its last computed value was read."""
    LOST_DIGITS = "lost_digits"
    """The cell is a number of more than 15 digits, of which the program that wrote it kept only 15."""


class Row(NamedTuple):
    """One row that is not blank. ``number`` is the row's number as a spreadsheet shows it, from 1."""

    number: int
    cells: list[str]
    marks: tuple[tuple[int, Mark], ...] = ()
    surplus: int = 0
    """How many filled cells stand outside the named columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is read at most; beyond it the file is refused, not cut short."""

    size: int = 20 * 1024 * 1024
    """Bytes of the file as uploaded."""
    rows: int = 200_000
    """Highest row number."""
    columns: int = 200
    cells: int = 8_000_000
    """Rows × columns that an XLSX spans: its reader makes room for every cell, filled or not."""
    cell: int = 5_000
    """Characters in one cell."""
    unpacked: int = 300 * 1024 * 1024
    """Bytes of an XLSX once decompressed."""
    ratio: int = 150
    """How many times larger an XLSX may be decompressed, for files over a megabyte."""
    entries: int = 2_000
    """Files inside an XLSX."""


class Source(Protocol):
    """A file that has been recognised; rows come from it as they stand, blank ones too."""

    sheet_names: list[str]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row's number and cells from the start of the file; may be called again."""
        ...

    def marks_of(self, number: int) -> tuple[tuple[int, Mark], ...]:
        """Return the odd cells of the row that was yielded last."""
        ...


def size_of(upload: Upload) -> int:
    """Return the bytes of the upload without reading a file."""
    return len(upload) if isinstance(upload, bytes) else upload.stat().st_size


def check_size(upload: Upload, limits: Limits) -> None:
    """Refuse an upload that is too large, before a byte of it is read."""
    size = size_of(upload)
    if size > limits.size:
        raise TableError(
            "table.too_large",
            t(
                "The file has {size}; at most {limit} can be read. Split it into several files.",
                size=filesize(size),
                limit=filesize(limits.size),
            ),
            status=413,
        )
    if not size:
        raise TableError("table.empty", t("The file is empty."))


def too_many_rows(limits: Limits) -> TableError:
    """Return the error for a file with more rows than are read."""
    message = t("The file has more than {limit} rows. Split it into several files.", limit=limits.rows)
    return TableError("table.too_many_rows", message)


def too_many_columns(number: int, limits: Limits) -> TableError:
    """Return the error for a row with more columns than are read."""
    message = t("Row {number} has more than {limit} columns.", number=number, limit=limits.columns)
    return TableError("table.too_many_columns", message)


def too_many_cells(limits: Limits) -> TableError:
    """Return the error for a sheet that spans more cells than are read."""
    message = t(
        "The sheet spans more than {limit} cells. Delete the empty rows and columns around the table.",
        limit=limits.cells,
    )
    return TableError("table.too_many_cells", message)


def cell_too_long(number: int, limits: Limits) -> TableError:
    """Return the error for a cell that is longer than is read."""
    message = t(
        "Row {number} has a cell of more than {limit} characters. Is a closing quotation mark missing?",
        number=number,
        limit=limits.cell,
    )
    return TableError("table.cell_too_long", message)


def column_letter(index: int) -> str:
    """Return the spreadsheet's name of the column at ``index`` from 0: A, B … Z, AA."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
