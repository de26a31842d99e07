"""The receipt as a printed page."""

from zoneinfo import ZoneInfo

from billing.receipts import parts
from billing.receipts.documents import Mark, ReceiptDocument
from billing.receipts.paper import FOOT, INNER, MARGIN, SOFT, Paper, Style
from billing.receipts.words import in_words
from ui.formats import amount, date_text, money
from ui.i18n import current_locale, gettext

_COLOURS = {Mark.PAID: "#1a7f4b", Mark.PART_REFUNDED: "#8a5a00", Mark.REFUNDED: "#b3261e"}
_PROOF_HEIGHT = 34.0
_QR = 27.0


def draw(paper: Paper, document: ReceiptDocument) -> None:
    """Add the receipt's pages to ``paper``."""
    paper.add_page()
    first = paper.pdf.page
    y = parts.head(paper, document.issuer, gettext("Receipt"), document.number)
    y = _amount(paper, document, y)
    y = _facts(paper, document, y + 5)
    y = _lines(paper, document, y + 2)
    y = _sums(paper, document, y)
    if document.verify_url:
        _proof(paper, document, y)
    note = gettext("Made by computer and valid without a signature or seal.")
    parts.foot(paper, first, paper.pdf.page, note)


def mark_text(mark: Mark) -> str:
    """Return the state in one or two words."""
    return {
        Mark.PAID: gettext("Paid"),
        Mark.PART_REFUNDED: gettext("Partly refunded"),
        Mark.REFUNDED: gettext("Refunded"),
    }[mark]


def _next_page(paper: Paper, document: ReceiptDocument) -> float:
    paper.add_page()
    return parts.short_head(paper, document.issuer, gettext("Receipt"), document.number)


def _amount(paper: Paper, document: ReceiptDocument, y: float) -> float:
    words = in_words(document.total_minor, document.currency, current_locale())
    style = Style(9, colour=SOFT)
    inner = INNER - 12
    height = 27 + max(0, len(paper.wrap(words, inner, style)) - 1) * style.leading
    paper.box(MARGIN, y, INNER, height)
    below = paper.text(gettext("Amount received"), MARGIN + 6, y + 3.5, inner, parts.LABEL)
    below = paper.text(
        money(document.total_minor, document.currency), MARGIN + 6, below - 0.5, inner, parts.BIG
    )
    paper.text(words, MARGIN + 6, below + 0.3, inner, style)
    _stamp(paper, document.mark, y + 6)
    return y + height


def _stamp(paper: Paper, mark: Mark, y: float) -> None:
    style = Style(13, is_bold=True, colour=_COLOURS[mark])
    words = mark_text(mark)
    width = paper.width(words, style) + 10
    x = MARGIN + INNER - width - 6
    paper.box(x, y, width, style.leading + 3, fill="#ffffff", edge=style.colour)
    paper.line(words, x, y + 1.5, width, style, align="centre")


def _facts(paper: Paper, document: ReceiptDocument, y: float) -> float:
    paid_at = document.paid_at.astimezone(ZoneInfo(document.zone))
    half = INNER / 2 - 4
    left = [
        (gettext("Received from"), document.payer),
        (gettext("Date and time"), f"{date_text(paid_at, 'long', document.zone)} {paid_at:%H:%M}"),
    ]
    right = [
        (gettext("Paid by"), document.channel),
        (gettext("Payment reference"), document.reference),
        (gettext("Taken by"), document.taken_by),
        (gettext("Paid into"), document.paid_into),
    ]
    return max(
        parts.facts(paper, left, MARGIN, y, half),
        parts.facts(paper, right, MARGIN + INNER / 2 + 4, y, half),
    )


def _lines(paper: Paper, document: ReceiptDocument, y: float) -> float:
    columns = [
        parts.Column(gettext("Fee"), 56),
        parts.Column(gettext("Period"), 32),
        parts.Column(gettext("Account"), 50),
        parts.Column(gettext("Amount ({currency})", currency=document.currency), 36, "right"),
    ]
    rows = [
        (line.item, line.period, line.account, amount(line.amount_minor, document.currency))
        for line in document.lines
    ]
    return parts.table(paper, columns, rows, y, lambda: _next_page(paper, document))


def _sums(paper: Paper, document: ReceiptDocument, y: float) -> float:
    pairs = [(gettext("Total received"), money(document.total_minor, document.currency))]
    if document.refunded_minor:
        kept = document.total_minor - document.refunded_minor
        pairs += [
            (gettext("Refunded since"), money(-document.refunded_minor, document.currency)),
            (gettext("Kept after refund"), money(kept, document.currency)),
        ]
    if y + len(pairs) * 8 > FOOT:
        y = _next_page(paper, document)
    return parts.sums(paper, pairs, y)


def _proof(paper: Paper, document: ReceiptDocument, y: float) -> None:
    if y + _PROOF_HEIGHT > FOOT:
        _next_page(paper, document)
    y = FOOT - _PROOF_HEIGHT + 4
    paper.qr(document.verify_url, MARGIN, y, _QR)
    x, width = MARGIN + _QR + 6, INNER - _QR - 6
    y = paper.text(gettext("Check this receipt"), x, y, width, parts.STRONG)
    sentence = gettext("Scan the code or open the address to see whether this paper says what was recorded.")
    y = paper.text(sentence, x, y, width, parts.LABEL)
    y = paper.text(document.verify_url, x, y + 0.8, width, parts.SMALL)
    if document.verification_code:
        words = gettext("Verification code: {code}", code=document.verification_code)
        y = paper.text(words, x, y + 0.8, width, parts.SMALL)
    if document.issuer.bank_name:
        words = gettext("Payments of this institution are served by {bank}.", bank=document.issuer.bank_name)
        paper.text(words, x, y + 0.8, width, parts.SMALL)
