"""The empty table that people fill in: every column by name, rows to copy, and what each column takes."""

import csv
import io
from collections.abc import Sequence

import xlsxwriter

from tenants.kinds import ImportSpec
from tenants.tabular import Field
from tenants.tabular.rejected import guarded
from ui.i18n import gettext


def template_csv(spec: ImportSpec) -> bytes:
    """Return a CSV in UTF-8 with its mark, so that Excel reads the Chinese."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_labels(spec.fields))
    writer.writerows([guarded(cell) for cell in row] for row in _examples(spec))
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def template_xlsx(spec: ImportSpec) -> bytes:
    """Return an XLSX with the table on its first sheet and the columns explained on its second."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        table = book.add_worksheet(gettext("Table"))
        table.freeze_panes(1, 0)
        table.set_column(0, len(spec.fields) - 1, 16, plain)
        _write(table, [_labels(spec.fields)], bold)
        _write(table, _examples(spec), plain, start=1)
        guide = book.add_worksheet(gettext("Columns"))
        guide.set_column(0, 1, 22)
        guide.set_column(2, 2, 70)
        _write(guide, [[gettext("Column"), gettext("Needed"), gettext("What it takes")]], bold)
        _write(guide, [list(row) for row in explained(spec)], None, start=1)
    return output.getvalue()


def explained(spec: ImportSpec) -> list[tuple[str, str, str]]:
    """Return each column's name, whether it is needed, and what it takes."""
    needed = {True: gettext("needed"), False: gettext("may be blank")}
    return [(gettext(one.label), needed[one.is_required], str(one.kind.hint)) for one in spec.fields]


def _labels(fields: Sequence[Field]) -> list[str]:
    return [gettext(field.label) for field in fields]


def _examples(spec: ImportSpec) -> list[list[str]]:
    return [[row.get(field.key, "") for field in spec.fields] for row in spec.example]


def _write(sheet, lines, style, start=0) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - xlsxwriter has no types
    for number, line in enumerate(lines, start=start):
        for column, cell in enumerate(line):
            sheet.write_string(number, column, cell, style)
