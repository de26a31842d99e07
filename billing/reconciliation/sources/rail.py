"""The bank rail's day files: the trade file (every payment and refund) and the fund file (balances and payouts).

Comma-separated text, GB18030 by default (UTF-8 with or without mark where the bank was asked for it); amounts in yuan
with two decimals, or in fen, as the column names say; the day is cut at midnight in the institution's zone. Both are
immutable and end with totals, without which a file is cut off and refused.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import IO
from zoneinfo import ZoneInfo

from billing.reconciliation.sources.contract import (
    DISPUTE,
    LONGEST_TEXT,
    MOST_LINES,
    OTHER,
    PAYMENT,
    PAYOUT,
    REFUND,
    AnnouncedPayout,
    Expected,
    Format,
    Head,
    Line,
    StatementRefused,
    clean,
    minor,
    refused,
    sound_day,
    whole_number,
)
from ui.formats import exponent, plain_amount
from ui.i18n import Text, t

CHANNEL = "bank"
TRADE_TITLE, TRADE_END = "#商户对账单", "#资金汇总"
FUND_TITLE, FUND_PAYOUTS, FUND_END = "#商户资金账单", "#结算", "#合计"
UNITS = {"元": "yuan", "分": "fen"}
_KINDS = {"支付": PAYMENT, "退款": REFUND, "拒付": DISPUTE}
_ALL = (PAYMENT, REFUND, DISPUTE, OTHER)
_TRADE_HEAD = "交易时间,交易类型,商户订单号,商户退款单号,平台订单号,交易流水号,币种,金额,手续费,商品描述"
_TRADE_SUMS = "总笔数,支付笔数,支付金额,退款笔数,退款金额,手续费,结算净额"
_FUND_HEAD = "期初余额,收入,退款,手续费,结算,期末余额"
_PAYOUT_HEAD = "结算单号,结算账号,起始日,截止日,金额,到账日期,附言"
_FEN = re.compile(r"-?\d{1,15}")
_UNIT = re.compile(r"\((.)\)$")
_DAY = timedelta(days=1)
Amounts = Callable[[str], int]


def day_bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """Return the moments at which ``first`` begins and ``last`` ends in a zone."""
    at = ZoneInfo(zone)
    return datetime.combine(first, time(), at), datetime.combine(last + _DAY, time(), at)


def encoding_of(start: bytes, titles: tuple[str, ...]) -> str:
    """Return in which encoding a file starts with one of the titles, empty when in none."""
    for encoding in ("gb18030", "utf-8", "utf-8-sig"):
        if any(start.startswith(title.encode(encoding)) for title in titles):
            return encoding
    return ""


class RailTrades:
    """Parser of the trade file."""

    key = "rail_trade"

    def open(self, file: IO[bytes], expected: Expected) -> "TradeFile":
        """Recognise the file by its title, and hold its merchant, day and currency against what is expected."""
        return TradeFile(_Rows(file, (TRADE_TITLE,)), expected)


class RailFunds:
    """Parser of the fund file."""

    key = "rail_fund"

    def open(self, file: IO[bytes], expected: Expected) -> "FundFile":
        """Recognise the file by its title, and hold its merchant, day and currency against what is expected."""
        return FundFile(_Rows(file, (FUND_TITLE,)), expected)


class _Rows:
    """The rows of a file with their numbers; what cannot be decoded or split is refused by row."""

    def __init__(self, file: IO[bytes], titles: tuple[str, ...]) -> None:
        start = file.read(64)
        file.seek(0)
        self.encoding = encoding_of(start, titles)
        if not self.encoding:
            raise StatementRefused(
                "title",
                t("This is not the bank's file: its first row is not “{title}”.", title=titles[0]),
            )
        self.number = 0
        self._file = file
        self._text = io.TextIOWrapper(file, encoding=self.encoding, newline="")
        self._reader = csv.reader(self._text, strict=True)

    def restart(self, number: int) -> None:
        """Begin the file anew, after its first ``number`` rows; somebody else has read in it."""
        self._text.detach()
        self._file.seek(0)
        self._text = io.TextIOWrapper(self._file, encoding=self.encoding, newline="")
        self._reader = csv.reader(self._text, strict=True)
        self.number = 0
        for _ in range(number):
            next(self)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self.number += 1
        try:
            return next(self._reader)
        except UnicodeDecodeError:
            raise refused(
                "encoding", self.number, t("Its characters cannot be read as {name}.", name=self.encoding)
            ) from None
        except csv.Error:
            raise refused("quoting", self.number, t("Its quotation marks do not match.")) from None

    def take(self, what: Text) -> list[str]:
        """Return the next row; ``StatementRefused`` when the file ends here."""
        row = next(self, None)
        if row is None:
            text = t("The file ends before its {what}: it is cut off. Fetch it again.", what=what)
            raise StatementRefused("cut", text)
        return row

    def header(self, names: str) -> str:
        """Check a row of column names and return the unit of its amounts, ``yuan`` or ``fen``."""
        row = self.take(t("column names"))
        plain = [_UNIT.sub("", name) for name in row]
        if plain != names.split(","):
            raise refused("columns", self.number, t("The columns should be: {names}", names=names))
        units = {found.group(1) for name in row if (found := _UNIT.search(name))}
        if len(units) != 1 or not units <= set(UNITS):
            raise refused("unit", self.number, t("The amounts should all be in 元, or all in 分."))
        return UNITS[units.pop()]


class _DayFile:
    """What both files have in common: the title row, the unit, the day."""

    source = ""

    def __init__(self, rows: _Rows, expected: Expected, header: str) -> None:
        self._rows = rows
        title = rows.take(t("title"))
        self.day = self._title(title, expected)
        unit = rows.header(header)
        begins, ends = day_bounds(self.day, self.day, expected.zone)
        if ends > datetime.now(UTC):
            text = t(
                "The file's day, {day}, is not over yet. Fetch it once that day has ended.", day=self.day
            )
            raise refused("early", 1, text)
        self.amounts, self.zone = amounts_in(unit, expected.currency), _fixed(begins, ends)
        self.head = Head(
            source=self.source,
            channel=CHANNEL,
            reference=f"{title[1]} {self.day}",
            day_from=self.day,
            day_until=self.day,
            covers_from=begins,
            covers_until=ends,
            zone=expected.zone,
            currency=expected.currency,
            format=Format(rows.encoding, unit, "00:00", expected.zone),
        )

    def _title(self, title: list[str], expected: Expected) -> date:
        if len(title) != 5:  # noqa: PLR2004 - title, merchant, name, day, currency
            raise refused("title", 1, t("It should hold title, merchant, name, day and currency."))
        _, merchant, _, day, currency = title
        if merchant != expected.merchant:
            text = t(
                "It is about merchant {found}; this account's is {own}.",
                found=merchant,
                own=expected.merchant,
            )
            raise refused("merchant", 1, text)
        if currency != expected.currency:
            text = t("It is in {found}; this account is in {own}.", found=currency, own=expected.currency)
            raise refused("currency", 1, text)
        try:
            return sound_day(day)
        except ValueError:
            raise refused("day", 1, t("“{day}” is no day like 2026-01-31.", day=day)) from None

    def money(self, text: str) -> int:
        """Return an amount of the running row in minor units."""
        try:
            return self.amounts(text)
        except ValueError:
            raise refused("amount", self._rows.number, t("“{text}” is no amount.", text=text[:40])) from None


class TradeFile(_DayFile):
    """Every payment and refund of one day."""

    source = RailTrades.key

    def __init__(self, rows: _Rows, expected: Expected) -> None:
        super().__init__(rows, expected, _TRADE_HEAD)

    def lines(self) -> Iterator[Line]:
        """Yield the trades; at the end the totals must be those of the rows."""
        rows, amounts, zone, day = self._rows, self.amounts, self.zone, self.day
        start = f"{day} "
        counts, sums, fees = dict.fromkeys(_ALL, 0), dict.fromkeys(_ALL, 0), 0
        for row in rows:
            if len(row) != 10:  # noqa: PLR2004 - the columns of a trade
                break
            at, said, order_no, refund_no, _, number, currency, amount_text, fee_text, text = row
            kind = _KINDS.get(said, OTHER)
            try:
                occurred = datetime.fromisoformat(at).replace(tzinfo=zone)
                amount, fee = amounts(amount_text), amounts(fee_text)
            except ValueError:
                raise self._wrong(row) from None
            if (
                not at.startswith(start)
                or (kind == PAYMENT and amount <= 0)
                or (kind == REFUND and amount >= 0)
            ):
                raise self._wrong(row)
            counts[kind] += 1
            sums[kind] += amount
            fees += fee
            if rows.number > MOST_LINES:
                raise StatementRefused("long", t("The file has more than {n} rows.", n=MOST_LINES))
            reference = order_no if kind == PAYMENT else refund_no or order_no
            said_text = text if kind != OTHER else f"{said} {text}"
            yield Line(
                rows.number, kind, occurred, day, currency, amount, fee,
                clean(reference), clean(number), "", clean(said_text, LONGEST_TEXT),
            )  # fmt: skip
        else:
            row = []
        self._check(row, counts, sums, fees)

    def restart(self) -> None:
        """Begin the trades anew, after somebody else has read in the file."""
        self._rows.restart(2)

    def day_offset(self) -> str:
        """Return the day's offset from UTC such as ``+08:00``; empty where it is none, or changes during the day."""
        return str(self.zone)[3:] if isinstance(self.zone, timezone) else ""

    def told_totals(self, text: str) -> list[int]:
        """Return the seven totals that end the file, in minor units; ``ValueError`` where they do not."""
        rows = list(csv.reader(io.StringIO(text, newline="")))
        plain = [_UNIT.sub("", name) for name in rows[1]] if len(rows) == 3 else []  # noqa: PLR2004 - mark, names, totals
        if plain != _TRADE_SUMS.split(","):
            raise ValueError(text[:40])
        names = _TRADE_SUMS.split(",")
        return [
            whole_number(told) if name.endswith("笔数") else self.amounts(told)
            for name, told in zip(names, rows[2], strict=True)
        ]

    def _wrong(self, row: list[str]) -> StatementRefused:
        """Return what is wrong with a row, looking closely."""
        number, (at, said, *_, amount_text, fee_text, _) = self._rows.number, row
        amount = self.money(amount_text)
        self.money(fee_text)
        if (said == "支付" and amount <= 0) or (said == "退款" and amount >= 0):
            text = t("A payment is above zero and a refund below it, not {amount}.", amount=amount_text)
            return refused("sign", number, text)
        if not at.startswith(f"{self.day} "):
            return refused("day", number, t("“{at}” is not on {day}.", at=at[:40], day=self.day))
        return refused("time", number, t("“{at}” is no time like 2026-01-31 23:59:59.", at=at[:40]))

    def _check(self, end: list[str], counts: dict[str, int], sums: dict[str, int], fees: int) -> None:
        rows, number = self._rows, self._rows.number
        if end and end != [TRADE_END]:
            raise refused("row", number, t("It should have {n} columns.", n=10))
        if not end:
            text = t("The file ends before its {what}: it is cut off. Fetch it again.", what=t("totals"))
            raise StatementRefused("cut", text)
        rows.header(_TRADE_SUMS)
        told = rows.take(t("totals"))
        if len(told) != 7:  # noqa: PLR2004 - the columns of the totals
            raise refused("row", rows.number, t("It should have {n} columns.", n=7))
        count = sum(counts.values())
        found = [count, counts[PAYMENT], sums[PAYMENT], counts[REFUND], sums[REFUND], fees]
        found.append(sum(sums.values()) - fees)
        for place, name in enumerate(_TRADE_SUMS.split(",")):
            is_count = name.endswith("笔数")
            said = whole_number(told[place]) if is_count else self.money(told[place])
            if said != found[place]:
                shown = str(found[place]) if is_count else plain_amount(found[place], self.head.currency)
                text = t(
                    "{name} says {said}, but the rows give {found}.", name=name, said=told[place], found=shown
                )
                raise refused("total", rows.number, text)


class FundFile(_DayFile):
    """What went in and out of the merchant's balance on one day, and which payouts left it."""

    source = RailFunds.key

    def __init__(self, rows: _Rows, expected: Expected) -> None:
        super().__init__(rows, expected, _FUND_HEAD)

    def lines(self) -> Iterator[Line]:
        """Yield each payout as a line; balances and totals must add up."""
        rows, head = self._rows, self.head
        told = rows.take(t("balances"))
        if len(told) != 6:  # noqa: PLR2004 - the columns of the balances
            raise refused("row", rows.number, t("It should have {n} columns.", n=6))
        opening, taken, refunds, fees, paid_out, closing = [self.money(text) for text in told]
        if opening + taken + refunds - fees - paid_out != closing:
            raise refused("total", rows.number, t("The closing balance is not what the movements give."))
        head.opening_minor, head.closing_minor = opening, closing
        if rows.take(t("payouts")) != [FUND_PAYOUTS]:
            raise refused("row", rows.number, t("“{title}” should stand here.", title=FUND_PAYOUTS))
        rows.header(_PAYOUT_HEAD)
        total = 0
        while (row := rows.take(t("totals")))[:1] != [FUND_END]:
            payout = self._payout(row)
            head.payouts.append(payout)
            total += payout.amount_minor
            yield Line(
                rows.number, PAYOUT, head.covers_until - timedelta(seconds=1), self.day, payout.currency,
                -payout.amount_minor, 0, "", payout.reference, payout.reference, payout.trace, payout.reference,
            )  # fmt: skip
        if (
            len(row) != 3  # noqa: PLR2004 - mark, count, sum
            or whole_number(row[1]) != len(head.payouts)
            or self.money(row[2]) != total
            or total != paid_out
        ):
            raise refused("total", rows.number, t("The payouts do not add up to what the file says."))

    def _payout(self, row: list[str]) -> AnnouncedPayout:
        if len(row) != 7:  # noqa: PLR2004 - the columns of a payout
            raise refused("row", self._rows.number, t("It should have {n} columns.", n=7))
        reference, _, first, last, amount, arrives, trace = row
        try:
            days = [sound_day(day) for day in (first, last, arrives)]
        except ValueError:
            raise refused("day", self._rows.number, t("It should name three days like 2026-01-31.")) from None
        return AnnouncedPayout(
            clean(reference), self.head.currency, self.money(amount), days[0], days[1], days[2],
            trace=clean(trace), whole_days=True,
        )  # fmt: skip


def amounts_in(unit: str, currency: str) -> Amounts:
    """Return what reads an amount: yuan with exactly two decimals, or whole fen.

    Another currency is written in the same way; one that counts in thousandths has three decimals.
    """
    places = exponent(currency)
    whole = re.compile(rf"-?\d{{1,13}}\.\d{{{max(2, places)}}}")

    def yuan(text: str) -> int:
        if not whole.fullmatch(text):
            raise ValueError(text)
        return int(text.replace(".", "")) if places >= 2 else minor(text, currency)  # noqa: PLR2004

    def fen(text: str) -> int:
        if not _FEN.fullmatch(text):
            raise ValueError(text)
        return int(text)

    return fen if unit == "fen" else yuan


def _fixed(begins: datetime, ends: datetime) -> tzinfo:
    """Return the day's own offset where it is one all day, which is quicker than a zone."""
    offset = begins.utcoffset()
    same = offset is not None and offset == ends.utcoffset()
    return timezone(offset) if same and offset is not None else ZoneInfo(str(begins.tzinfo))
