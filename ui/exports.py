"""Every list as CSV or XLSX, written row by row, with cells that a spreadsheet will not run as formulas."""

import csv
import io
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import xlsxwriter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from ui.formats import current_zone, use_zone
from ui.i18n import current_locale, gettext, t, use_locale
from ui.shell import shell_of
from ui.tables import Column, lookup

MOST_ROWS = {"csv": 1_000_000, "xlsx": 200_000}
_BATCH = 500
_CHUNK = 256 * 1024
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Rows = AsyncIterable[Any] | Iterable[Any]
"""What is read already, or a reader that gives one row after another."""


def wants_export(request: Request) -> bool:
    """Whether the address asks for the list as a file (``?export=csv`` or ``xlsx``)."""
    return request.query_params.get("export", "") in _TYPES


async def export(request: Request, columns: Sequence[Column], rows: Rows, filename: str) -> StreamingResponse:
    """Send ``rows`` as a file, CSV unless the address asks for ``xlsx``.

    An asynchronous reader is read while the answer is being sent, so it must open its own scope and
    transaction. A list longer than ``MOST_ROWS`` ends with a row that says so.
    """
    kind = request.query_params.get("export", "csv")
    kind = kind if kind in _TYPES else "csv"
    shown = [column for column in columns if column.export]
    make = _csv if kind == "csv" else _xlsx
    body = make(shown, _bounded(rows, MOST_ROWS[kind]), current_locale(), shell_of(request).zone)
    headers = {"Content-Disposition": _disposition(f"{filename}.{kind}"), "Cache-Control": "no-store"}
    return StreamingResponse(body, headers=headers, media_type=_TYPES[kind])


async def write(path: Path, columns: Sequence[Column], rows: Rows, kind: str, *, zone: str) -> None:
    """Write ``rows`` to a file of ``kind`` (``csv``, ``xlsx``) in the current language, for work in the background."""
    shown = [column for column in columns if column.export]
    make = _csv if kind == "csv" else _xlsx
    with path.open("wb") as file:
        async for chunk in make(shown, _bounded(rows, MOST_ROWS[kind]), current_locale(), zone):
            file.write(chunk)


def guard(value: Any) -> Any:
    """Return a text that a spreadsheet shows instead of running it (OWASP: CSV injection)."""
    if isinstance(value, str) and value.startswith(_RISKY):
        return "'" + value
    return value


def heads(columns: Sequence[Column]) -> list[str]:
    """Return the head row; amounts are followed by one column for their currency."""
    labels = [str(column.label) for column in columns]
    return [*labels, gettext("Currency")] if _money(columns) else labels


def cells(columns: Sequence[Column], row: Any) -> list[Any]:
    """Return a row's values as they are exported."""
    values = [_cell(column.plain(row)) for column in columns]
    money = _money(columns)
    return [*values, lookup(row, money.currency)] if money else values


def _money(columns: Sequence[Column]) -> Column | None:
    found = next((column for column in columns if column.format in {"money", "amount"}), None)
    return found if found and found.currency not in {column.key for column in columns} else None


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(current_zone())).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, Decimal | int):
        return value
    return guard(str(value))


async def _bounded(rows: Rows, most: int) -> AsyncIterator[Any]:
    count = 0
    async for row in rows if isinstance(rows, AsyncIterable) else _each(rows):
        if count == most:
            yield None
            return
        count += 1
        yield row


async def _each(rows: Iterable[Any]) -> AsyncIterator[Any]:
    for row in rows:
        yield row


def _cut_short(most: int) -> str:
    return str(t("This file ends here, after {most} rows. Narrow the list to get the rest.", most=most))


async def _csv(
    columns: Sequence[Column], rows: AsyncIterable[Any], locale: str, zone: str
) -> AsyncIterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    with use_locale(locale):
        writer.writerow([guard(head) for head in heads(columns)])
    yield b"\xef\xbb\xbf"
    async for row in rows:
        with use_locale(locale), use_zone(zone):
            writer.writerow(cells(columns, row) if row is not None else [_cut_short(MOST_ROWS["csv"])])
        if buffer.tell() > _CHUNK:
            yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


async def _xlsx(
    columns: Sequence[Column], rows: AsyncIterable[Any], locale: str, zone: str
) -> AsyncIterator[bytes]:
    with tempfile.TemporaryFile() as file:
        sheet = _Sheet(file)
        with use_locale(locale):
            sheet.head(heads(columns))
        batch: list[list[Any]] = []
        async for row in rows:
            with use_locale(locale), use_zone(zone):
                batch.append(cells(columns, row) if row is not None else [_cut_short(MOST_ROWS["xlsx"])])
            if len(batch) == _BATCH:
                await run_in_threadpool(sheet.write, batch)
                batch = []
        await run_in_threadpool(sheet.finish, batch)
        file.seek(0)
        while chunk := await run_in_threadpool(file.read, _CHUNK):
            yield chunk


class _Sheet:
    """One worksheet written in constant memory: rows go to disk as they come and are never read back."""

    def __init__(self, file: Any) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(file, options)
        self._book.set_properties({"created": datetime.now(UTC)})
        self._sheet = self._book.add_worksheet()
        self._row = 0

    def head(self, labels: Sequence[str]) -> None:
        bold = self._book.add_format({"bold": True, "bottom": 1})
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(labels) - 1, 18)
        for index, label in enumerate(labels):
            self._sheet.write_string(0, index, label, bold)
        self._row = 1

    def write(self, batch: Iterable[Sequence[Any]]) -> None:
        for values in batch:
            for index, value in enumerate(values):
                self._put(index, value)
            self._row += 1

    def finish(self, batch: Iterable[Sequence[Any]]) -> None:
        self.write(batch)
        self._book.close()

    def _put(self, index: int, value: Any) -> None:
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            self._sheet.write_number(self._row, index, value)
        elif value is not None:
            self._sheet.write_string(self._row, index, str(value))


def _disposition(filename: str) -> str:
    plain = filename.encode("ascii", "ignore").decode().replace('"', "") or "list"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
