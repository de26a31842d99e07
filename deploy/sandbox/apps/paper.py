"""PDFs of the apps: a heading, facts, lines and a total, in a font that has Chinese."""

from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF

FONTS = Path(__file__).parents[3] / "billing" / "receipts" / "fonts"


def sheet(
    title: str,
    facts: Sequence[tuple[str, str]],
    lines: Sequence[tuple[str, str]] = (),
    text: str = "",
    foot: str = "",
    *,
    is_red: bool = False,
) -> bytes:
    """Return one A4 page or more."""
    pdf = FPDF(format="A4")
    pdf.set_margins(20, 20)
    pdf.add_page()
    _use_font(pdf)
    pdf.set_text_color(*((180, 0, 0) if is_red else (0, 0, 0)))
    pdf.set_font_size(20)
    pdf.multi_cell(0, 12, title, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font_size(11)
    for label, value in facts:
        pdf.cell(55, 8, label)
        pdf.multi_cell(0, 8, value, new_x="LMARGIN", new_y="NEXT")
    if text:
        pdf.ln(4)
        pdf.multi_cell(0, 7, text, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    for label, value in lines:
        pdf.cell(120, 8, label, border="B")
        pdf.cell(0, 8, value, border="B", align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(8)
    pdf.set_font_size(9)
    pdf.multi_cell(0, 6, foot, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _use_font(pdf: FPDF) -> None:
    found = sorted(FONTS.glob("*.ttf")) if FONTS.exists() else []
    if found:
        pdf.add_font("paper", fname=str(found[0]))
        pdf.set_font("paper")
    else:
        pdf.set_font("helvetica")
