"""A family's year as printed pages, drawn with what receipts are drawn with. Pure: no database."""

from collections.abc import Sequence

from billing.receipts import parts
from billing.receipts.documents import Issuer
from billing.receipts.paper import INNER, MARGIN, Paper
from scenarios.education.family.statement import Year
from ui.formats import amount, money
from ui.i18n import Text, gettext, use_locale


def render(year: Year, issuer: Issuer, payer: str, locale: str) -> bytes:
    """Return the year as a PDF; ``issuer`` is the bank whose schools they are."""
    with use_locale(locale):
        title = gettext("Paid to schools")
        paper = Paper(f"{title} {year.year}", issuer.name)
        paper.add_page()
        first = paper.pdf.page
        y = parts.head(paper, issuer, title, str(year.year))
        children = [(one.name, f"{one.school}, {one.number}") for one in year.children]
        y = parts.facts(paper, [(gettext("Made out for"), payer), *children], MARGIN, y, INNER)

        def new_page() -> float:
            paper.add_page()
            return parts.short_head(paper, issuer, title, str(year.year))

        y = parts.table(paper, _columns(), _rows(year), y + 2, new_page)
        parts.sums(paper, _sums(year), y)
        note = gettext(
            "What was paid in the year, less what went back in it. Receipts prove each payment by itself."
        )
        parts.foot(paper, first, paper.pdf.page, note)
        return paper.finish()


def _columns() -> list[parts.Column]:
    widths = (40.0, 46.0, 44.0, 22.0, 22.0)
    heads = (gettext("Child"), gettext("School"), gettext("Fee"), gettext("Paid"), gettext("By you"))
    return [
        parts.Column(head, width * INNER / sum(widths), "right" if n > 2 else "left")  # noqa: PLR2004 - figures
        for n, (head, width) in enumerate(zip(heads, widths, strict=True))
    ]


def _rows(year: Year) -> list[tuple[str | Text, ...]]:
    return [
        (
            one.child.name,
            one.child.school,
            one.fee,
            amount(one.amount_minor, one.currency),
            amount(one.mine_minor, one.currency),
        )
        for child in year.children
        for one in year.of(child)
    ]


def _sums(year: Year) -> Sequence[tuple[str, str]]:
    found = []
    for currency, (total, mine) in year.totals.items():
        found += [
            (gettext("Paid by others"), money(total - mine, currency)),
            (gettext("Paid by you"), money(mine, currency)),
            (gettext("Paid in all"), money(total, currency)),
        ]
    return found
