"""CSV and XLSX with columns that a person has matched: any bank's or terminal's list, read as it stands.

Encoding and delimiter are found as for every import (UTF-8, UTF-16, GB18030); amounts are decimals of the main unit, in
one signed column or in two (in, out); a row is a day in the institution's zone. Every problem is named by row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from billing.reconciliation.sources.contract import (
    CREDIT,
    DEBIT,
    LONGEST_TEXT,
    PAYMENT,
    REFUND,
    Expected,
    Format,
    Head,
    Line,
    StatementRefused,
    clean,
    minor,
)
from billing.reconciliation.sources.rail import day_bounds
from tenants.days import today
from tenants.tabular import (
    Field,
    Limits,
    Table,
    choose_columns,
    convert_rows,
    day,
    decimal,
    known_names,
    open_table,
    text,
)
from ui.i18n import N_, Text, t

MOST_PROBLEMS = 50
_WIDE = 10**12
FIELDS = (
    Field(
        "day",
        N_("Day"),
        day(may_have_time=True),
        ("Date", "Booking date", "Value date", "交易日期", "记账日期"),
        is_required=True,
    ),
    Field("amount", N_("Amount"), decimal(3, minimum=-_WIDE, maximum=_WIDE), ("交易金额", "发生额")),
    Field(
        "paid_in",
        N_("Paid in"),
        decimal(3, minimum=0, maximum=_WIDE),
        ("Credit", "Deposit", "贷方发生额", "收入金额"),
    ),
    Field(
        "paid_out",
        N_("Paid out"),
        decimal(3, minimum=0, maximum=_WIDE),
        ("Debit", "Withdrawal", "借方发生额", "支出金额"),
    ),
    Field(
        "fee",
        N_("Channel fee"),
        decimal(3, minimum=0, maximum=_WIDE),
        ("Fee", "Charge", "费用项目", "手续费金额"),
    ),
    Field(
        "reference",
        N_("Our reference"),
        text(140),
        ("Reference", "Your reference", "End-to-end id", "商户订单号"),
    ),
    Field(
        "channel_reference", N_("Their reference"), text(140), ("Transaction", "Transaction id", "交易流水号")
    ),
    Field("text", N_("Text"), text(300), ("Description", "Remark", "Remittance information", "摘要", "附言")),
    Field("currency", N_("Currency"), text(3), ("Ccy", "币别")),
)
"""What a column of a statement may hold."""


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What a table does not say of itself: which column is which, and of which channel it is."""

    columns: Mapping[str, str]
    channel: str = "account"
    sheet: str = ""


def read_table(content: bytes | Path, filename: str, *, limits: Limits, sheet: str | None = None) -> Table:
    """Return the file as a table; ``TableError`` (an ``Invalid``) when it is none."""
    return open_table(content, filename, limits=limits, known=known_names(FIELDS), sheet=sheet)


class TableStatement:
    """Parser of one table under one mapping."""

    key = "table"

    def __init__(self, filename: str, settings: TableSettings, limits: Limits) -> None:
        self._filename, self._settings, self._limits = filename, settings, limits

    def open(self, file: IO[bytes], expected: Expected) -> "TableFile":
        """Recognise the table and its mapped columns."""
        table = read_table(
            file.read(), self._filename, limits=self._limits, sheet=self._settings.sheet or None
        )
        return TableFile(table, self._filename, self._settings, expected)


class TableFile:
    """A table being read; ``problems`` are kept up to ``MOST_PROBLEMS``, and any of them refuses the file."""

    def __init__(self, table: Table, filename: str, settings: TableSettings, expected: Expected) -> None:
        self._table, self._settings, self._expected = table, settings, expected
        self._columns = choose_columns(table.header, FIELDS, settings.columns)
        places = self._columns.places
        if "day" not in places or not ({"amount"} & set(places) or {"paid_in", "paid_out"} <= set(places)):
            raise StatementRefused(
                "columns", t("Choose the column of the day, and of the amount or of both ways.")
            )
        self.problems: list[tuple[int, Text]] = []
        self._zone = ZoneInfo(expected.zone)
        day = today(expected.zone)
        begins, ends = day_bounds(day, day, expected.zone)
        self.head = Head(
            source=TableStatement.key,
            channel=settings.channel,
            reference=clean(filename, 100),
            day_from=day,
            day_until=day,
            covers_from=begins,
            covers_until=ends,
            zone=expected.zone,
            currency=expected.currency,
            format=Format(getattr(table.source, "encoding", "XLSX"), "main unit", "00:00", expected.zone),
            is_complete=False,
        )

    def lines(self) -> Iterator[Line]:
        """Yield each row; at the end ``StatementRefused`` names the first of the problems there were."""
        first = last = None
        rows = convert_rows(self._table.rows(), self._columns, FIELDS)
        for row in rows:
            line = self._line(row.number, row.values, [p.sentence for p in row.problems if not p.is_warning])
            if line is None:
                if len(self.problems) >= MOST_PROBLEMS:
                    break
                continue
            first, last = min(first or line.day, line.day), max(last or line.day, line.day)
            yield line
        if self.problems:
            number, text = self.problems[0]
            raise StatementRefused("rows", t("Row {row}: {problem}", row=number, problem=text))
        if first is None or last is None:
            raise StatementRefused("empty", t("The table has no rows."))
        head = self.head
        head.day_from, head.day_until = first, last
        head.covers_from, head.covers_until = day_bounds(first, last, head.zone)

    def _line(self, number: int, values: Mapping[str, Any], wrong: Sequence[Text]) -> Line | None:
        if not wrong:
            try:
                return self._made(number, values)
            except ValueError:
                wrong = [t("The amount is missing, zero, or has more decimals than its currency.")]
        self.problems.extend((number, text) for text in islice(wrong, MOST_PROBLEMS))
        return None

    def _made(self, number: int, values: Mapping[str, Any]) -> Line:
        currency = (values["currency"] or self._expected.currency).upper()
        amount = values["amount"]
        if amount is None:
            amount = (values["paid_in"] or 0) - (values["paid_out"] or 0)
        signed = minor(str(amount), currency)
        if not signed:
            raise ValueError(amount)
        is_bank = self._settings.channel == "account"
        ways = (CREDIT, DEBIT) if is_bank else (PAYMENT, REFUND)
        return Line(
            number, ways[0] if signed > 0 else ways[1], datetime.combine(values["day"], time(12), self._zone),
            values["day"], currency, signed, minor(str(values["fee"] or 0), currency),
            clean(values["reference"] or ""), clean(values["channel_reference"] or ""), "",
            clean(values["text"] or "", LONGEST_TEXT),
        )  # fmt: skip
