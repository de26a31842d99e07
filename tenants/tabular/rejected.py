"""The refused rows as a file: the original columns, and beside them the row number and what is wrong.

Nothing in it runs as a formula when it is opened: in CSV such a cell gets an apostrophe in front, in XLSX it is
written as text. Corrected, the file can be uploaded as it is; its two extra columns are ignored.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import xlsxwriter

from tenants.tabular.convert import ConvertedRow
from ui.i18n import gettext

_DANGEROUS = re.compile(r"\s*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d[\d ,.]*%?|-+")
_BATCH = 500


def rejected_csv(
    header: Sequence[str], rows: Iterable[ConvertedRow], why: Callable[[ConvertedRow], str] | None = None
) -> Iterator[bytes]:
    """Yield a CSV in UTF-8 with its mark (so that Excel reads the Chinese), piece by piece.

    ``why`` says what is wrong with a row where that is more than its cells show.
    """
    told = why or problem_text
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([*map(guarded, header), *_extra_columns()])
    yield b"\xef\xbb\xbf"
    for count, row in enumerate(rows, start=1):
        writer.writerow([*map(guarded, row.cells), row.number, guarded(told(row))])
        if count % _BATCH == 0:
            yield _drain(buffer)
    yield _drain(buffer)


def rejected_xlsx(header: Sequence[str], rows: Iterable[ConvertedRow]) -> bytes:
    """Return the same as an XLSX, every original cell as text."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        for column, name in enumerate([*header, *_extra_columns()]):
            sheet.write_string(0, column, name, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(len(header) + 1, len(header) + 1, 70)
        for line, row in enumerate(rows, start=1):
            for column, cell in enumerate(row.cells):
                sheet.write_string(line, column, cell)
            sheet.write_number(line, len(header), row.number)
            sheet.write_string(line, len(header) + 1, problem_text(row))
    return output.getvalue()


def guarded(cell: str) -> str:
    """Return ``cell`` so that no spreadsheet takes it for a formula; plain numbers stay as they are."""
    if cell and _DANGEROUS.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def problem_text(row: ConvertedRow) -> str:
    """Return all that is wrong with the row in the current language, warnings last."""
    ordered = sorted(row.problems, key=lambda problem: problem.is_warning)
    return "; ".join(str(problem.sentence) for problem in ordered)


def _extra_columns() -> tuple[str, str]:
    return gettext("Row"), gettext("Problem")


def _drain(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece
