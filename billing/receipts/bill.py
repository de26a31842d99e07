"""The bill as a printed page: what is owed first, how it came about, and how to pay it."""

from billing.receipts import parts
from billing.receipts.documents import BillDocument
from billing.receipts.paper import FOOT, INNER, MARGIN, SOFT, Paper, Style
from ui.formats import amount, date_text, money
from ui.i18n import gettext

_QR = 36.0
_PANEL = 58.0
_GAP = 6.0


def draw(paper: Paper, document: BillDocument) -> None:
    """Add the bill's pages to ``paper``."""
    paper.add_page()
    first = paper.pdf.page
    y = parts.head(paper, document.issuer, gettext("Bill"), document.number)
    y = _addressee_and_amount(paper, document, y)
    y = _lines(paper, document, y + 5)
    y = _sums(paper, document, y)
    y = _notes(paper, document, y + 2)
    _ways_to_pay(paper, document, y)
    note = gettext("Questions about this bill? Ask {institution}.", institution=document.issuer.name)
    if document.issuer.phone:
        note += " " + gettext("Telephone: {phone}", phone=document.issuer.phone)
    parts.foot(paper, first, paper.pdf.page, note)


def _next_page(paper: Paper, document: BillDocument) -> float:
    paper.add_page()
    return parts.short_head(paper, document.issuer, gettext("Bill"), document.number)


def _addressee_and_amount(paper: Paper, document: BillDocument, y: float) -> float:
    width = INNER / 2 - _GAP
    pairs = [
        (gettext("To"), document.holder),
        (gettext("Account"), document.account),
        (gettext("Address"), document.address),
        (gettext("Period"), document.period),
        (gettext("Issued on"), date_text(document.issued_on, "long")),
    ]
    left = parts.facts(paper, pairs, MARGIN, y, width)
    return max(left, _amount_box(paper, document, y, width))


def _amount_box(paper: Paper, document: BillDocument, y: float, width: float) -> float:
    x = MARGIN + INNER / 2 + _GAP
    height = 33.0
    paper.box(x, y, width, height)
    below = paper.text(gettext("Amount to pay"), x + 6, y + 3.5, width - 12, parts.LABEL)
    below = paper.text(
        money(document.due_minor, document.currency), x + 6, below - 0.5, width - 12, parts.BIG
    )
    if document.due_minor > 0:
        words = gettext("Pay by {date}", date=date_text(document.due_on, "long"))
    else:
        words = gettext("Nothing to pay")
    paper.text(words, x + 6, below + 0.8, width - 12, Style(11, is_bold=True, colour=document.issuer.colour))
    return y + height


def _lines(paper: Paper, document: BillDocument, y: float) -> float:
    columns = [
        parts.Column(gettext("Fee"), 46),
        parts.Column(gettext("Period"), 28),
        parts.Column(gettext("How it was computed"), 66, style=Style(8, colour=SOFT)),
        parts.Column(gettext("Amount ({currency})", currency=document.currency), 34, "right"),
    ]
    rows = [
        (line.item, line.period, line.how, amount(line.amount_minor, document.currency))
        for line in document.lines
    ]
    return parts.table(paper, columns, rows, y, lambda: _next_page(paper, document))


def _sums(paper: Paper, document: BillDocument, y: float) -> float:
    pairs = [(gettext("Total of this bill"), money(document.total_minor, document.currency))]
    if document.adjusted_minor:
        pairs.append((gettext("Adjustments"), money(-document.adjusted_minor, document.currency)))
    if document.paid_minor:
        pairs.append((gettext("Already paid"), money(-document.paid_minor, document.currency)))
    if len(pairs) > 1:
        pairs.append((gettext("Amount to pay"), money(document.due_minor, document.currency)))
    if y + len(pairs) * 8 > FOOT:
        y = _next_page(paper, document)
    return parts.sums(paper, pairs, y)


def _notes(paper: Paper, document: BillDocument, y: float) -> float:
    notes = [str(note) for note in document.notes]
    if document.arrears_minor:
        owed = money(document.arrears_minor, document.currency)
        notes.insert(
            0, gettext("{amount} is still owed on earlier bills and is not part of this one.", amount=owed)
        )
    for note in notes:
        height = len(paper.wrap(note, INNER, parts.BODY)) * parts.BODY.leading
        if y + height > FOOT:
            y = _next_page(paper, document)
        y = paper.text(note, MARGIN, y, INNER, parts.BODY) + 1
    return y


def _ways_to_pay(paper: Paper, document: BillDocument, y: float) -> None:
    has_link = bool(document.pay_url) and document.due_minor > 0
    if not has_link and not document.holder_code:
        return
    if y + _PANEL > FOOT:
        _next_page(paper, document)
    y = FOOT - _PANEL + 4
    paper.rule(y - 3, colour=document.issuer.colour, thick=0.4)
    width = INNER * 0.6 - _GAP
    if has_link:
        _pay_link(paper, document, y, width)
    if document.holder_code:
        x = MARGIN + INNER * 0.6 if has_link else MARGIN
        _confirmation(paper, document, x, y)


def _pay_link(paper: Paper, document: BillDocument, y: float, width: float) -> None:
    paper.qr(document.pay_url, MARGIN, y + 1, _QR)
    x, narrow = MARGIN + _QR + 5, width - _QR - 5
    y = paper.text(gettext("Pay online"), x, y, narrow, Style(11, is_bold=True))
    sentence = gettext("Scan the code with your telephone. It opens this bill and nothing else.")
    y = paper.text(sentence, x, y + 0.5, narrow, parts.LABEL)
    y = paper.text(gettext("Or open:"), x, y + 1, narrow, parts.LABEL)
    y = paper.text(document.pay_url, x, y, narrow, Style(7.5))
    if document.pay_until:
        words = gettext("Works until {date}.", date=date_text(document.pay_until, "long"))
        paper.text(words, x, y + 1, narrow, parts.LABEL)


def _confirmation(paper: Paper, document: BillDocument, x: float, y: float) -> None:
    width = MARGIN + INNER - x
    y = paper.text(gettext("See all your bills"), x, y, width, Style(11, is_bold=True))
    sentence = gettext(
        "Sign in and type this code to confirm that the account is yours. Keep it to yourself."
    )
    y = paper.text(sentence, x, y + 0.5, width, parts.LABEL) + 1.5
    paper.box(x, y, width, 11, fill="#ffffff", edge=document.issuer.colour)
    paper.line(document.holder_code, x, y + 1.8, width, Style(15, is_bold=True), align="centre")
    y += 12.5
    if document.holder_url:
        y = paper.text(document.holder_url, x, y, width, Style(7.5))
    if document.holder_code_until:
        words = gettext("The code works until {date}.", date=date_text(document.holder_code_until, "long"))
        paper.text(words, x, y + 0.5, width, parts.LABEL)
