"""Stripe's balance transactions and payouts as kept from the API: one JSON object a line, to be read again.

The first object says whose balance it is and from when to when, the last one how many there are and what they sum up
to. Amounts are minor units as Stripe counts them; days are cut at midnight in the institution's zone by ``created``.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

from billing.reconciliation.sources.contract import (
    DISPUTE,
    FEE,
    LONGEST_TEXT,
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
    refused,
)
from ui.i18n import t

CHANNEL = "stripe"
HEAD, TRANSACTION, PAYOUTS, END = "stripe.balance", "balance_transaction", "payout", "end"
_KINDS = {
    "charge": PAYMENT,
    "payment": PAYMENT,
    "refund": REFUND,
    "payment_refund": REFUND,
    "stripe_fee": FEE,
    "tax_fee": FEE,
    "payout": PAYOUT,
    "payout_failure": PAYOUT,
    "payout_cancel": PAYOUT,
}
_DISPUTES = {"dispute", "dispute_reversal"}
_WRONG = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError)
"""What reading JSON of another shape runs into; a person may upload any file."""
_SHAPE = t("It lacks something that a kept balance has, or holds something else there.")


class StripeBalance:
    """Parser of the kept answers."""

    key = "stripe"

    def open(self, file: IO[bytes], expected: Expected) -> "BalanceFile":
        """Recognise the file, and hold its account and currency against what is expected."""
        return BalanceFile(file, expected)


class BalanceFile:
    """What was read of a balance at one time."""

    def __init__(self, file: IO[bytes], expected: Expected) -> None:
        self._file, self._zone = file, ZoneInfo(expected.zone)
        first = self._read(file.readline(), 1)
        if first.get("object") != HEAD:
            raise StatementRefused("title", t("This is not a kept balance of Stripe."))
        try:
            self.head = self._head(first, expected)
        except _WRONG:
            raise refused("shape", 1, _SHAPE) from None

    def _head(self, first: dict[str, Any], expected: Expected) -> Head:
        if first["account"] != expected.stripe_account:
            raise refused(
                "account", 1, t("It is about account {found}, not about this one.", found=first["account"])
            )
        begins, ends = _moment(first["from"]), _moment(first["until"])
        return Head(
            source=StripeBalance.key,
            channel=CHANNEL,
            reference=clean(first["reference"], 100),
            day_from=self._day(begins),
            day_until=self._day(ends),
            covers_from=begins,
            covers_until=ends,
            zone=expected.zone,
            currency=expected.currency,
            format=Format("JSON", "minor unit", "00:00", expected.zone),
        )

    def lines(self) -> Iterator[Line]:
        """Yield each transaction; the end must say how many there were and their net sum."""
        done = 1
        try:
            for row, line in self._transactions():
                done = row
                if line is not None:
                    yield line
        except _WRONG:
            raise refused("shape", done + 1, _SHAPE) from None

    def _transactions(self) -> Iterator[tuple[int, Line | None]]:
        count = net = number = 0
        for number, raw in enumerate(self._file, start=2):
            found = self._read(raw, number)
            if found.get("object") == TRANSACTION:
                count, net = count + 1, net + int(found["net"])
                yield number, self._line(number, found)
            elif found.get("object") == PAYOUTS:
                self.head.payouts.append(self._payout(found))
                yield number, None
            elif found.get("object") == END:
                if (found["count"], found["net"]) != (count, net):
                    raise refused("total", number, t("The totals are not those of the rows."))
                return
        raise StatementRefused(
            "cut", t("The file ends before its {what}: it is cut off. Fetch it again.", what=t("totals"))
        )

    def _read(self, raw: bytes, number: int) -> dict[str, Any]:
        try:
            found = json.loads(raw)
        except ValueError:
            raise refused("json", number, t("It is not JSON.")) from None
        if not isinstance(found, dict):
            raise refused("json", number, t("It is not JSON."))
        return found

    def _line(self, number: int, found: dict[str, Any]) -> Line:
        kind = DISPUTE if found["reporting_category"] in _DISPUTES else _KINDS.get(found["type"], OTHER)
        source = found["source"]
        amount, fee = int(found["amount"]), int(found["fee"])
        if kind == FEE:
            amount, fee = 0, fee - amount
        made = _moment(found["created"])
        reference = source.get("attempt_id", "") if kind == PAYMENT else source.get("refund_id", "")
        words = found["description"] if kind != OTHER else f"{found['type']} {found['description']}"
        return Line(
            number, kind, made, self._day(made), found["currency"].upper(), amount, fee, clean(reference),
            clean(source.get("payment_intent", "") or source["id"]), clean(found["id"]),
            clean(words.strip(), LONGEST_TEXT), source["id"] if kind == PAYOUT else "",
        )  # fmt: skip

    def _payout(self, found: dict[str, Any]) -> AnnouncedPayout:
        day = self._day(_moment(found["created"]))
        return AnnouncedPayout(
            clean(found["id"]), found["currency"].upper(), int(found["amount"]), day, day,
            self._day(_moment(found["arrival_date"])), trace=clean(found["trace"]),
            status="failed" if found["status"] in {"failed", "canceled"} else "on_the_way",
            members=tuple(found["members"]),
        )  # fmt: skip

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
