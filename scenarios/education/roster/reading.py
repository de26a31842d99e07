"""A bundle's bytes into records, nothing guessed: what cannot be read is named with file, row, column and value."""

import csv
import difflib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from scenarios.education.kinds import GRADES
from scenarios.education.roster.findings import Findings
from scenarios.education.roster.specs import FILES, STATUSES, Field, File, columns_of
from ui.errors import Invalid
from ui.formats import filesize
from ui.i18n import Text, t

Record = dict[str, Any]
MOST_FILES, MOST_ROWS, MOST_RATIO = 60, 500_000, 200
MEBIBYTE = 1024 * 1024
NEAR = 0.85
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?")
_YES_NO = {"true": True, "false": False, "1": True, "0": False}
MODES = ("bulk", "delta", "absent")


@dataclass(slots=True)
class Parsed:
    """What a bundle says: records by file, how each file is meant (bulk or delta), and what is wrong with it.

    ``refused_ids`` are the ids of rows that could not be read: they are in the file, so nothing of theirs ends.
    """

    records: dict[str, list[Record]] = field(default_factory=dict)
    refused_ids: dict[str, list[str]] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)


def read(content: bytes, *, most_unpacked: int) -> Parsed:
    """Return what the bundle holds. Blocking: call from a thread.

    Raises:
        Invalid: it is no ZIP of CSV files, has no manifest, or would unpack to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = _members(archive, most_unpacked)
            texts = {name: _text(archive, path, most_unpacked) for name, path in names.items()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _wrong(t("This is not a ZIP file that can be read.")) from error
    if "manifest" not in texts:
        raise _wrong(t("The ZIP has no manifest.csv, so it is no OneRoster bundle."))
    parsed = Parsed()
    parsed.modes = _manifest(texts.pop("manifest"), texts, parsed.findings)
    for name, file in FILES.items():
        if parsed.modes.get(name) in {"bulk", "delta"}:
            parsed.records[name], parsed.refused_ids[name] = _records(
                file, texts[name.lower()], parsed.findings
            )
    return parsed


def _wrong(text: Text) -> Invalid:
    return Invalid("roster.file", text, fields={"file": text})


def _members(archive: zipfile.ZipFile, most: int) -> dict[str, str]:
    entries = [one for one in archive.infolist() if not one.is_dir()]
    unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    is_bomb = unpacked > MEBIBYTE and unpacked > MOST_RATIO * max(1, packed)
    if len(entries) > MOST_FILES or unpacked > most or is_bomb:
        raise _wrong(
            t(
                "The ZIP holds more than we read: at most {n} files, {size}.",
                n=MOST_FILES,
                size=filesize(most),
            )
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise _wrong(t("The ZIP is protected by a password. Make one without."))
    paths = [PurePosixPath(entry.filename) for entry in entries]
    return {path.stem.lower(): str(path) for path in paths if path.suffix.lower() == ".csv"}


def _text(archive: zipfile.ZipFile, path: str, most: int) -> str:
    with archive.open(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise _wrong(t("The ZIP holds more than we read: at most {n} files, {size}.", n=MOST_FILES, size=""))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(t("{file} is not written in UTF-8, as OneRoster asks.", file=path)) from error


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with its number in the file, the header's being 1."""
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            if number > MOST_ROWS:
                raise _wrong(t("A file of the bundle has more than {n} rows.", n=MOST_ROWS))
            if any(cell.strip() for cell in row):
                yield number, [cell.strip() for cell in row]
    except csv.Error as error:
        raise _wrong(t("A file of the bundle has quotation marks that do not match.")) from error


def _manifest(text: str, files: Mapping[str, str], findings: Findings) -> dict[str, str]:
    """Return how each file is meant; a file that is meant and missing is told, and so is one that is not meant."""
    said: dict[str, tuple[int, str]] = {}
    for number, row in _rows(text):
        name, value = (*row, "")[:2]
        if name.startswith("file."):
            said[name.removeprefix("file.")] = (number, value.lower())
    modes = {}
    for name, (number, value) in said.items():
        if value not in MODES:
            findings.warn(
                "manifest",
                number,
                f"file.{name}",
                value,
                t("says neither bulk, delta nor absent: taken as absent"),
            )
        elif value != "absent" and name in FILES and name.lower() not in files:
            findings.refuse(
                "manifest", number, f"file.{name}", value, t("is announced, but not in the bundle")
            )
        elif value != "absent":
            modes[name] = value
    _not_meant(files, modes, findings)
    return modes


def _not_meant(files: Mapping[str, str], modes: Mapping[str, str], findings: Findings) -> None:
    known = {name.lower(): file for name, file in FILES.items()}
    for name in sorted(set(files) - {mode.lower() for mode in modes}):
        header = next((row for _, row in _rows(files[name])), [])
        same = [
            one.name for key, one in known.items() if key != name and key in files and _is_header(one, header)
        ]
        reason = (
            t(
                "is not announced by the manifest and has the columns of {file}: not read",
                file=f"{same[0]}.csv",
            )
            if same
            else t("is not announced by the manifest: not read")
        )
        findings.warn(f"{name}.csv", 1, "", "", reason)


def _is_header(file: File, header: list[str]) -> bool:
    needed = {one.name for one in file.fields if one.is_required}
    return len(needed) > 1 and needed <= set(header)


def _records(file: File, text: str, findings: Findings) -> tuple[list[Record], list[str]]:
    rows = _rows(text)
    number, header = next(rows, (1, []))
    places = _places(file, number, header, findings)
    missing = [one.name for one in file.fields if one.is_required and one.name not in places]
    if missing or "sourcedId" not in places:
        for name in missing or ["sourcedId"]:
            findings.refuse(file.name, number, name, "", t("is missing: the file cannot be read without it"))
        return [], []
    reader = _Reader(file, places, findings)
    records = [record for row_number, row in rows if (record := reader.record(row_number, row)) is not None]
    return records, sorted(reader.seen - {record["sourced_id"] for record in records})


def _places(file: File, number: int, header: list[str], findings: Findings) -> dict[str, int]:
    """Return where each column stands: by its name, or by one that is nearly the same, which is told."""
    places: dict[str, int] = {}
    known = columns_of(file)
    if any(not name for name in header):
        findings.warn(file.name, number, "", "", t("has columns without a name: not read"))
    for place, name in enumerate(header):
        if not name or name in known:
            places.setdefault(name, place)
            continue
        near = difflib.get_close_matches(name, sorted(known - set(header)), n=1, cutoff=NEAR)
        if near:
            places.setdefault(near[0], place)
            findings.warn(file.name, number, name, "", t("is taken as {name}", name=near[0]))
        elif not name.startswith("metadata."):
            findings.warn(file.name, number, name, "", t("is no column of OneRoster: not read"))
    places.pop("", None)
    if "password" in places:
        findings.warn(file.name, number, "password", "", t("is never read or kept"))
    return places


class _Reader:
    """Reads the rows of one file; what holds for a whole column is told once."""

    def __init__(self, file: File, places: Mapping[str, int], findings: Findings) -> None:
        self._file, self._places, self._findings = file, places, findings
        self._seen: dict[str, int] = {}
        self._odd_stamp = False

    @property
    def seen(self) -> set[str]:
        """The ids of all rows so far."""
        return set(self._seen)

    def record(self, number: int, row: list[str]) -> Record | None:
        """Return a row as a record, or nothing for one that is refused."""
        cells = {name: row[place] if place < len(row) else "" for name, place in self._places.items()}
        key = cells["sourcedId"]
        if not key or key in self._seen:
            told = t("same as row {first}", first=self._seen[key]) if key else t("is needed")
            self._refuse(number, "sourcedId", key, told)
            return None
        self._seen[key] = number
        self._stamp(number, cells.get("dateLastModified", ""))
        record: Record = {"row": number, "sourced_id": key[:200], "is_over": self._is_over(number, cells)}
        is_good = True
        for one in self._file.fields:
            value, reason = _value(one, cells.get(one.name, ""))
            if reason is not None:
                self._refuse(number, one.name, cells.get(one.name, ""), reason)
                is_good = False
            record[one.key] = value
        return record if is_good else None

    def _refuse(self, number: int, column: str, value: str, reason: Text) -> None:
        self._findings.refuse(self._file.name, number, column, value, reason)

    def _is_over(self, number: int, cells: Mapping[str, str]) -> bool:
        status = cells.get("status", "")
        if not status or status in STATUSES:
            return STATUSES.get(status) == "over"
        self._findings.warn(
            self._file.name, number, "status", status, t("is neither active nor tobedeleted: taken as over")
        )
        return True

    def _stamp(self, number: int, value: str) -> None:
        if value and not self._odd_stamp and not _DAY.fullmatch(value):
            self._odd_stamp = True
            reason = t(
                "is not a date written year-month-day; it is not needed, so the rows are read without it"
            )
            self._findings.warn(self._file.name, number, "dateLastModified", value, reason)


def _value(one: Field, cell: str) -> tuple[Any, Text | None]:
    """Return a cell as what its column holds, or why it cannot be that."""
    if not cell:
        return _BLANK.get(one.type), t("is needed") if one.is_required else None
    return _READERS[one.type](cell, one)


def _text_of(cell: str, one: Field) -> tuple[Any, Text | None]:
    if len(cell) > one.longest:
        return None, t(
            "has {length} characters; at most {longest} fit", length=len(cell), longest=one.longest
        )
    return cell, None


def _choice(cell: str, one: Field) -> tuple[Any, Text | None]:
    found = next((each for each in one.choices if each.lower() == cell.lower()), None)
    return found, None if found else t("is none of: {options}", options=", ".join(sorted(one.choices)))


def _yes_no(cell: str, _: Field) -> tuple[Any, Text | None]:
    found = _YES_NO.get(cell.lower())
    return found, t("is neither true nor false") if found is None else None


def _references(cell: str, _: Field) -> tuple[Any, Text | None]:
    return [part.strip() for part in cell.split(",") if part.strip()], None


def _year(cell: str, _: Field) -> tuple[Any, Text | None]:
    return (int(cell), None) if re.fullmatch(r"\d{4}", cell) else (None, t("is not a year such as 2026"))


_BLANK: Mapping[str, Any] = {"text": "", "grade": "", "references": [], "yes_no": None}


def _day(cell: str, _: Field) -> tuple[Any, Text | None]:
    found = _DAY.fullmatch(cell)
    try:
        return (date.fromisoformat(found[1]).isoformat() if found else None), (
            None if found else t("is not a date written year-month-day, such as 2026-11-21")
        )
    except ValueError:
        return None, t("is not a date written year-month-day, such as 2026-11-21")


def _grade(cell: str, _: Field) -> tuple[Any, Text | None]:
    """Read the first of the grades as we write it (``09`` is ``9``, ``KG`` the last year before school)."""
    first = cell.split(",", maxsplit=1)[0].strip().upper()
    known = {"KG": "K3", "K": "K3", "PK": "K1"}.get(first, first)
    number = known.lstrip("0")
    return (known if known in GRADES else number if number in GRADES else ""), None


_READERS: Mapping[str, Callable[[str, Field], tuple[Any, Text | None]]] = {
    "text": _text_of,
    "day": _day,
    "choice": _choice,
    "reference": _text_of,
    "references": _references,
    "yes_no": _yes_no,
    "grade": _grade,
    "year": _year,
}
