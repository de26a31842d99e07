"""One table out of an uploaded file, whatever its format: a header and rows that keep their numbers."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath

from tenants.tabular.columns import fold
from tenants.tabular.csv_source import CsvSource
from tenants.tabular.source import Limits, Mark, Row, Source, TableError, Upload, check_size, column_letter
from tenants.tabular.xlsx_source import XlsxSource
from ui.i18n import t

_CSV_NAMES = {".csv", ".tsv", ".txt"}
_CSV_TYPES = {
    "text/csv",
    "text/plain",
    "text/tab-separated-values",
    "application/csv",
    "application/vnd.ms-excel",
}
_XLSX_TYPES = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_ANY_TYPES = {"", "application/octet-stream"}
_HEAD_ROWS = 10


@dataclass(frozen=True, slots=True)
class Table:
    """A recognised table. ``header`` holds the names of its columns, ``header_row`` the row they stand in.

    ``left`` is how many empty columns stand before it in the file; cells and marks count from the header.
    """

    sheet_names: list[str]
    header: list[str]
    header_row: int
    left: int
    source: Source

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header that are not blank, each as wide as the header; may be called again.

        Raises:
            TableError: where the file breaks a limit or its quoting, naming the row.
        """
        left, width, marks_of = self.left, len(self.header), self.source.marks_of
        for number, cells in islice(self.source.rows(), self.header_row, None):
            if not any(cells) or not any(map(str.strip, cells)):
                continue
            marks = marks_of(number)
            if len(cells) == width and not left:
                yield Row(number, cells, marks)
            else:
                yield self._framed(number, cells, marks)

    def _framed(self, number: int, cells: list[str], marks: tuple[tuple[int, Mark], ...]) -> Row:
        """Return the row cut or filled to the header's width, counting what stands outside."""
        stop = self.left + len(self.header)
        inside = cells[self.left : stop]
        outside = sum(1 for cell in cells[: self.left] + cells[stop:] if cell.strip())
        shifted = tuple((place - self.left, mark) for place, mark in marks if self.left <= place < stop)
        return Row(number, inside + [""] * (len(self.header) - len(inside)), shifted, outside)


def open_table(
    upload: Upload,
    filename: str,
    *,
    limits: Limits | None = None,
    known: Collection[str] = (),
    sheet: str | None = None,
    header_row: int | None = None,
    declared_type: str = "",
) -> Table:
    """Recognise an uploaded CSV or XLSX and find its header.

    ``known`` are names that columns may have (``Field.names``): the header is the row of the first ten that
    holds most of them, so that titles above it are skipped; without them it is the first row with anything in
    it. ``declared_type`` is the browser's content type, which must agree with the name when it says anything.

    Raises:
        TableError: too large, not what its name says, encrypted, damaged, unsafe, in an uncertain encoding, or
            with columns that have no name or the same name.
    """
    limits = limits or Limits()
    check_size(upload, limits)
    names = {fold(name) for name in known}
    source = _source(upload, filename, declared_type, limits, names, sheet=sheet)
    head = [
        (number, cells) for number, cells in islice(source.rows(), _HEAD_ROWS) if any(map(str.strip, cells))
    ]
    number, cells = _header(head, names, header_row)
    left = next(index for index, cell in enumerate(cells) if cell.strip())
    return Table(source.sheet_names, _checked_header(cells[left:], left), number, left, source)


def _source(
    upload: Upload, filename: str, declared_type: str, limits: Limits, names: set[str], *, sheet: str | None
) -> Source:
    suffix = PurePath(filename).suffix.lower()
    kind = declared_type.split(";", maxsplit=1)[0].strip().lower()
    if suffix in _CSV_NAMES:
        _agree(kind, _CSV_TYPES)
        _refuse_binary(upload)
        return CsvSource(upload, limits, lambda cells: _recognised(cells, names))
    if suffix == ".xlsx":
        _agree(kind, _XLSX_TYPES)
        return XlsxSource(upload, limits, sheet)
    raise _unreadable(suffix)


def _agree(kind: str, allowed: set[str]) -> None:
    if kind not in allowed | _ANY_TYPES:
        message = t("The file's name does not fit its content type “{kind}”.", kind=kind)
        raise TableError("table.type_mismatch", message)


def _refuse_binary(upload: Upload) -> None:
    start = upload[:4] if isinstance(upload, bytes) else _first_bytes(upload)
    if start in {b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"}:
        message = t(
            "The file's name says CSV but its content is something else. If it is Excel, name it .xlsx."
        )
        raise TableError("table.type_mismatch", message)


def _first_bytes(path: Upload) -> bytes:
    if isinstance(path, bytes):
        return path[:4]
    with path.open("rb") as file:
        return file.read(4)


def _unreadable(suffix: str) -> TableError:
    if suffix in {".xls", ".xlsm", ".xlsb", ".numbers", ".ods", ".et"}:
        message = t("Files ending in {suffix} cannot be read. Save it as XLSX or CSV.", suffix=suffix)
    else:
        message = t("Only CSV and XLSX files can be read.")
    return TableError("table.extension", message)


def _recognised(cells: list[str], names: set[str]) -> int:
    return sum(1 for cell in cells if fold(cell) in names)


def _header(head: list[tuple[int, list[str]]], names: set[str], wanted: int | None) -> tuple[int, list[str]]:
    if not head:
        raise TableError("table.empty", t("The file has no rows in its first ten lines."))
    if wanted is None:
        return max(head, key=lambda row: (_recognised(row[1], names), -row[0]))
    for number, cells in head:
        if number == wanted:
            return number, cells
    raise TableError("table.no_header", t("Row {number} has no column names.", number=wanted))


def _checked_header(cells: list[str], left: int) -> list[str]:
    header = [" ".join(cell.split()) for cell in cells]
    while header and not header[-1]:
        header.pop()
    empty = [column_letter(index) for index, name in enumerate(header, start=left) if not name]
    if empty:
        message = t("Columns without a name: {columns}. Name or remove them.", columns=", ".join(empty))
        raise TableError("table.empty_header", message)
    counts = Counter(map(fold, header))
    twice = [
        f"{name} ({column_letter(index)})" for index, name in enumerate(header) if counts[fold(name)] > 1
    ]
    if twice:
        message = t("Columns with the same name: {columns}. Rename or remove one.", columns=", ".join(twice))
        raise TableError("table.duplicate_header", message)
    return header
