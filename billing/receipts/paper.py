"""Drawing on A4: text that wraps in Chinese and English, rules, boxes, QR codes, page numbers. Millimetres.

Coordinates are from the top left corner; ``y`` of a text is the top of its line.
"""

import io
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import segno
from fpdf import FPDF

from billing.receipts import typeface
from ui.i18n import Text, current_locale

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 18.0
INNER = WIDTH - 2 * MARGIN
FOOT = HEIGHT - 20.0
INK, SOFT, LINE, PALE = "#1c2430", "#5b6675", "#d5dbe3", "#f4f6f9"
Align = Literal["left", "right", "centre"]

_LOG = logging.getLogger(__name__)
_MM_PER_POINT = 25.4 / 72
_LEADING = 1.42
_BASELINE = 0.86
_PIECES = re.compile(
    r"\n|[ \t\u3000]+|[\u2e80-\u9fff\uf900-\ufaff\uff01-\uff65]|[^\s\u2e80-\u9fff\uf900-\ufaff\uff01-\uff65]+"
)
_NOT_FIRST = set("，。、；：？！）】》」』”’％,.;:?!)%")


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks: size in points, weight and colour (``#rrggbb``)."""

    size: float = 9
    is_bold: bool = False
    colour: str = INK

    @property
    def leading(self) -> float:
        """Height of one line in millimetres."""
        return self.size * _MM_PER_POINT * _LEADING


class Paper:
    """A4 pages of one PDF, one document after another, each with its own page numbers."""

    def __init__(self, title: str, author: str, made_at: datetime | None = None) -> None:
        self.pdf = FPDF(format="A4")
        self.pdf.set_auto_page_break(auto=False)
        self.pdf.set_margin(0)
        self.pdf.alias_nb_pages("")
        self.pdf.set_creation_date(made_at or datetime.now(UTC))
        self.pdf.set_lang(current_locale().replace("_", "-"))
        self.pdf.set_title(printable(title))
        self.pdf.set_author(printable(author))
        typeface.equip(self.pdf)

    def add_page(self) -> None:
        """Begin a new page; the pen is then at its top."""
        self.pdf.add_page()

    def finish(self) -> bytes:
        """Return the PDF."""
        return typeface.finish(self.pdf)

    def width(self, text: str, style: Style) -> float:
        """Return the width of ``text`` in millimetres."""
        advances = typeface.advances("B" if style.is_bold else "")
        return sum(advances[ord(char)] for char in text) * style.size * _MM_PER_POINT / 1000

    def line(
        self, text: str, x: float, y: float, width: float, style: Style, *, align: Align = "left"
    ) -> None:
        """Write one line that is known to fit."""
        if not text:
            return
        room = width - self.width(text, style) if align != "left" else 0
        self._use(style)
        start = x + (room if align == "right" else room / 2)
        self.pdf.text(start, y + style.size * _MM_PER_POINT * (_LEADING - 1) / 2 + _baseline(style), text)

    def text(
        self, words: str | Text, x: float, y: float, width: float, style: Style, *, align: Align = "left"
    ) -> float:
        """Write ``words`` in as many lines as they need and return the ``y`` below them."""
        for line in self.wrap(words, width, style):
            self.line(line, x, y, width, style, align=align)
            y += style.leading
        return y

    def wrap(self, words: str | Text, width: float, style: Style) -> list[str]:
        """Break ``words`` into lines: between Chinese characters, at spaces, and inside a word too long."""
        lines, line, used = [], "", 0.0
        for piece in self._pieces(printable(str(words)), width, style):
            if piece == "\n":
                lines.append(line.rstrip())
                line, used = "", 0.0
                continue
            size = self.width(piece, style)
            if line and used + size > width and not piece.isspace() and piece[0] not in _NOT_FIRST:
                lines.append(line.rstrip())
                line, used = "", 0.0
            if line or not piece.isspace():
                line, used = line + piece, used + size
        return [*lines, line.rstrip()] if line.strip() else lines

    def _pieces(self, text: str, width: float, style: Style) -> Iterator[str]:
        for piece in _PIECES.findall(text):
            while self.width(piece, style) > width and len(piece) > 1:
                fits = max(1, int(len(piece) * width / self.width(piece, style)) - 1)
                yield piece[:fits]
                piece = piece[fits:]  # noqa: PLW2901 - the rest of a word that is wider than the column
            yield piece

    def rule(
        self, y: float, x: float = MARGIN, width: float = INNER, colour: str = LINE, thick: float = 0.2
    ) -> None:
        """Draw a horizontal line."""
        self.pdf.set_draw_color(colour)
        self.pdf.set_line_width(thick)
        self.pdf.line(x, y, x + width, y)

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str = PALE, edge: str = ""
    ) -> None:
        """Draw a filled box, with an edge when a colour is given for it."""
        self.pdf.set_fill_color(fill)
        self.pdf.set_draw_color(edge or fill)
        self.pdf.set_line_width(0.25)
        self.pdf.rect(
            x, y, width, height, style="DF" if edge else "F", round_corners=bool(edge), corner_radius=1.5
        )

    def picture(self, content: bytes, x: float, y: float, height: float, name: str) -> float:
        """Draw a picture so high, its words for those who hear the page; return ``y`` below it."""
        self.pdf.image(io.BytesIO(content), x, y, h=height, alt_text=printable(name))
        return y + height + 1

    def qr(self, content: str, x: float, y: float, size: float) -> None:
        """Draw a QR code as vector squares, with a link over it for readers on a screen."""
        modules = _modules(content)
        step = size / len(modules)
        self.pdf.set_fill_color("#000000")
        for row, spans in enumerate(modules):
            for start, stop in spans:
                self.pdf.rect(x + start * step, y + row * step, (stop - start) * step, step, style="F")
        self.pdf.link(x, y, size, size, content)

    def link(self, x: float, y: float, width: float, height: float, url: str) -> None:
        """Make an area lead to ``url``."""
        self.pdf.link(x, y, width, height, url)

    @contextmanager
    def on_page(self, number: int) -> Iterator[None]:
        """Draw on an earlier page (its number counted from 1 in the whole PDF)."""
        last = self.pdf.page
        self.pdf.page = number
        self._forget_state()
        try:
            yield
        finally:
            self.pdf.page = last
            self._forget_state()

    def _forget_state(self) -> None:
        """Make fpdf2 say font, colours and line width again: it remembers them for the PDF, not for the page."""
        self.pdf.font_family = ""
        self.pdf.draw_color = self.pdf.fill_color = None
        self.pdf.line_width = 0

    def _use(self, style: Style) -> None:
        self.pdf.set_font(typeface.FAMILY, "B" if style.is_bold else "", style.size)
        self.pdf.set_text_color(style.colour)


def printable(text: str) -> str:
    """Return ``text`` with each character that the typeface lacks shown as 〓; what is lacking is logged."""
    flat = re.sub(r"[^\S\n]", " ", text) if "\t" in text or "\r" in text or "\xa0" in text else text
    lacking = typeface.missing(flat) - {"\n"}
    if not lacking:
        return flat
    _LOG.warning("not in the typeface: %s", " ".join(f"U+{ord(char):04X}" for char in sorted(lacking)))
    return flat.translate(dict.fromkeys(map(ord, lacking), typeface.MISSING))


def _baseline(style: Style) -> float:
    return style.size * _MM_PER_POINT * _BASELINE


@lru_cache(maxsize=64)
def _modules(content: str) -> Sequence[Sequence[tuple[int, int]]]:
    """Return the dark runs of each row, at error level M and without the quiet zone."""
    rows = []
    for row in segno.make_qr(content, error="m").matrix:
        bits = "".join("1" if bit else "0" for bit in row)
        rows.append([found.span() for found in re.finditer("1+", bits)])
    return rows
