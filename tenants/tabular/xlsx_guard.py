"""What an XLSX must survive before anything parses it: is it one, is it a bomb, where are its formulas.

Every part is decompressed once in small pieces and counted, because the sizes that a ZIP declares can lie; the
sheets' XML is searched on the way for cells far outside (a reader would reserve room for everything before
them) and for formulas.
"""

import io
import re
import zipfile
import zlib
from collections import defaultdict
from html import unescape
from typing import IO

from tenants.tabular.source import Limits, TableError, Upload, too_many_cells, too_many_columns, too_many_rows
from ui.i18n import Text, t

_CHUNK = 256 * 1024
_OVERLAP = 1024
_MIB = 1024 * 1024
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FAR = re.compile(rb"""\br\s*=\s*["']([A-Z]{2,7}\d{1,9}|[A-Z]\d{6,9}|\d{6,9})["']""")
_LONG = re.compile(rb"""\br\s*=\s*["'][A-Z]{0,7}\d{5}""")
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\b[^<>]{0,300}?\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["'][^<>]{0,300}>\s*<(?:\w+:)?f[\s/>]"""
)
_REFERENCE = re.compile(rb"([A-Z]*)(\d+)")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*["']([^"']*)["']""")
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^<>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^<>]*>")

Formulas = dict[int, list[int]]


def check_kind(upload: Upload) -> None:
    """Refuse what is not an XLSX, naming what it is as far as that can be told."""
    with _binary(upload) as file:
        start = file.read(8)
        if start == _OLE:
            is_encrypted = _ENCRYPTED in file.read(_MIB) or _ENCRYPTED in _tail(file)
            raise _refused("protected" if is_encrypted else "xls")
    if not start.startswith(b"PK\x03\x04"):
        raise _refused("other")


def inspect(upload: Upload, limits: Limits, sheet: str | None) -> Formulas:
    """Return the formula cells of ``sheet`` (or the first) by row number and column index, or refuse the file."""
    try:
        with _binary(upload) as file, zipfile.ZipFile(file) as archive:
            _check_entries(archive, limits)
            return _read_all(archive, _path_of(archive, sheet), limits)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeDecodeError,
    ) as error:
        raise _refused("broken") from error


def _binary(upload: Upload) -> IO[bytes]:
    return io.BytesIO(upload) if isinstance(upload, bytes) else upload.open("rb")


def _tail(file: IO[bytes]) -> bytes:
    file.seek(max(0, file.seek(0, io.SEEK_END) - _MIB))
    return file.read()


def _check_entries(archive: zipfile.ZipFile, limits: Limits) -> None:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > limits.entries:
        raise _bomb()
    if any(entry.flag_bits & 1 for entry in entries):
        raise _refused("protected")
    if any(name.endswith("vbaProject.bin") for name in names):
        raise _refused("macros")
    if "xl/workbook.xml" not in names:
        raise _refused(_other_archive(names))
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > limits.unpacked or (unpacked > _MIB and unpacked > limits.ratio * max(1, packed)):
        raise _bomb()


def _other_archive(names: set[str]) -> str:
    if any(name.startswith("Index/") or name.endswith(".iwa") for name in names):
        return "numbers"
    if "content.xml" in names:
        return "ods"
    return "other"


def _path_of(archive: zipfile.ZipFile, wanted: str | None) -> str:
    """Return the part of the archive that holds the sheet; an unknown sheet has none."""
    targets = {}
    for relation in _RELATION.findall(_small(archive, "xl/_rels/workbook.xml.rels")):
        attributes = dict(_ATTRIBUTE.findall(relation))
        targets[attributes.get("Id", "")] = attributes.get("Target", "")
    for sheet in _SHEET.findall(_small(archive, "xl/workbook.xml")):
        attributes = dict(_ATTRIBUTE.findall(sheet))
        if wanted in {None, unescape(attributes.get("name", ""))}:
            target = next((targets.get(v, "") for k, v in attributes.items() if k.endswith(":id")), "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _small(archive: zipfile.ZipFile, name: str) -> str:
    if name not in archive.NameToInfo:
        raise _refused("broken")
    with archive.open(name) as part:
        return part.read(_MIB).decode()


def _read_all(archive: zipfile.ZipFile, path: str, limits: Limits) -> Formulas:
    formulas: Formulas = {}
    room = limits.unpacked
    for entry in archive.infolist():
        sheet = _Sheet(limits) if entry.filename == path else None
        with archive.open(entry) as part:
            room -= _scan(part, sheet, room)
        if sheet:
            formulas = sheet.formulas()
    return formulas


def _scan(part: IO[bytes], sheet: "_Sheet | None", room: int) -> int:
    """Read ``part`` to its end and return its size; the sheet sees every piece of it."""
    size = 0
    while chunk := part.read(_CHUNK):
        if not size and b"<!DOCTYPE" in chunk:
            raise _refused("broken")
        size += len(chunk)
        if size > room:
            raise _bomb()
        if sheet:
            sheet.see(chunk)
    return size


class _Sheet:
    """What a sheet's XML tells while it streams by: its extent, roughly but never too small, and its formulas."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._carry = b""
        self._rows, self._columns = 9_999, 26
        self._formulas: set[tuple[int, int]] = set()

    def see(self, chunk: bytes) -> None:
        """Take the next piece; refuse a sheet that reaches beyond the limits."""
        window = self._carry + chunk
        self._carry = window[-_OVERLAP:]
        if self._rows < 99_999 and _LONG.search(window):  # noqa: PLR2004 - the most that five digits say
            self._rows = 99_999
        for reference in _FAR.findall(window):
            self._reach(reference)
        if self._rows * self._columns > self._limits.cells:
            raise too_many_cells(self._limits)
        if b"<f" in window or b":f" in window:
            found = _FORMULA.findall(window)
            self._formulas.update((int(row), column_index(letters)) for letters, row in found)

    def formulas(self) -> Formulas:
        """Return the formula cells' columns by row."""
        by_row: Formulas = defaultdict(list)
        for row, column in sorted(self._formulas):
            by_row[row].append(column)
        return by_row

    def _reach(self, reference: bytes) -> None:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return
        row, columns = int(match[2]), column_index(match[1]) + 1
        if row > self._limits.rows:
            raise too_many_rows(self._limits)
        if columns > self._limits.columns:
            raise too_many_columns(row, self._limits)
        self._rows, self._columns = max(self._rows, row), max(self._columns, columns)


def column_index(letters: bytes) -> int:
    """Return the index from 0 of the column that a spreadsheet calls ``letters``; -1 for none."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _refused(kind: str) -> TableError:
    reasons: dict[str, Text] = {
        "protected": t("The file is protected by a password. Remove the password and upload it again."),
        "xls": t("This is an old Excel file (.xls). Save it as XLSX and upload it again."),
        "numbers": t("This is a Numbers file. Export it as Excel (XLSX) or CSV and upload that."),
        "ods": t("This is an OpenDocument file. Save it as XLSX or CSV and upload that."),
        "macros": t("The file contains macros. Save it as XLSX without macros and upload it again."),
        "broken": t("The file is damaged and cannot be opened. Save it again as XLSX and upload that."),
        "other": t("The file's name ends in .xlsx but its content is something else."),
    }
    return TableError(f"table.{kind}", reasons[kind])


def _bomb() -> TableError:
    message = t("The file grows to an unsafe size when it is opened, so it was not opened.")
    return TableError("table.bomb", message)
