import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.tabular import Limits, TableError, open_table

HEADER = "楼栋,Street,面积\n"
BODY = "1,海滩路,62.5\n2,Beach Rd,70\n"


def refused(upload, filename="a.csv", **options):
    with pytest.raises(TableError) as caught:
        list(open_table(upload, filename, **options).rows())
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_files_of_every_common_program_are_read(encoding):
    table = open_table((HEADER + BODY).encode(encoding), "房屋.csv")
    assert table.header == ["楼栋", "Street", "面积"]
    assert [(row.number, row.cells) for row in table.rows()] == [
        (2, ["1", "海滩路", "62.5"]),
        (3, ["2", "Beach Rd", "70"]),
    ]


def test_big_endian_utf_16_is_read():
    upload = b"\xfe\xff" + (HEADER + BODY).encode("utf-16-be")
    assert len(list(open_table(upload, "a.csv").rows())) == 2


@pytest.mark.parametrize(
    "upload",
    [
        "Name,Town\nMüller,Köln\nJosé,Málaga\n".encode("cp1252"),
        "姓名,地址\n陳小明,台北市信義區\n林美麗,高雄市前鎮區\n".encode("big5"),
        "名前,住所\nやまだたろう,東京都\nさとう,おおさか\n".encode("shift-jis"),
        "名,b\n".encode() + b"\xff\xff\n",
        "楼栋,b\n".encode("gb18030")[:-4] + b"\x81",
        b"\xef\xbb\xbf\xff\xfe,a\n",
    ],
)
def test_an_encoding_that_is_not_certain_is_refused_not_guessed(upload):
    error = refused(upload)
    assert error.code == "table.encoding"
    assert "CSV UTF-8" in str(error.message)


def test_a_rare_character_in_a_name_does_not_hide_chinese():
    upload = "楼栋,姓名,地址\n1,朱镕基,长沙路十二号\n".encode("gb18030")
    assert next(open_table(upload, "a.csv").rows()).cells[1] == "朱镕基"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter):
    upload = (
        delimiter.join(["a", "b", "c"])
        + "\n"
        + delimiter.join(["1,5", "x;y", "z"]).replace(delimiter, "")
        + "\n"
    )
    upload += delimiter.join(["1", "2", "3"])
    assert open_table(upload.encode(), "a.csv").header == ["a", "b", "c"]


def test_known_names_decide_where_counting_would_mislead():
    upload = b"Block;Area, m2, gross, net\n1;2,3,4,5\n2;3,4,5,6\n"
    assert open_table(upload, "a.csv", known=["Block"]).header == ["Block", "Area, m2, gross, net"]


def test_titles_above_the_header_are_skipped_and_numbers_stay_true():
    upload = "2026 年房屋清单,,\n制表:张三,,\n\n楼栋,房号,面积\n\n1,101,62\n,,\n2,202,63\n".encode()
    table = open_table(upload, "a.csv", known=["楼栋", "房号", "面积"])
    assert table.header_row == 4
    assert [(row.number, row.cells[0]) for row in table.rows()] == [(6, "1"), (8, "2")]


def test_the_header_row_can_be_told():
    table = open_table(b"x,y\na,b\n1,2\n", "a.csv", header_row=2)
    assert table.header == ["a", "b"]
    assert refused(b"x,y\n\n1,2\n", header_row=2).code == "table.no_header"


def test_a_record_over_several_lines_is_one_row():
    rows = list(open_table(b'a,b\n"one\ntwo",2\n3,4\n', "a.csv").rows())
    assert [(row.number, row.cells) for row in rows] == [(2, ["one\ntwo", "2"]), (3, ["3", "4"])]


def test_short_rows_are_filled_and_cells_beyond_the_header_are_counted():
    rows = list(open_table(b"a,b,\n1\n1,2,,\n1,2,3,4\n", "a.csv").rows())
    assert [row.cells for row in rows] == [["1", ""], ["1", "2"], ["1", "2"]]
    assert [row.surplus for row in rows] == [0, 0, 2]


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (b'a,b\n1,2\n3,"open\n', "Row 3 opens a quotation mark"),
        (b'a,b\n"x"y,2\n', "Row 2 has characters after"),
        (b'a,b\n1,"' + b"x" * 200_000, "Row 2 has a cell of more than"),
        (b"a,b\n" + b"x" * 6000 + b",1\n", "Row 2 has a cell of more than"),
    ],
)
def test_broken_quoting_is_named_by_row(upload, words):
    assert words in str(refused(upload).message)


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (b"a,,c\n1,2,3\n", "Columns without a name: B"),
        ("面积,b,面 积\n1,2,3\n".encode(), "面积 (A), 面 积 (C)"),
    ],
)
def test_a_header_that_cannot_be_told_apart_is_named(upload, words):
    assert words in str(refused(upload).message)


@pytest.mark.parametrize("upload", [b"", b"\n\n\n", b" , ,\n"])
def test_an_empty_file_is_said_to_be_empty(upload):
    assert refused(upload).code == "table.empty"


def test_a_hundred_megabytes_are_refused_before_a_byte_is_read(tmp_path):
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    path.chmod(0)
    error = refused(path, "big.csv")
    assert error.status == 413
    assert "100 MB" in str(error.message)


def test_rows_and_columns_have_limits():
    assert refused(b"a\n" + b"1\n" * 11, limits=Limits(rows=10)).code == "table.too_many_rows"
    assert refused(b"a,b,c\n1,2,3\n", limits=Limits(columns=2)).code == "table.too_many_columns"


@pytest.mark.parametrize(
    ("upload", "filename", "declared", "code"),
    [
        (b"PK\x03\x04zip", "a.csv", "", "table.type_mismatch"),
        (b"%PDF-1.7", "a.csv", "", "table.type_mismatch"),
        (b"a,b\n1,2\n", "a.csv", "image/png", "table.type_mismatch"),
        (b"a,b\n1,2\n", "a.xlsx", "", "table.other"),
        (b"a,b\n1,2\n", "a.xlsx", "text/csv", "table.type_mismatch"),
        (b"a,b\n1,2\n", "a.exe", "", "table.extension"),
        (b"a,b\n1,2\n", "a.xlsm", "", "table.extension"),
        (b"a,b\n\0,2\n", "a.csv", "", "table.not_text"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(upload, filename, declared, code):
    assert refused(upload, filename, declared_type=declared).code == code


def test_what_browsers_declare_for_csv_is_accepted():
    for kind in ("text/csv; charset=utf-8", "application/vnd.ms-excel", "application/octet-stream", ""):
        assert open_table(b"a,b\n1,2\n", "a.csv", declared_type=kind).header == ["a", "b"]


CELLS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=9
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_was_written_is_what_is_read(records):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *records])
    table = open_table(buffer.getvalue().encode("utf-8-sig"), "a.csv", known=["a", "b", "c"])
    expected = [(n, r) for n, r in enumerate(records, start=2) if any(cell.strip() for cell in r)]
    assert [(row.number, row.cells) for row in table.rows()] == expected


def test_a_hundred_thousand_rows_are_read_one_by_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b,c,d,e,f,g,h\n" + "1,Bedok South Ave,#07-211,4-room,62.5,Y,2026-11-21,7\n" * 100_000)
    assert sum(1 for _ in open_table(path, "a.csv").rows()) == 100_000
