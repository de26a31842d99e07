"""The trade file's quick way: PostgreSQL itself decodes, splits and converts its rows, a million in a few seconds.

What comes out is what ``TradeFile.lines`` yields, row for row (a test holds them together). Whatever is not exactly as
it should be (a row, a character, a total) makes the quick way give up without a trace, and the parser then reads the
file and says which row it is.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import IO
from uuid import UUID

import asyncpg

from billing.reconciliation.sources.rail import TRADE_END, TradeFile
from tenants.scope import execute, raw, row

TAIL = 64 * 1024
CHUNK = 1 << 20
SMALLEST = 200_000
"""Bytes under which the parser is as quick."""
ENCODINGS = {"gb18030": "GB18030", "utf-8": "UTF8", "utf-8-sig": "UTF8"}
_RAW = """
create temporary table if not exists raw_trade (
  n int generated always as identity (cache 10000), at text, said text, order_no text, refund_no text, ord text,
  tx text, currency text, amount text, fee text, text text) on commit drop
"""
_COLUMNS = ["at", "said", "order_no", "refund_no", "ord", "tx", "currency", "amount", "fee", "text"]
_FEN = "position('-' in {c}) <= 1 and octet_length({c}) between 1 and 16"
_MONEY = f"{_FEN} and position('.' in {{c}}) = octet_length({{c}}) - 2 and octet_length({{c}}) > 3"
_FIGURES = {"yuan": "0123456789-.", "fen": "0123456789-"}
_CUT = "case when octet_length({c}) <= {n} then {c} else left({c}, {n}) end"
"""At most so many characters: counted only where there are more bytes, for counting costs more than all the rest."""
_CONTROL = bytes({*range(0x20), 0x7F} - {0x0A, 0x0D})
_CONVERT = """
insert into arriving (id, position, kind, occurred_at, day, currency, amount_minor, fee_minor, reference,
                      channel_reference, line_key, text, payout, ours)
select ($1::text || lpad(to_hex(n + 2), 8, '0'))::uuid, n + 2, kind, (at || $2::text)::timestamptz, $3::date,
       {currency}, replace(amount, '.', '')::bigint, replace(fee, '.', '')::bigint, {reference},
       {tx}, '', {text}, '',
       case when kind in ('payment', 'refund') and octet_length(reference) = 36
             and reference like '________-____-____-____-____________' then reference::uuid end
  from (select r.*, case when kind = 'payment' or refund_no = '' then order_no else refund_no end reference,
               case when kind = 'other' then said || ' ' || text else text end told
          from (select raw_trade.*, case said when '支付' then 'payment' when '退款' then 'refund'
                  when '拒付' then 'dispute' else 'other' end kind from raw_trade) r) r
 where at like $4::text and octet_length(at) = 19 and {amount} and {fee}
   and translate(amount || fee, '{figures}', '') = ''
   and (kind <> 'payment' or (amount not like '-%' and amount <> '0.00' and amount <> '0'))
   and (kind <> 'refund' or amount like '-%')
"""
SUMS = """
select count(*)::int lines, coalesce(sum(amount_minor) filter (where amount_minor > 0 and own), 0)::bigint in_minor,
       coalesce(-sum(amount_minor) filter (where amount_minor < 0 and own), 0)::bigint out_minor,
       coalesce(sum(fee_minor) filter (where own), 0)::bigint fee_minor,
       count(*) filter (where kind = 'payment') payments, count(*) filter (where kind = 'refund') refunds,
       coalesce(sum(amount_minor) filter (where kind = 'payment'), 0)::bigint paid_minor,
       coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)::bigint refunded_minor,
       coalesce(sum(fee_minor), 0)::bigint fees_minor, coalesce(sum(amount_minor - fee_minor), 0)::bigint net_minor
  from (select kind, amount_minor, fee_minor, currency = $1 and kind <> 'payout' own from arriving) a
"""
"""What the staged lines come to: those in the account's currency, and all of them as a trade file adds up its own."""
_TOTALS = ("lines", "payments", "paid_minor", "refunds", "refunded_minor", "fees_minor", "net_minor")


class _GivenUp(Exception):
    """The quick way does not fit this file; the parser will say why."""


async def stage_trades(document: TradeFile, file: IO[bytes], statement_id: UUID) -> asyncpg.Record | None:
    """Fill the staging table from a trade file and return its sums.

    ``None``, with nothing done, where the parser has to look closely.
    """
    here = file.tell()
    size, offset = file.seek(0, 2), document.day_offset()
    file.seek(here)
    if size < SMALLEST or not offset:
        return None
    try:
        async with raw().transaction():
            return await _stage(document, file, size, str(statement_id)[:28], offset)
    except (_GivenUp, ValueError, asyncpg.DataError):
        document.restart()
        return None


async def _stage(document: TradeFile, file: IO[bytes], size: int, prefix: str, offset: str) -> asyncpg.Record:
    encoding = document.head.format.encoding
    end = _end(file, size, encoding)
    start = _after_heads(file)
    await execute(_RAW)
    await execute("truncate raw_trade restart identity")
    lines = [0]
    copied = await raw().copy_to_table(
        "raw_trade",
        source=_pieces(file, start, end, lines),
        columns=_COLUMNS,
        format="csv",
        null="\\N",
        encoding=ENCODINGS[encoding],
    )
    converted = await execute(
        _conversion(document.head.format.unit), prefix, offset, document.day, f"{document.day} __:__:__"
    )
    if copied != f"COPY {lines[0]}" or converted != lines[0]:
        raise _GivenUp
    sums = await row(SUMS, document.head.currency)
    if sums is None or [sums[name] for name in _TOTALS] != document.told_totals(_tail(file, end, encoding)):
        raise _GivenUp
    return sums


def _conversion(unit: str) -> str:
    shape = _MONEY if unit == "yuan" else _FEN
    return _CONVERT.format(
        figures=_FIGURES[unit],
        amount=shape.format(c="amount"),
        fee=shape.format(c="fee"),
        currency=_CUT.format(c="currency", n=3),
        reference=_CUT.format(c="reference", n=140),
        tx=_CUT.format(c="tx", n=140),
        text=_CUT.format(c="told", n=300),
    )


def _end(file: IO[bytes], size: int, encoding: str) -> int:
    """Return where the totals begin."""
    file.seek(max(size - TAIL, 0))
    tail = file.read()
    found = tail.rfind(b"\n" + TRADE_END.encode("gb18030" if encoding == "gb18030" else "utf-8"))
    if found < 0:
        raise _GivenUp
    return size - len(tail) + found + 1


def _after_heads(file: IO[bytes]) -> int:
    """Return where the first trade begins: after the title and the names of the columns."""
    file.seek(0)
    return len(file.readline()) + len(file.readline())


async def _pieces(file: IO[bytes], start: int, end: int, rows: list[int]) -> AsyncIterator[bytes]:
    """Yield the trades as they stand, counting their ends of line; control characters are for the parser to clean."""
    file.seek(start)
    while start < end:
        piece = await asyncio.to_thread(file.read, min(CHUNK, end - start))
        if not piece:
            raise _GivenUp
        if len(piece.translate(None, _CONTROL)) != len(piece):
            raise _GivenUp
        start += len(piece)
        rows[0] += piece.count(b"\n")
        yield piece


def _tail(file: IO[bytes], end: int, encoding: str) -> str:
    file.seek(end)
    return file.read().decode(encoding)
