import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.tabular import (
    Field,
    Row,
    choice,
    choose_columns,
    convert_rows,
    day,
    decimal,
    email,
    integer,
    known_names,
    match_columns,
    month,
    open_table,
    phone,
    rejected_csv,
    rejected_xlsx,
    text,
    yes_no,
)
from tenants.tabular.kinds import BadCell
from ui.errors import Invalid
from ui.i18n import t, use_locale

FLAT = choice({"3room": ("3-room", "三房式"), "4room": ("4-room", "四房式")})
FIELDS = [
    Field("block", "Block", text(8), ("楼栋", "Blk"), is_required=True),
    Field("unit", "Unit number", text(12), ("房号",), is_required=True),
    Field("type", "Flat type", FLAT),
    Field("area", "Area", decimal(2, minimum=0), ("面积 (m²)",)),
]
HEADER = ["Block", "Unit number", "Flat type", "Area"]


def convert(*rows, fields=FIELDS, header=HEADER, unique=()):
    columns = match_columns(header, fields)
    numbered = [Row(number, list(cells)) for number, cells in enumerate(rows, start=2)]
    return list(convert_rows(numbered, columns, fields, unique=unique))


def reason(kind, cell):
    with pytest.raises(BadCell) as caught:
        kind.convert(cell)
    return str(caught.value.reason)


def test_columns_are_found_by_any_of_their_names():
    columns = match_columns(["房号", "ＢＬＫ", " flat_type", "面积(m2)", "备注"], FIELDS)
    assert columns.places == {"unit": 0, "block": 1, "type": 2, "area": 3}
    assert columns.unknown == ["备注"]
    assert columns.is_complete


def test_an_exact_name_wins_over_a_folded_one():
    assert match_columns(["BLOCK", "Block", "Unit number"], FIELDS).places["block"] == 1


def test_a_similar_name_is_suggested_and_never_used():
    columns = match_columns(["Block", "Unit numbr"], FIELDS)
    assert columns.places == {"block": 0}
    assert [spec.key for spec in columns.missing] == ["unit"]
    assert columns.suggestions == {"unit": "Unit numbr"}


def test_a_person_may_choose_the_columns():
    columns = choose_columns(["x", "y", "z"], FIELDS, {"block": "z", "unit": "x", "area": ""})
    assert columns.places == {"block": 2, "unit": 0}
    assert columns.unknown == ["y"]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [({"block": "w"}, "no column “w”"), ({"block": "x", "unit": "x"}, "already used")],
)
def test_a_choice_that_cannot_be_is_refused(chosen, words):
    with pytest.raises(Invalid) as caught:
        choose_columns(["x", "y"], FIELDS, chosen)
    assert words in str(caught.value.message)


def test_names_come_in_every_language_and_alias():
    assert {"Block", "楼栋", "Blk", "block", "Area"} <= set(known_names(FIELDS))


def test_good_rows_become_values():
    (row,) = convert([" 14A ", "#07-211", "四房式", "1,062.50"])
    assert row.is_good
    assert row.values == {"block": "14A", "unit": "#07-211", "type": "4room", "area": Decimal("1062.50")}


def test_every_problem_names_column_value_and_reason():
    (row,) = convert(["", "#07-211", "6-room", "62.505"])
    assert not row.is_good
    assert [str(problem.sentence) for problem in row.problems] == [
        "Block: is empty but needed",
        "Flat type: “6-room” is none of: 3-room, 4-room",
        "Area: “62.505” has more than 2 decimals",
    ]
    assert row.values == {"block": None, "unit": "#07-211", "type": None, "area": None}


def test_problems_speak_the_readers_language():
    (row,) = convert(["", "1", "3-room", "x"])
    with use_locale("zh_CN"):
        assert "为空" in str(row.problems[0].sentence)
        assert "不是数字" in str(row.problems[1].sentence)


def test_a_repeated_key_names_the_first_row():
    rows = convert(
        ["1", "#01", "", ""], ["1", "#02", "", ""], ["1", "#01", "", "5"], ["", "#01", "", ""],
        unique=("block", "unit"),
    )  # fmt: skip
    assert [row.is_good for row in rows] == [True, True, False, False]
    assert str(rows[2].problems[0].sentence) == "Unit number: “#01” same as row 2"


def test_cells_beyond_the_header_are_a_problem():
    columns = match_columns(HEADER, FIELDS)
    (row,) = convert_rows([Row(2, ["1", "2", "", ""], (), 1)], columns, FIELDS)
    assert "outside the columns" in str(row.problems[0].sentence)


def test_an_absent_column_is_none_in_every_row():
    (row,) = convert(["1", "2"], header=["Block", "Unit number"])
    assert row.values["area"] is None
    assert row.is_good


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"])
def test_a_formula_in_a_text_column_is_refused(cell):
    assert "like a formula" in reason(text(50), cell)


@pytest.mark.parametrize("cell", ["-1", "+65", "-", "--", "-12.5%"])
def test_a_plain_number_or_dash_is_text_like_any_other(cell):
    assert text(50).convert(cell) == cell


def test_text_is_tidied_and_measured():
    assert text(20).convert("Tan\u00a0\u3000 Chee\u200b Keong") == "Tan Chee Keong"
    assert "has 4 characters; at most 3" in reason(text(3), "abcd")
    assert "control character" in reason(text(9), "a\x07b")
    assert "is not a postcode" in reason(text(9, pattern=r"\d{6}", hint=t("a postcode")), "12")


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (integer(), "1,200", 1200),
        (integer(), "-3", -3),
        (integer(), "12.0", 12),
        (integer(), "\uff11\uff12", 12),
        (decimal(2), "12.340", Decimal("12.34")),
        (decimal(0), "12.00", Decimal(12)),
        (decimal(2), "\uff11.5", Decimal("1.5")),
        (yes_no(), "是", True),
        (yes_no(), "N", False),
        (yes_no(), "TRUE", True),
        (yes_no(), "0", False),
        (day(), "2026-11-21", date(2026, 11, 21)),
        (day(), "2026/1/2", date(2026, 1, 2)),
        (day(), "2026.11.21", date(2026, 11, 21)),
        (day(), "2026年11月21日", date(2026, 11, 21)),
        (day(), "20261121", date(2026, 11, 21)),
        (day(), "46347", date(2026, 11, 21)),
        (day(), "2026-11-21 00:00:00", date(2026, 11, 21)),
        (day(may_have_time=True), "2026-11-21 08:05", date(2026, 11, 21)),
        (day(may_have_time=True), "20261121 8:05:59", date(2026, 11, 21)),
        (month(), "2026-11", date(2026, 11, 1)),
        (month(), "2026年3月", date(2026, 3, 1)),
        (month(), "202611", date(2026, 11, 1)),
        (month(), "2026-11-01", date(2026, 11, 1)),
        (email(), "Tan.CK+x@Example.com.sg", "tan.ck+x@example.com.sg"),
        (phone(), "+65 6123-4567", "+6561234567"),
        (phone(), "(021) 6123 4567", "02161234567"),
        (choice({"a": ("Type A",)}), " type a", "a"),
    ],
)
def test_what_people_write_is_understood(kind, cell, value):
    assert kind.convert(cell.strip()) == value


@pytest.mark.parametrize(
    ("kind", "cell", "words"),
    [
        (integer(), "12.5", "not a whole number"),
        (integer(), "1,20", "not a whole number"),
        (integer(), "9" * 19, "not a whole number"),
        (integer(minimum=1), "0", "less than 1"),
        (integer(maximum=9), "10", "more than 9"),
        (decimal(2), "12,5", "not a number"),
        (decimal(2), "1e5", "not a number"),
        (decimal(2), "¥12", "not a number"),
        (decimal(2), "NaN", "not a number"),
        (decimal(2), "9" * 40, "not a number"),
        (decimal(0), "1.5", "only whole numbers"),
        (decimal(2, minimum=0), "-1", "less than 0"),
        (yes_no(), "maybe", "neither yes nor no"),
        (day(), "21/11/2026", "year-month-day"),
        (day(), "2026-02-30", "year-month-day"),
        (day(), "2026-11/21", "year-month-day"),
        (day(), "2026-11-21 08:05", "year-month-day"),
        (day(may_have_time=True), "2026-11-21 24:05", "year-month-day"),
        (day(), "1899-12-31", "is not between Jan 1, 1900"),
        (day(latest=date(2026, 1, 1)), "2026-01-02", "and Jan 1, 2026"),
        (month(), "2026-13", "not a month"),
        (month(), "2026-11-02", "not a month"),
        (email(), "tan@", "not an e-mail"),
        (email(), "=a@b.co", "not an e-mail"),
        (email(), "a..b@c.co", "not an e-mail"),
        (phone(), "123", "not a telephone"),
        (phone(), "+65 1234 x5", "not a telephone"),
    ],
)
def test_what_is_wrong_is_said_exactly(kind, cell, words):
    assert words in reason(kind, cell)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_decimals_are_never_changed(value):
    assert decimal(2).convert(str(value)) == value
    assert decimal(2).convert(f"{value:,}") == value


@given(st.dates(date(1955, 1, 1), date(2150, 1, 1)))
def test_excel_day_numbers_are_dates(value):
    assert day().convert(str((value - date(1899, 12, 30)).days)) == value


def bad_rows():
    return convert(["=cmd()", "x" * 20, "3-room", "-5"], ["1", "2", "6-room", "7"])


def test_rejected_rows_come_back_with_their_reasons():
    download = b"".join(rejected_csv(HEADER, bad_rows()))
    assert download.startswith(b"\xef\xbb\xbf")
    first, second, third = csv.reader(io.StringIO(download.decode("utf-8-sig")))
    assert first == [*HEADER, "Row", "Problem"]
    assert second[:5] == ["'=cmd()", "x" * 20, "3-room", "-5", "2"]
    assert "like a formula" in second[5]
    assert "; " in second[5]
    assert third[5] == "Flat type: “6-room” is none of: 3-room, 4-room"


def test_rejected_rows_in_xlsx_hold_no_formula_and_upload_again():
    download = rejected_xlsx(HEADER, bad_rows())
    table = open_table(download, "rejected.xlsx", known=known_names(FIELDS))
    rows = list(table.rows())
    assert rows[0].cells[0] == "=cmd()"
    assert all(not row.marks for row in rows)
    assert match_columns(table.header, FIELDS).unknown == ["Row", "Problem"]


@given(st.text(max_size=12))
def test_no_cell_of_a_download_begins_a_formula(cell):
    (row,) = convert([cell, "1", "6-room", ""])
    line = list(
        csv.reader(io.StringIO(b"".join(rejected_csv(HEADER, [row])).decode("utf-8-sig"), newline=""))
    )[1]
    assert line[0][:1] not in set("=+-@\t\r") or line[0].strip("+-")[:1].isdigit() or not line[0].strip("-")


def test_a_hundred_thousand_rows_of_eight_columns_convert_in_two_seconds():
    fields = [
        *FIELDS,
        Field("r", "R", yes_no()),
        Field("d", "D", day()),
        Field("n", "N", integer()),
        Field("e", "E", email()),
    ]
    columns = match_columns([*HEADER, "R", "D", "N", "E"], fields)
    rows = [
        Row(n, ["14A", f"#{n}", "4-room", "62.5", "Y", "2026-11-21", "7", "a@b.co"]) for n in range(100_000)
    ]
    assert all(row.is_good for row in convert_rows(rows, columns, fields, unique=("block", "unit")))
