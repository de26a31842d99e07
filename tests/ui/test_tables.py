import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from starlette.requests import Request

from tests.page import inspect
from ui import exports
from ui.exports import export, guard, wants_export
from ui.i18n import Text, use_locale
from ui.tables import MOST_PAGES, SIZES, Column, Page, TableQuery, added
from ui.templating import environment

COLUMNS = (
    Column("unit", "Unit", sortable=True),
    Column("amount_minor", "Amount", format="money", sortable=True, sort="amount"),
    Column("due", "Due", format="date"),
    Column("at", "At", format="datetime"),
    Column("status", "Status", format="badge", words={"paid": Text("Paid up")}, tones={"paid": "success"}),
    Column("secret", "Secret", export=False),
)
ROW = {
    "unit": "=1+1", "amount_minor": -123_450, "currency": "SGD", "due": date(2026, 3, 1),
    "at": datetime(2026, 3, 1, 8, 30, tzinfo=UTC), "status": "paid", "secret": "x",
}  # fmt: skip


def ask(query: str) -> Request:
    scope = {"type": "http", "method": "GET", "path": "/bills", "query_string": query.encode(), "headers": []}
    return Request({**scope, "server": ("t", 80), "scheme": "http", "state": {}})


def parse(query: str) -> TableQuery:
    return TableQuery.parse(ask(query), columns=COLUMNS, filters=("status",), default_sort="unit")


@given(
    st.dictionaries(st.sampled_from(["q", "page", "per", "sort", "status", "export"]), st.text(max_size=300))
)
def test_any_address_asks_for_something_bounded(params: dict[str, str]) -> None:
    query = TableQuery.parse(
        Request({**ask("").scope, "query_string": b"&".join(
            f"{k}={v}".encode("utf-8", "replace") for k, v in params.items()
        )}), columns=COLUMNS, filters=("status",), default_sort="unit",
    )  # fmt: skip
    assert 1 <= query.page <= MOST_PAGES
    assert query.per in SIZES
    assert query.limit <= SIZES[-1] + 1
    assert len(query.q) <= 200
    assert "\x00" not in query.q
    assert query.sort in {"unit", "-unit", "amount", "-amount"}


@pytest.mark.parametrize(
    ("query", "page", "per", "offset"),
    [("", 1, 25, 0), ("page=3", 3, 25, 50), ("page=-1", 1, 25, 0), ("page=99999999999", 1, 25, 0),
     ("per=1000", 1, 200, 0), ("per=60&page=2", 2, 100, 100), ("page=٣", 1, 25, 0),
     ("page=123456", 10_000, 25, 249_975)],
)  # fmt: skip
def test_pages_are_bounded(query: str, page: int, per: int, offset: int) -> None:
    found = parse(query)
    assert (found.page, found.per, found.offset) == (page, per, offset)


def test_addresses_keep_what_is_not_changed() -> None:
    query = parse("q=a%26b&status=paid&sort=-amount&page=4&per=50")
    assert query.url(page=5) == "/bills?q=a%26b&status=paid&sort=-amount&per=50&page=5"
    assert query.url(status="") == "/bills?q=a%26b&sort=-amount&per=50"
    assert query.toggled(COLUMNS[1]) == "/bills?q=a%26b&status=paid&sort=amount&per=50"
    assert parse("").url() == "/bills"


def test_sorting_turns_round() -> None:
    assert parse("").direction(COLUMNS[0]) == "ascending"
    assert parse("").toggled(COLUMNS[0]) == "/bills?sort=-unit"
    assert parse("sort=-unit").toggled(COLUMNS[0]) == "/bills"
    assert parse("sort=-unit").direction(COLUMNS[0]) == "descending"
    assert parse("sort=-unit").direction(COLUMNS[1]) == "none"
    assert parse("sort=status").sort == "unit"


def test_one_row_more_than_shown_means_there_is_a_next_page() -> None:
    page = Page.of(parse("page=2"), list(range(26)), total=60)
    assert (len(page.rows), page.has_next, page.has_previous, page.first, page.last) == (
        25,
        True,
        True,
        26,
        50,
    )
    last = Page.of(parse(""), [])
    assert (last.has_next, last.first, last.last, last.total) == (False, 0, 0, None)


def test_cells_read_well() -> None:
    assert [str(column.text(ROW)) for column in COLUMNS[1:5]] == [
        "-SGD\u00a01,234.50", "Mar 1, 2026", "Mar 1, 2026 08:30", "Paid up",
    ]  # fmt: skip
    assert COLUMNS[4].tone(ROW) == "success"
    assert (COLUMNS[0].side, COLUMNS[1].side) == ("start", "end")
    assert Column("a.b.c", "x").text({"a": {"b": None}}) == ""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "＝1", "=cmd|' /C calc'!A0"])
def test_formulas_are_disarmed(text: str) -> None:
    assert guard(text) == "'" + text
    assert guard("a=1") == "a=1"


async def rows(count: int) -> AsyncIterator[dict[str, Any]]:
    for _ in range(count):
        yield ROW


async def body(query: str, count: int = 1) -> bytes:
    response = await export(ask(query), COLUMNS, rows(count), '账单 "x"')
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert "\n" not in response.headers["Content-Disposition"]
    return b"".join([chunk async for chunk in response.body_iterator])  # type: ignore[misc]


async def test_csv_opens_in_a_spreadsheet_without_running_anything() -> None:
    content = await body("export=csv")
    assert content.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert table == [
        ["Unit", "Amount", "Due", "At", "Status", "Currency"],
        ["'=1+1", "-1234.50", "2026-03-01", "2026-03-01 08:30:00", "Paid up", "SGD"],
    ]


async def test_xlsx_keeps_numbers_as_numbers_and_texts_as_texts() -> None:
    content = await body("export=xlsx", 1200)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert len(sheet) == 1201
    assert sheet[1] == ["'=1+1", -1234.5, "2026-03-01", "2026-03-01 08:30:00", "Paid up", "SGD"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_list_too_long_says_where_it_was_cut(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exports.MOST_ROWS, kind, 3)
    content = await body(f"export={kind}", 5)
    table: list[Any]
    if kind == "csv":
        table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    else:
        table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert len(table) == 5
    assert "ends here, after 3 rows" in str(table[-1][0])


async def test_exports_speak_the_language_of_the_reader() -> None:
    with use_locale("zh_CN"):
        response = await export(ask(""), COLUMNS, rows(1), "x")
    content = b"".join([chunk async for chunk in response.body_iterator])  # type: ignore[misc]
    assert "币种" in content.decode("utf-8-sig")


def test_only_known_kinds_are_exports() -> None:
    assert [wants_export(ask(f"export={kind}")) for kind in ("csv", "xlsx", "exe", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_page_may_draw_single_cells_its_own_way() -> None:
    source = (
        '{% call(row, column) ui.table(page, columns, id="x") %}'
        '{% if column.key == "unit" %}<b>{{ row.unit }}</b>{% endif %}{% endcall %}'
    )
    columns = (replace(COLUMNS[0], is_main=True), replace(COLUMNS[4], href=lambda _row: "/s?a=1&b=2"))
    hostile = {**ROW, "unit": "<script>", "status": "<i>"}
    html = environment().from_string(source).render(page=Page.of(parse(""), [hostile]), columns=columns)
    inspect(html, fragment=True)
    assert '<th scope="row" class="cell cell--start" data-label="Unit"><b>&lt;script&gt;</b></th>' in html
    assert (
        '<a class="link" href="/s?a=1&amp;b=2"><span class="badge badge--neutral">&lt;i&gt;</span></a>'
        in html
    )


def test_what_all_rows_come_to_stands_below_the_list() -> None:
    """Its words reach to the first column that is added up; what is not added up stays empty."""
    totals = added([ROW, {**ROW, "amount_minor": 1_000}], ["amount_minor"], "SGD", Text("Together"))
    page = Page.of(parse(""), [ROW], 2, totals)
    html = environment().from_string("{{ ui.table(page, columns) }}").render(page=page, columns=COLUMNS)
    inspect(html, fragment=True)
    below = html[html.index("<tfoot>") : html.index("</tfoot>")]
    assert '<th scope="row" class="cell" colspan="1">Together</th>' in below
    assert "-SGD\u00a01,224.50" in below
    assert below.count("<td") == len(COLUMNS) - 1
    assert added([ROW], ["amount_minor"], "SGD", Text("Together")) == []


def test_an_empty_value_may_have_a_word_of_its_own() -> None:
    open_ = Column(
        "decision", "Decision", format="badge", words={"": Text("Not decided"), "accepted": Text("Accepted")}
    )
    assert [str(open_.text({"decision": one})) for one in ("", None, "accepted")] == [
        "Not decided",
        "Not decided",
        "Accepted",
    ]
    assert COLUMNS[4].text({"status": ""}) == ""
