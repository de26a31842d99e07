"""XLSX after its guard: cells as people see them, with the formulas and lost digits noted."""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from tenants.tabular import xlsx_guard
from tenants.tabular.source import (
    Limits,
    Mark,
    TableError,
    Upload,
    cell_too_long,
    too_many_columns,
    too_many_rows,
)
from ui.i18n import t

Cell = int | float | str | bool | time | date | datetime | timedelta
_EXACT = 10**15
_MIDNIGHT = time()


class XlsxSource:
    """One sheet of a workbook that has passed the guard."""

    def __init__(self, upload: Upload, limits: Limits, sheet: str | None) -> None:
        xlsx_guard.check_kind(upload)
        self._formulas = xlsx_guard.inspect(upload, limits, sheet)
        try:
            opened = io.BytesIO(upload) if isinstance(upload, bytes) else str(upload)
            self._workbook = CalamineWorkbook.from_object(opened)
        except CalamineError as error:
            message = t("The file is damaged and cannot be opened. Save it again as XLSX and upload that.")
            raise TableError("table.broken", message) from error
        self.sheet_names: list[str] = self._workbook.sheet_names
        self._limits = limits
        self._sheet = self._load(self._choose(sheet))
        self._lost: dict[int, list[int]] = {}

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row from the first row of the sheet."""
        limits, sheet = self._limits, self._sheet
        left = [""] * (sheet.start[1] if sheet.start else 0)
        if sheet.start and len(left) + sheet.width > limits.columns:
            raise too_many_columns(1, limits)
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number > limits.rows:
                raise too_many_rows(limits)
            yield number, left + self._texts(number, cells, len(left))

    def marks_of(self, number: int) -> tuple[tuple[int, Mark], ...]:
        """Return the odd cells of the row that was yielded last."""
        formulas = tuple((column, Mark.FORMULA) for column in self._formulas.get(number, ()))
        return formulas + tuple((column, Mark.LOST_DIGITS) for column in self._lost.pop(number, ()))

    def _texts(self, number: int, cells: list[Cell], offset: int) -> list[str]:
        texts = [cell if cell.__class__ is str else as_seen(cell) for cell in cells]
        if texts and len(max(texts, key=len)) > self._limits.cell:
            raise cell_too_long(number, self._limits)
        for index, cell in enumerate(cells):
            if cell.__class__ is float and abs(cell) >= _EXACT:
                self._lost.setdefault(number, []).append(index + offset)
        return texts

    def _load(self, name: str) -> CalamineSheet:
        try:
            return self._workbook.get_sheet_by_name(name)
        except CalamineError as error:
            message = t("Sheet “{sheet}” cannot be read: {reason}", sheet=name, reason=str(error))
            raise TableError("table.sheet", message) from error

    def _choose(self, sheet: str | None) -> str:
        if not self.sheet_names:
            raise TableError("table.empty", t("The file is empty."))
        if sheet is None:
            return self.sheet_names[0]
        if sheet not in self.sheet_names:
            raise TableError("table.no_sheet", t("The file has no sheet “{sheet}”.", sheet=sheet))
        return sheet


def as_seen(cell: Cell) -> str:
    """Return the cell as a person reads it: 12 and not 12.0, dates as year-month-day, times without zeros."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return str(int(cell)) if cell.is_integer() else f"{cell:.15g}"
        case datetime():
            return _moment(cell)
        case time():
            return cell.isoformat("auto" if cell.second else "minutes")
        case _:
            return str(cell)


def _moment(cell: datetime) -> str:
    if cell.time() == _MIDNIGHT:
        return cell.date().isoformat()
    return cell.isoformat(" ", "seconds" if cell.second else "minutes")
