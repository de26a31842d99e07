"""An account's statement as printed pages: what was owed, each movement with what was owed after it, what is owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.receipts import parts
from billing.receipts.documents import Issuer
from billing.receipts.paper import INNER, MARGIN, Paper
from ui.formats import amount, date_text, money
from ui.i18n import Text, gettext, use_locale


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement: positive amounts were charged, negative ones paid or let off; minor units."""

    when: str
    what: str | Text
    bill: str
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDocument:
    """One account's movements in one currency from the first to the last day, oldest first; minor units."""

    issuer: Issuer
    account: str
    address: str = ""
    first: date
    last: date
    currency: str
    opening_minor: int
    closing_minor: int
    lines: tuple[StatementLine, ...] = ()


def render_statement(documents: Sequence[StatementDocument], locale: str) -> bytes:
    """Return the statement as a PDF, one part for each currency."""
    with use_locale(locale):
        paper = Paper(f"{gettext('Statement of account')} {documents[0].account}", documents[0].issuer.name)
        for document in documents:
            _draw(paper, document)
        return paper.finish()


def _draw(paper: Paper, document: StatementDocument) -> None:
    paper.add_page()
    first, title = paper.pdf.page, gettext("Statement of account")
    y = parts.head(paper, document.issuer, title, document.account)
    days = f"{date_text(document.first, 'long')} \N{EN DASH} {date_text(document.last, 'long')}"
    pairs = [(gettext("Account"), document.account), (gettext("Address"), document.address)]
    left = parts.facts(paper, pairs, MARGIN, y, INNER / 2 - 6)
    more = [
        (gettext("From and until"), days),
        (gettext("Owed at the beginning"), money(document.opening_minor, document.currency)),
    ]
    right = parts.facts(paper, more, MARGIN + INNER / 2 + 6, y, INNER / 2 - 6)
    y = parts.table(
        paper, _columns(document), _rows(document), max(left, right) + 3, lambda: _next(paper, document)
    )
    closing = (gettext("Owed at the end"), money(document.closing_minor, document.currency))
    parts.sums(paper, [closing], y)
    parts.foot(
        paper, first, paper.pdf.page, gettext("Made by computer and valid without a signature or seal.")
    )


def _next(paper: Paper, document: StatementDocument) -> float:
    paper.add_page()
    return parts.short_head(paper, document.issuer, gettext("Statement of account"), document.account)


def _columns(document: StatementDocument) -> list[parts.Column]:
    return [
        parts.Column(gettext("When"), 32),
        parts.Column(gettext("What happened"), 46),
        parts.Column(gettext("Bill"), 32),
        parts.Column(gettext("Amount ({currency})", currency=document.currency), 32, "right"),
        parts.Column(gettext("Owed after it"), 32, "right"),
    ]


def _rows(document: StatementDocument) -> list[tuple[str | Text, ...]]:
    return [
        (
            line.when,
            line.what,
            line.bill,
            amount(line.amount_minor, document.currency),
            amount(line.balance_minor, document.currency),
        )
        for line in document.lines
    ]
