import io
import re
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter

from tenants.tabular import (
    Field,
    Limits,
    Mark,
    TableError,
    convert_rows,
    decimal,
    match_columns,
    open_table,
    text,
)


def book(*rows, first=(0, 0), sheets=("Sheet1",)):
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"default_date_format": "yyyy-mm-dd hh:mm"}) as workbook:
        for name in sheets:
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, tuple):
                        sheet.write_formula(first[0] + number, first[1] + column, cell[0], None, cell[1])
                    else:
                        sheet.write(first[0] + number, first[1] + column, cell)
    return output.getvalue()


def rebuilt(upload, change):
    """Return the archive with ``change(name, content)`` applied to every part."""
    output = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(upload)) as old,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return output.getvalue()


def refused(upload, filename="a.xlsx", **options):
    with pytest.raises(TableError) as caught:
        list(open_table(upload, filename, **options).rows())
    return caught.value


def test_cells_come_out_as_people_see_them():
    table = open_table(
        book(
            ["n", "float", "sum", "day", "moment", "time", "yes", "text"],
            [
                12,
                62.5,
                0.1 + 0.2,
                date(2026, 11, 21),
                datetime.fromisoformat("2026-11-21 13:05"),
                time(8, 30),
                True,
                "007",
            ],
        ),
        "a.xlsx",
    )
    (row,) = table.rows()
    assert row.cells == ["12", "62.5", "0.3", "2026-11-21", "2026-11-21 13:05", "08:30", "TRUE", "007"]


def test_a_table_that_does_not_begin_in_the_corner_keeps_its_numbers_and_columns():
    upload = book(["房屋清单"], [], ["楼栋", "面积"], [1, 2], [], [3, ("=1+1", 2), "x"], first=(2, 1))
    table = open_table(upload, "a.xlsx", known=["楼栋"])
    assert (table.header_row, table.header) == (5, ["楼栋", "面积"])
    first, second = table.rows()
    assert (first.number, first.cells, first.marks, first.surplus) == (6, ["1", "2"], (), 0)
    assert (second.number, second.cells) == (8, ["3", "2"])
    assert (second.marks, second.surplus) == (((1, Mark.FORMULA),), 1)


def test_rows_below_a_blank_one_keep_their_numbers():
    table = open_table(book(["楼栋", "面积"], [1, 2], [], [3, 4], first=(2, 0)), "a.xlsx")
    assert table.header_row == 3
    assert [(row.number, row.cells) for row in table.rows()] == [(4, ["1", "2"]), (6, ["3", "4"])]


def test_formula_cells_are_found_wherever_the_table_stands():
    table = open_table(book(["a", "b"], [1, ("=A2*2", 2)], [2, 4], [("=1+1", 2), 4]), "a.xlsx")
    rows = list(table.rows())
    assert [row.marks for row in rows] == [((1, Mark.FORMULA),), (), ((0, Mark.FORMULA),)]
    assert rows[0].cells == ["1", "2"]
    assert [row.marks for row in table.rows()] == [row.marks for row in rows]


def test_a_formula_is_used_and_reported_without_refusing_the_row():
    fields = [Field("a", "A", text(10)), Field("b", "B", decimal(2))]
    table = open_table(book(["A", "B"], ["x", ("=1+1", 2)]), "a.xlsx")
    (row,) = convert_rows(table.rows(), match_columns(table.header, fields), fields)
    assert row.values == {"a": "x", "b": 2}
    assert row.is_good
    assert "computed value is used" in str(row.problems[0].sentence)


def test_a_long_number_that_lost_digits_is_refused():
    fields = [Field("a", "A", text(30))]
    table = open_table(book(["A"], [123456789012345678]), "a.xlsx")
    (row,) = convert_rows(table.rows(), match_columns(table.header, fields), fields)
    assert not row.is_good
    assert "more than 15 digits" in str(row.problems[0].sentence)


def test_the_sheet_can_be_chosen():
    upload = book(["a"], [1], sheets=("One", "两"))
    assert open_table(upload, "a.xlsx").sheet_names == ["One", "两"]
    assert len(list(open_table(upload, "a.xlsx", sheet="两").rows())) == 1
    assert refused(upload, sheet="Three").code == "table.no_sheet"


def test_an_empty_workbook_is_said_to_be_empty():
    assert refused(book()).code == "table.empty"


def test_a_bomb_is_refused_by_its_declared_size():
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 40_000_000)
    assert len(output.getvalue()) < 100_000
    assert refused(output.getvalue()).code == "table.bomb"


def test_a_bomb_that_lies_about_its_size_is_refused_too():
    honest = rebuilt(book(["a"], [1]), lambda name, old: b" " * 9_000_000 if "styles" in name else old)
    upload = honest.replace((9_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert upload != honest
    assert refused(upload).code == "table.broken"


def test_many_small_parts_are_refused():
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(50):
            archive.writestr(f"xl/{number}.xml", "x")
    assert refused(output.getvalue(), limits=Limits(entries=20)).code == "table.bomb"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("A1048576", "table.too_many_rows"),
        ("XFD2", "table.too_many_columns"),
        ("GR199999", "table.too_many_cells"),
    ],
)
def test_one_cell_far_away_does_not_make_room_for_millions(reference, code):
    def move(name, content):
        return content.replace(b'r="A2"', f'r="{reference}"'.encode()) if "sheet1" in name else content

    assert refused(rebuilt(book(["a"], [1]), move)).code == code


def test_entities_are_never_expanded():
    def attack(name, content):
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
        return re.sub(rb"(\?>)", rb"\1" + bomb, content, count=1) if "sheet1" in name else content

    assert refused(rebuilt(book(["a"], [1]), attack)).code == "table.broken"


def test_hostile_markup_is_searched_in_linear_time():
    def attack(name, content):
        return content + b'<c r="A1" ' * 300_000 + b"<f" if "sheet1" in name else content

    assert refused(rebuilt(book(["a"], [1]), attack)).code in {"table.broken", "table.bomb", "table.sheet"}


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (["xl/workbook.xml", "xl/vbaProject.bin"], "table.macros"),
        (["Index/Document.iwa"], "table.numbers"),
        (["content.xml", "mimetype"], "table.ods"),
        (["word/document.xml"], "table.other"),
        (["xl/workbook.xml"], "table.broken"),
    ],
)
def test_other_archives_are_named_for_what_they_are(parts, code):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for part in parts:
            archive.writestr(part, "x")
    assert refused(output.getvalue()).code == code


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "table.xls"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "table.protected",
        ),
        (b"PK\x03\x04 cut short", "table.broken"),
        (b"\x7fELF", "table.other"),
    ],
)
def test_old_protected_and_damaged_files_are_told_apart(upload, code):
    assert refused(upload).code == code


def test_every_cut_of_a_good_file_is_refused_with_a_sentence():
    upload = book(["a", "b"], [1, 2])
    for length in range(1, len(upload) - 1, 97):
        assert str(refused(upload[:length]).message)


def test_a_long_cell_is_named_by_row():
    assert "Row 2" in str(refused(book(["a"], ["x" * 6000])).message)
