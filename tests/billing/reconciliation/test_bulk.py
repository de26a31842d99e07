"""The quick way and the parser read the same lines out of a large file, and what is wrong is said by the parser."""

import io
from datetime import timedelta

import pytest

from billing.reconciliation import arriving, bulk
from billing.reconciliation.sources.contract import Expected, StatementRefused
from billing.reconciliation.sources.rail import RailTrades
from tenants.ids import new_id
from tenants.scope import rows
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import Trade, at, trade_file

OURS = Expected("SGD", "Asia/Singapore", papers.MERCHANT)
ODD = (
    Trade("r", -700, 0, refund=str(new_id())),
    Trade("x" * 150, 100, 1, text='A "quoted", text with a \\ and 物业费 ' + "y" * 320),
    Trade(str(new_id()).upper(), 5, 0, currency="USD"),
    Trade("not-an-id", 99999999, 0, when=at(23, 59)),
)
TRADES = [
    *ODD,
    *(Trade(str(new_id()), 100 + n, n % 7, when=at(8) + timedelta(seconds=n)) for n in range(400)),
]


@pytest.fixture
async def own(db, bank):
    return await papers.books(bank)


async def staged(own, content: bytes, monkeypatch, smallest: int):
    monkeypatch.setattr(bulk, "SMALLEST", smallest)
    statement_id, file = new_id(), io.BytesIO(content)
    async with own.scope():
        await arriving.stage(RailTrades().open(file, OURS), file, statement_id)
        found = await rows(f"select {', '.join(arriving.COLUMNS)} from arriving order by position")
    return [tuple(each)[1:] for each in found]


@pytest.mark.parametrize(("unit", "encoding"), [("元", "gb18030"), ("分", "utf-8"), ("元", "utf-8-sig")])
async def test_both_ways_read_the_same(own, monkeypatch, unit, encoding):
    content = trade_file(*TRADES, unit=unit, encoding=encoding)
    quick = await staged(own, content, monkeypatch, 1)
    assert quick == await staged(own, content, monkeypatch, 10**9)
    assert len(quick) == len(TRADES)


async def test_what_only_looks_like_an_id_is_left_to_the_parser(own, monkeypatch):
    content = trade_file(Trade("zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", 500, 1), *TRADES)
    lines = await staged(own, content, monkeypatch, 1)
    assert lines == await staged(own, content, monkeypatch, 10**9)
    assert lines[0][-1] is None


async def test_the_quick_way_is_taken(own, monkeypatch):
    content = trade_file(*TRADES)
    monkeypatch.setattr(bulk, "SMALLEST", 1)
    file = io.BytesIO(content)
    async with own.scope():
        await arriving.stage(RailTrades().open(file, OURS), file, new_id())
        assert (await rows("select count(*) n from raw_trade"))[0]["n"] == len(TRADES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((b"1.50", b"1.5"), "is no amount"),
        ((b"1.50", b"+1.50"), "is no amount"),
        ((b"1.50", b"0x1.50"), "is no amount"),
        ((b"1.50", b"1.5.50"), "is no amount"),
        ((b"SGD,1.50", b"1.50"), "should have 10 columns"),
        ((b"2026-03-10 08:00:50", b"2026-03-11 08:00:50"), "is not on 2026-03-10"),
        ((b"2026-03-10 08:00:50", b"2026-03-10 25:00:50"), "is no time"),
        (("物业费".encode("gb18030"), b"\xff\xff"), "cannot be read as gb18030"),
        ((b"0.01,", b"0.02,"), "手续费"),
    ],
)
async def test_what_is_wrong_is_said_by_row(own, monkeypatch, change, words):
    content = trade_file(*TRADES[4:]).replace(change[0], change[1], 1)
    with pytest.raises(StatementRefused) as refused:
        await staged(own, content, monkeypatch, 1)
    assert words in str(refused.value.message)
