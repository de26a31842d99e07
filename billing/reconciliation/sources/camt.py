"""ISO 20022 bank statements, versions 2 to 8: camt.052 (intraday), camt.053 (statement), camt.054 (notification).

Read by local name and version, never by position, so that what a bank adds is passed over. Amounts are decimals of the
main unit; the day is the bank's booking date, read in the institution's zone where it is a moment. Only camt.053 is
final; the others are provisional, and nothing is booked on them.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import IO
from zoneinfo import ZoneInfo

from billing.reconciliation.sources.contract import (
    CREDIT,
    DEBIT,
    LONGEST_TEXT,
    MOST_LINES,
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
from billing.reconciliation.sources.rail import day_bounds
from billing.reconciliation.sources.safe_xml import Element, Reader
from tenants.days import today
from ui.formats import plain_amount
from ui.i18n import Text, t

CHANNEL = "account"
MESSAGES = {"camt.052": "BkToCstmrAcctRpt", "camt.053": "BkToCstmrStmt", "camt.054": "BkToCstmrDbtCdtNtfctn"}
FINAL = "camt.053"
PARTS = {"Rpt", "Stmt", "Ntfctn"}
VERSIONS = range(2, 9)
_SPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[234])\.001\.(\d\d)")
_DEPTH = 4
_NONE = {"", "NOTPROVIDED", "NONREF"}


class Camt:
    """Parser of the three messages."""

    key = "camt"

    def open(self, file: IO[bytes], expected: Expected) -> "CamtFile":
        """Recognise message and version, and hold the account against what is expected."""
        return CamtFile(file, expected)


class CamtFile:
    """One document. Its head is complete once its first statement's account has been read."""

    def __init__(self, file: IO[bytes], expected: Expected) -> None:
        self._expected, self._zone = expected, ZoneInfo(expected.zone)
        self._reader = Reader(file, _is_part)
        self._waiting: list[Element] = []
        self._sum = self._count = self._position = 0
        self._told: dict[str, tuple[int, str]] = {}
        self._has_account = False
        self._said_count = -1
        self._days: list[date] = []
        self._closed_on: date | None = None
        self._moments: list[datetime] = []
        while not self._waiting and self._advance():
            pass
        self.message, self.version = self._recognise()
        if not self._has_account:
            raise StatementRefused("account", t("The document names no account (element Acct)."))
        self.head = self._head()

    def _recognise(self) -> tuple[str, int]:
        namespace, root = self._reader.root
        found = _SPACE.fullmatch(namespace)
        if root != "Document" or found is None:
            text = t("This is not a camt.052, camt.053 or camt.054 document: its root is “{root}” in “{space}”.",
                     root=root or "-", space=namespace[:80] or "-")  # fmt: skip
            raise StatementRefused("namespace", text)
        message, version = found.group(1), int(found.group(2))
        if version not in VERSIONS:
            text = t(
                "Version {version} of {message} is not read; versions 2 to 8 are.",
                version=version,
                message=message,
            )
            raise StatementRefused("version", text)
        return message, version

    def _advance(self) -> bool:
        """Read on; take in what belongs to the head, and let entries wait."""
        goes_on = self._reader.advance()
        for path, part in self._reader.done:
            if path[1] not in MESSAGES.values():
                raise StatementRefused(
                    "message", t("“{name}” is not a message that is read.", name=path[1][:60])
                )
            self._take(part)
        self._reader.done.clear()
        return goes_on

    def _take(self, part: Element) -> None:
        if part.name == "Ntry":
            self._waiting.append(part)
        elif part.name == "Acct":
            self._hold(part)
        elif part.name == "Bal":
            self._balance(part)
        elif part.name == "Id":
            self._told.setdefault("id", (0, part.text.strip()))
        elif part.name == "TxsSummry" and (said := part.value("TtlNtries", "NbOfNtries")):
            self._said_count = max(self._said_count, 0) + max(whole_number(said), 0)
        elif part.name == "FrToDt":
            self._moments = [
                self._moment(part.value(name), part) for name in ("FrDtTm", "ToDtTm") if part.value(name)
            ]

    def _hold(self, account: Element) -> None:
        number = account.value("Id", "IBAN") or account.value("Id", "Othr", "Id")
        own = _plain(self._expected.account_number)
        if own and _plain(number) != own:
            text = t("It is about account {found}, not about this one.", found=f"•••• {_plain(number)[-4:]}")
            raise refused("account", account.row, text)
        currency = account.value("Ccy")
        if currency and currency != self._expected.currency:
            text = t(
                "It is in {found}; this account is in {own}.", found=currency, own=self._expected.currency
            )
            raise refused("currency", account.row, text)
        self._has_account = True

    def _balance(self, balance: Element) -> None:
        kind, amount = balance.value("Tp", "CdOrPrtry", "Cd"), balance.child("Amt")
        if kind == "CLBD" and (day := balance.value("Dt", "Dt")):
            self._closed_on = self._date(day, balance)
        if amount is None or amount.attributes.get("Ccy") != self._expected.currency:
            return
        self._told[kind] = (self._amount(balance), "")

    def _head(self) -> Head:
        expected = self._expected
        day = today(expected.zone)
        begins, ends = day_bounds(day, day, expected.zone)
        return Head(
            source=self.message,
            channel=CHANNEL,
            reference=clean(self._told.get("id", (0, ""))[1], 100) or self.message,
            day_from=day,
            day_until=day,
            covers_from=begins,
            covers_until=ends,
            zone=expected.zone,
            currency=expected.currency,
            format=Format("UTF-8 XML", f"{self.message} v{self.version}", "BookgDt", expected.zone),
            is_provisional=self.message != FINAL,
        )

    def lines(self) -> Iterator[Line]:
        """Yield every booked entry, batches transaction by transaction; at the end balances must add up."""
        while True:
            for entry in self._waiting:
                yield from self._entry(entry)
            self._waiting.clear()
            if not self._advance():
                break
        for entry in self._waiting:
            yield from self._entry(entry)
        self._check()
        self._close()

    def _entry(self, entry: Element) -> Iterator[Line]:
        self._count += 1
        status = entry.value("Sts", "Cd") or entry.value("Sts")
        if status and status != "BOOK":
            return
        amount, currency = self._amount(entry), _currency(entry)
        day, moment = self._booked(entry)
        if currency == self._expected.currency:
            self._sum += amount
        self._days.append(day)
        key = entry.value("AcctSvcrRef") or entry.value("NtryRef")
        for place, (part, share) in enumerate(_shares(entry, amount, self._amount)):
            self._position += 1
            if self._position > MOST_LINES:
                raise StatementRefused("long", t("The file has more than {n} rows.", n=MOST_LINES))
            yield Line(
                self._position, CREDIT if share > 0 else DEBIT, moment, day, currency, share, 0,
                clean(_reference(part)), clean(part.value("Refs", "UETR") or part.value("Refs", "TxId")),
                clean(f"{key}/{place}" if key and place else key), clean(_words(entry, part), LONGEST_TEXT),
            )  # fmt: skip

    def _amount(self, holder: Element) -> int:
        amount = holder.child("Amt")
        way = holder.value("CdtDbtInd")
        currency = amount.attributes.get("Ccy", "") if amount is not None else ""
        if amount is None or not currency or way not in {"CRDT", "DBIT"}:
            text = t("{element} needs an amount with its currency, and CRDT or DBIT.", element=holder.name)
            raise refused("amount", holder.row, text)
        try:
            value = minor(amount.text.strip(), currency)
        except ValueError:
            raise refused("amount", holder.row, t("“{text}” is no amount.", text=amount.text[:40])) from None
        return value if way == "CRDT" else -value

    def _booked(self, entry: Element) -> tuple[date, datetime]:
        for name in ("BookgDt", "ValDt"):
            text = entry.value(name, "DtTm")
            if text:
                moment = self._moment(text, entry)
                return moment.astimezone(self._zone).date(), moment
            if text := entry.value(name, "Dt"):
                day = self._date(text, entry)
                return day, datetime.combine(day, time(12), self._zone)
        raise refused("day", entry.row, t("The entry has no booking date (BookgDt)."))

    def _date(self, text: str, element: Element) -> date:
        try:
            return sound_day(text[:10])
        except ValueError:
            raise refused(
                "day", element.row, t("“{day}” is no day like 2026-01-31.", day=text[:40])
            ) from None

    def _moment(self, text: str, element: Element) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
            sound_day(f"{moment:%Y-%m-%d}")
        except ValueError:
            problem = t("“{at}” is no time like 2026-01-31T23:59:59+08:00.", at=text[:40])
            raise refused("time", element.row, problem) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def _check(self) -> None:
        if self._said_count not in {-1, self._count}:
            text: Text = t(
                "The summary says {said} entries, but there are {found}.",
                said=self._said_count,
                found=self._count,
            )
            raise StatementRefused("total", text)
        opening = self._told.get("OPBD") or self._told.get("PRCD")
        closing = self._told.get("CLBD")
        if opening is None or closing is None or self.head.is_provisional:
            return
        self.head.opening_minor, self.head.closing_minor = opening[0], closing[0]
        if opening[0] + self._sum != closing[0]:
            currency = self.head.currency
            said, found = plain_amount(closing[0], currency), plain_amount(opening[0] + self._sum, currency)
            text = t(
                "The closing balance says {said}, but opening balance and entries give {found}.",
                said=said,
                found=found,
            )
            raise StatementRefused("total", text)

    def _close(self) -> None:
        head = self.head
        days = self._days or [moment.astimezone(self._zone).date() for moment in self._moments[-1:]]
        if self._closed_on and not head.is_provisional:
            days = [*days, self._closed_on]
        if days:
            head.day_from, head.day_until = min(days), max(days)
        head.covers_from, head.covers_until = day_bounds(head.day_from, head.day_until, head.zone)
        if head.is_provisional and len(self._moments) == 2:  # noqa: PLR2004 - from and until
            head.covers_until = max(self._moments[1], head.covers_from + timedelta(seconds=1))


def _is_part(path: list[str]) -> bool:
    return len(path) == _DEPTH and path[2] in PARTS


def _plain(number: str) -> str:
    return "".join(number.split()).upper()


def _currency(entry: Element) -> str:
    amount = entry.child("Amt")
    return amount.attributes.get("Ccy", "")[:3] if amount is not None else ""


def _shares(entry: Element, amount: int, read: object) -> list[tuple[Element, int]]:
    """Return the transactions of a batch with their amounts, or the entry as one where they do not say it all."""
    parts = [part for details in entry.all("NtryDtls") for part in details.all("TxDtls")]
    if len(parts) > 1 and callable(read):
        own = [part for part in parts if _currency(part) == _currency(entry) and part.value("CdtDbtInd")]
        shares = [int(read(part)) for part in own]
        if len(own) == len(parts) and sum(shares) == amount and all(shares):
            return list(zip(parts, shares, strict=True))
    whole = parts[0] if len(parts) == 1 else Element("TxDtls", {}, entry.row)
    return [(whole, amount)]


def _reference(part: Element) -> str:
    for path in (("Refs", "EndToEndId"), ("RmtInf", "Strd", "CdtrRefInf", "Ref"), ("Refs", "InstrId")):
        if (found := part.value(*path)) not in _NONE:
            return found
    return ""


def _words(entry: Element, part: Element) -> str:
    notes = part.child("RmtInf")
    said = [each.text.strip() for each in notes.all("Ustrd")] if notes else []
    who = part.child("RltdPties", "Dbtr")
    name = (who.value("Nm") or who.value("Pty", "Nm")) if who else ""
    found = [*said, part.value("AddtlTxInf"), entry.value("AddtlNtryInf"), name]
    return " · ".join(dict.fromkeys(word for word in found if word))
