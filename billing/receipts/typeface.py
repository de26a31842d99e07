"""The printed typeface, parsed once per process.

fpdf2 reads the font files for each document and cuts all of their 7,800 glyphs down when it writes: an eighth
of a second. Here a face is parsed once; each document gets a light copy of the result, and at the end a font
that already holds only the glyphs it used, so that reading and cutting take 7 ms.
"""

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock

from fontTools.ttLib import TTFont, newTable  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont

FAMILY = "noto"
MISSING = "〓"
"""Printed for a character that the typeface lacks: the mark that Chinese printers use for a missing sort."""

_FOLDER = Path(__file__).parent / "fonts"
_FILES = {"": "NotoSansSC-Regular.ttf", "B": "NotoSansSC-Bold.ttf"}
_SHARED = (
    *("type", "ttffile", "is_compressed", "is_cff", "is_cid_keyed", "is_symbol", "cff_ros", "fontkey"),
    *("collection_font_number", "scale", "name", "up", "ut", "sp", "ss", "emphasis", "cmap", "cw"),
    *("glyph_ids", "palette_index", "color_font"),
)
_COPIED_TABLES = ("head", "hhea", "maxp", "post")
_parsing = Lock()


def equip(pdf: FPDF) -> None:
    """Give ``pdf`` the regular and the bold face."""
    for number, style in enumerate(_FILES, start=1):
        font = _copy_of(_master(style), number)
        pdf.fonts[font.fontkey] = font


def finish(pdf: FPDF) -> bytes:
    """Return the finished PDF with just the glyphs that were used."""
    for style in _FILES:
        font = pdf.fonts[f"{FAMILY}{style}"]
        if isinstance(font, TTFFont):
            font.ttfont = _cut(_master(style).ttfont, set(font.subset.get_all_glyph_names()))
    return bytes(pdf.output())


@cache
def repertoire() -> frozenset[int]:
    """Return the code points that can be printed."""
    return frozenset(_master("").cmap)


def advances(style: str) -> Mapping[int, float]:
    """Return the width of each code point in thousandths of the size; ``style`` is ``""`` or ``"B"``."""
    return _master(style).cw


def missing(text: str) -> set[str]:
    """Return the characters of ``text`` that cannot be printed."""
    return {char for char in text if ord(char) not in repertoire()}


def _master(style: str) -> TTFFont:
    with _parsing:
        return _parse(style)


@cache
def _parse(style: str) -> TTFFont:
    font = TTFFont(FPDF(), _FOLDER / _FILES[style], f"{FAMILY}{style}", style)
    font.ttfont["glyf"].glyphs  # noqa: B018 - read now, while only one thread is here
    for table in _COPIED_TABLES:
        font.ttfont[table].tableTag  # noqa: B018
    return font


def _copy_of(master: TTFFont, number: int) -> TTFFont:
    font = TTFFont.__new__(TTFFont)
    for attribute in _SHARED:
        setattr(font, attribute, getattr(master, attribute))
    font.i = number
    font._hbfont = None  # noqa: SLF001 - no shaping is used
    font.biggest_size_pt = 0
    font.missing_glyphs = []
    font.desc = copy.copy(master.desc)
    font.subset = SubsetMap(font)
    return font


def _cut(master: TTFont, names: set[str]) -> TTFont:
    """Return a font of the ``names`` alone, sharing the unparsed outlines with ``master``."""
    order = sorted(names | {".notdef"}, key=master.getGlyphID)
    font = TTFont(recalcBBoxes=False, recalcTimestamp=False)
    font.setGlyphOrder(order)
    for tag in _COPIED_TABLES:
        font[tag] = copy.deepcopy(master[tag])
    font["loca"] = newTable("loca")
    font["hmtx"] = newTable("hmtx")
    font["hmtx"].metrics = {name: master["hmtx"].metrics[name] for name in order}
    font["glyf"] = newTable("glyf")
    font["glyf"].glyphs = {name: master["glyf"].glyphs[name] for name in order}
    font["glyf"].glyphOrder = order
    return font
