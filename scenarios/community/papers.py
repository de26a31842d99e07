"""Papers of an estate: a head, some facts, tables one below the other, a foot."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.receipts import parts
from billing.receipts.documents import Issuer
from billing.receipts.paper import INNER, MARGIN, Paper
from ui.i18n import Text

_LOWEST = 245
"""Millimetres from the top below which no heading is written."""
Section = tuple[str, Sequence[parts.Column], Sequence[tuple[str, ...]]]
"""A table: its heading, its columns, its cells."""


@dataclass(frozen=True, slots=True)
class EstatePaper:
    """What stands on it."""

    issuer: Issuer
    title: str
    number: str
    facts: Sequence[tuple[str, str | Text]]
    sections: Sequence[Section]
    note: str


def draw(found: EstatePaper) -> bytes:
    """Return it as a PDF, in the language of the moment."""
    paper = Paper(f"{found.title} {found.number}", found.issuer.name)
    paper.add_page()
    first = paper.pdf.page
    y = parts.head(paper, found.issuer, found.title, found.number)
    y = parts.facts(paper, found.facts, MARGIN, y, INNER)

    def following() -> float:
        paper.add_page()
        return parts.short_head(paper, found.issuer, found.title, found.number)

    for heading, columns, cells in found.sections:
        y = following() if y > _LOWEST else y
        y = paper.text(heading, MARGIN, y, INNER, parts.STRONG) + 1.5
        y = parts.table(paper, columns, cells, y, following) + 5
    parts.foot(paper, first, paper.pdf.page, found.note)
    return paper.finish()
