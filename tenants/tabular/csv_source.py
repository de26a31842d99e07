"""CSV as people's programs write it: four encodings, three delimiters, nothing guessed that could be wrong."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from typing import IO

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

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024
_SAMPLE_ROWS = 30
_DELIMITERS = ",;\t"
_COMMON_SHARE = 0.8


class CsvSource:
    """A CSV whose encoding and delimiter are known for certain."""

    def __init__(self, upload: Upload, limits: Limits, recognises: Callable[[list[str]], int]) -> None:
        self._upload, self._limits = upload, limits
        self.sheet_names: list[str] = []
        self.encoding = _encoding(upload)
        self.delimiter = _delimiter(self._sample(), recognises)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record, blank ones as empty lists; a record over several lines is one row."""
        cells, columns, rows = self._limits.cell, self._limits.columns, self._limits.rows
        number = 0
        with self._open() as file:
            try:
                for number, record in enumerate(
                    csv.reader(file, delimiter=self.delimiter, strict=True), start=1
                ):
                    if number > rows:
                        raise too_many_rows(self._limits)
                    if len(record) > columns:
                        raise too_many_columns(number, self._limits)
                    if record and len(max(record, key=len)) > cells:
                        raise cell_too_long(number, self._limits)
                    yield number, record
            except csv.Error as error:
                raise _bad_quoting(number + 1, str(error), self._limits) from error

    def marks_of(self, _number: int) -> tuple[tuple[int, Mark], ...]:
        """Return nothing: in a CSV a formula is only text, and is judged by the column it stands in."""
        return ()

    def _open(self) -> IO[str]:
        return io.TextIOWrapper(_binary(self._upload), encoding=self.encoding, newline="")

    def _sample(self) -> str:
        with self._open() as file:
            return file.read(_SAMPLE)


def _binary(upload: Upload) -> IO[bytes]:
    return io.BytesIO(upload) if isinstance(upload, bytes) else upload.open("rb")


def _encoding(upload: Upload) -> str:
    """Return the one encoding in which every byte of the file makes sense."""
    with _binary(upload) as file:
        start = file.read(4)
    for bom, name in _BOMS:
        if start.startswith(bom):
            if not _decodes(upload, name):
                raise _unknown_encoding()
            return name
    if _decodes(upload, "utf-8"):
        return "utf-8"
    if _decodes(upload, "gb18030") and _reads_as_chinese(upload):
        return "gb18030"
    raise _unknown_encoding()


def _decodes(upload: Upload, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with _binary(upload) as file:
        try:
            while chunk := file.read(_CHUNK):
                if "\0" in decoder.decode(chunk):
                    raise TableError("table.not_text", t("This is not a text file. Save it as CSV or XLSX."))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _reads_as_chinese(upload: Upload) -> bool:
    """Tell Chinese from other languages whose bytes happen to be valid GB 18030.

    Almost every Chinese character in use is in GB 2312; accents of western Europe, Big5 and Shift-JIS read as
    GB 18030 give characters outside it.
    """
    with io.TextIOWrapper(_binary(upload), encoding="gb18030") as file:
        foreign = [char for char in file.read(4 * _SAMPLE) if char > "\x7f"]
    common = len("".join(foreign).encode("gb2312", errors="ignore")) // 2
    return common >= _COMMON_SHARE * len(foreign)


def _unknown_encoding() -> TableError:
    message = t("The file's characters cannot be read with certainty. Save it as “CSV UTF-8” or as XLSX.")
    return TableError("table.encoding", message)


def _delimiter(sample: str, recognises: Callable[[list[str]], int]) -> str:
    """Return the delimiter that finds most known column names; failing that, most columns most evenly."""
    scores = {delimiter: _score(sample, delimiter, recognises) for delimiter in _DELIMITERS}
    return max(scores, key=lambda delimiter: scores[delimiter])


def _score(sample: str, delimiter: str, recognises: Callable[[list[str]], int]) -> tuple[int, float, int]:
    records = _peek(sample, delimiter)
    widths = Counter(len(record) for record in records)
    width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0))
    known = max((recognises(record) for record in records), default=0)
    return known, count / max(1, len(records)) if width > 1 else 0.0, width


def _peek(sample: str, delimiter: str) -> list[list[str]]:
    records = []
    try:
        for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if any(record):
                records.append(record)
            if len(records) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return records
    return records


def _bad_quoting(number: int, reason: str, limits: Limits) -> TableError:
    if "field larger" in reason:
        return cell_too_long(number, limits)
    if "unexpected end" in reason:
        message = t("Row {number} opens a quotation mark that is never closed.", number=number)
    else:
        message = t("Row {number} has characters after a closing quotation mark.", number=number)
    return TableError("table.quoting", message)
