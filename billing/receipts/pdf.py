"""Receipts and bills as PDF, in the language asked for. Pure: no clock but the file's own date, no database.

A page with both faces is 15 to 40 KB. Rendering is work for the processor: call it outside the event loop
(``anyio.to_thread``); several threads may render at once.
"""

from collections.abc import Callable, Iterable, Sequence

from billing.receipts import bill, receipt
from billing.receipts.documents import BillDocument, ReceiptDocument
from billing.receipts.paper import Paper
from ui.i18n import gettext, use_locale


def render_receipt(document: ReceiptDocument, locale: str) -> bytes:
    """Return the receipt as a PDF; characters that the typeface lacks are printed as 〓 and logged."""
    with use_locale(locale):
        paper = Paper(f"{gettext('Receipt')} {document.number}", document.issuer.name)
        receipt.draw(paper, document)
        return paper.finish()


def render_bill(document: BillDocument, locale: str) -> bytes:
    """Return one bill as a PDF."""
    return render_bills([document], locale)


def render_bills(
    documents: Sequence[BillDocument], locale: str, *, on_drawn: Callable[[int], None] | None = None
) -> bytes:
    """Return many bills in one PDF, each from its own page 1; ``on_drawn`` hears how many are done.

    Raises:
        ValueError: when there is nothing to print.
    """
    if not documents:
        raise ValueError("no bills to print")
    with use_locale(locale):
        numbers = (
            documents[0].number
            if len(documents) == 1
            else f"{documents[0].number} \N{EN DASH} {documents[-1].number}"
        )
        paper = Paper(f"{gettext('Bill')} {numbers}", documents[0].issuer.name)
        _draw_all(paper, documents, on_drawn)
        return paper.finish()


def _draw_all(
    paper: Paper, documents: Iterable[BillDocument], on_drawn: Callable[[int], None] | None
) -> None:
    for number, document in enumerate(documents, start=1):
        bill.draw(paper, document)
        if on_drawn:
            on_drawn(number)
