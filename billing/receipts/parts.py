"""What receipts and bills have in common: the head, facts, tables that run over pages, the foot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from billing.receipts.documents import Issuer
from billing.receipts.paper import FOOT, INNER, MARGIN, PALE, SOFT, WIDTH, Align, Paper, Style
from ui.i18n import Text, gettext

SMALL = Style(7.5, colour=SOFT)
LABEL = Style(8, colour=SOFT)
BODY = Style(9)
STRONG = Style(9, is_bold=True)
BIG = Style(22, is_bold=True)
TOP = 14.0
LOGO = 9.0
"""Height of the bank's logo in millimetres."""
_PAD = 1.6


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its head, its width in millimetres, and how its cells stand."""

    head: str
    width: float
    align: Align = "left"
    style: Style = BODY


def head(paper: Paper, issuer: Issuer, title: str, number: str) -> float:
    """Draw the institution on the left, the kind of paper and its number on the right; return ``y`` below."""
    paper.box(0, 0, WIDTH, 3, fill=issuer.colour)
    top = paper.picture(issuer.logo, MARGIN, TOP - 4, LOGO, issuer.bank_name) if issuer.logo else TOP
    left = paper.text(issuer.name, MARGIN, top, INNER * 0.6, Style(14, is_bold=True))
    for fact in _issuer_facts(issuer):
        left = paper.text(fact, MARGIN, left + 0.3, INNER * 0.6, LABEL)
    x, width = MARGIN + INNER * 0.62, INNER * 0.38
    right = paper.text(
        title, x, TOP - 1.5, width, Style(20, is_bold=True, colour=issuer.colour), align="right"
    )
    right = paper.text(number, x, right, width, STRONG, align="right")
    y = max(left, right) + 3
    paper.rule(y, colour=issuer.colour, thick=0.4)
    return y + 5


def short_head(paper: Paper, issuer: Issuer, title: str, number: str) -> float:
    """Draw the head of a following page; return ``y`` below."""
    paper.box(0, 0, WIDTH, 3, fill=issuer.colour)
    line = f"{issuer.name} · {title} {number}"
    y = paper.text(line, MARGIN, TOP - 3, INNER, LABEL) + 1.5
    paper.rule(y)
    return y + 4


def _issuer_facts(issuer: Issuer) -> list[str]:
    facts = []
    if issuer.credit_code:
        facts.append(gettext("Unified social credit code: {code}", code=issuer.credit_code))
    if issuer.address:
        facts.append(issuer.address)
    if issuer.phone:
        facts.append(gettext("Telephone: {phone}", phone=issuer.phone))
    return facts


def facts(paper: Paper, pairs: Sequence[tuple[str, str | Text]], x: float, y: float, width: float) -> float:
    """Draw label above value, one under the other, and return ``y`` below; empty values are left out."""
    for label, value in pairs:
        if str(value):
            y = paper.text(label, x, y, width, LABEL)
            y = paper.text(value, x, y, width, Style(9.5)) + 2.2
    return y


def table(
    paper: Paper,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str | Text]],
    y: float,
    new_page: Callable[[], float],
) -> float:
    """Draw the rows, their head again on every page they run on to; return ``y`` below the last."""
    y = _table_head(paper, columns, y)
    for row in rows:
        cells = [paper.wrap(cell, c.width - 2 * _PAD, c.style) for cell, c in zip(row, columns, strict=True)]
        lines = zip(cells, columns, strict=True)
        height = max(len(cell) * column.style.leading for cell, column in lines) + 2 * _PAD
        if y + height > FOOT:
            y = _table_head(paper, columns, new_page())
        _table_row(paper, columns, cells, y)
        y += height
        paper.rule(y)
    return y


def _table_head(paper: Paper, columns: Sequence[Column], y: float) -> float:
    style = Style(8, is_bold=True, colour=SOFT)
    heads = [paper.wrap(column.head, column.width - 2 * _PAD, style) for column in columns]
    height = max(map(len, heads)) * style.leading + 2 * _PAD
    paper.box(MARGIN, y, INNER, height, fill=PALE)
    _table_row(paper, columns, heads, y, style)
    return y + height


def _table_row(
    paper: Paper, columns: Sequence[Column], cells: Sequence[list[str]], y: float, style: Style | None = None
) -> None:
    x = MARGIN
    for column, lines in zip(columns, cells, strict=True):
        used = style or column.style
        for number, line in enumerate(lines):
            top = y + _PAD + number * used.leading
            paper.line(line, x + _PAD, top, column.width - 2 * _PAD, used, align=column.align)
        x += column.width


def sums(paper: Paper, pairs: Sequence[tuple[str, str]], y: float) -> float:
    """Draw sums under a table, right-aligned, the last one heavy; return ``y`` below."""
    for number, (label, figure) in enumerate(pairs, start=1):
        is_last = number == len(pairs)
        style = Style(11 if is_last else 9, is_bold=is_last)
        paper.text(label, MARGIN, y + _PAD, INNER - 42, style, align="right")
        y = paper.text(figure, MARGIN + INNER - 42, y + _PAD, 42 - _PAD, style, align="right")
    return y + _PAD


def foot(paper: Paper, first: int, last: int, note: str) -> None:
    """Write the note and the page numbers at the foot of pages ``first`` to ``last`` of the PDF."""
    for page in range(first, last + 1):
        with paper.on_page(page):
            paper.rule(FOOT + 5)
            count = gettext("Page {page} of {pages}", page=page - first + 1, pages=last - first + 1)
            paper.line(count, MARGIN, FOOT + 6.5, INNER, SMALL, align="right")
            paper.text(note, MARGIN, FOOT + 6.5, INNER - 30, SMALL)
