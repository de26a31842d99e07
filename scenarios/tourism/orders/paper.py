"""Tickets on paper: one to a page, the code large enough for any scanner, what is on it in the reader's language."""

from collections.abc import Sequence
from typing import Protocol

from billing.names import localized
from billing.receipts.paper import INNER, MARGIN, SOFT, Paper, Style
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import Order, Site, Slot, Ticket
from tenants.models import Tenant
from ui.formats import clock, date_text, money, use_zone
from ui.i18n import gettext

_QR = 70.0
HEAD, BIG, BODY, LABEL = Style(11, colour=SOFT), Style(22, is_bold=True), Style(11), Style(9, colour=SOFT)


class Printed(Protocol):
    """A ticket with what is printed of it."""

    @property
    def ticket(self) -> Ticket:
        """The ticket itself."""

    @property
    def product(self) -> str:
        """What it lets in to."""

    @property
    def visitor(self) -> str:
        """Whose it is; empty where nobody is named."""

    @property
    def code(self) -> str:
        """What its QR code says."""


def draw(site: Site, tenant: Tenant, order: Order, slot: Slot | None, tickets: Sequence[Printed]) -> bytes:
    """Return the PDF of an order's tickets."""
    name = localized(site.names)
    paper = Paper(gettext("Tickets, order {number}", number=order.number), tenant.name)
    with use_zone(tenant.timezone):
        for one in tickets:
            paper.add_page()
            y = paper.text(tenant.name, MARGIN, MARGIN, INNER, HEAD)
            y = paper.text(name, MARGIN, y + 4, INNER, BIG)
            y = _when(paper, order, slot, y + 2)
            _ticket(paper, order, one, y + 6)
    return paper.finish()


def _when(paper: Paper, order: Order, slot: Slot | None, y: float) -> float:
    words = date_text(order.day, "full")
    if slot is not None:
        words += " · " + localized(slot.names) + f" {clock(slot.starts_at)}–{clock(slot.ends_at)}"
    return paper.text(words, MARGIN, y, INNER, Style(14, is_bold=True))


def _ticket(paper: Paper, order: Order, one: Printed, y: float) -> None:
    paper.rule(y)
    paper.qr(one.code, MARGIN, y + 8, _QR)
    x, width, top = MARGIN + _QR + 10, INNER - _QR - 10, y + 8
    facts = [
        (gettext("Ticket"), one.product),
        (gettext("For"), gettext(VISITOR_KINDS.get(one.ticket.visitor_kind, ""))),
        (gettext("How many people"), str(one.ticket.people)),
        (gettext("Full name"), one.visitor),
        (gettext("Number"), one.ticket.number),
        (gettext("Price"), "" if order.contract_id else money(one.ticket.price_minor, order.currency)),
    ]
    for label, words in facts:
        if words:
            top = paper.text(label, x, top, width, LABEL)
            top = paper.text(words, x, top, width, BODY) + 2
    note = gettext(
        "Show this code at the gate, on paper or on a screen. It lets in once; keep it to yourself."
    )
    paper.text(note, MARGIN, y + _QR + 16, INNER, BODY)
