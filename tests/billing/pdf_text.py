"""Read the text of our own PDFs back, through the maps that let a reader's program search and copy it."""

import re
import zlib

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/F(\d) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj", re.DOTALL)
_ESCAPES = {b"\\r": b"\r", b"\\n": b"\n"}


def streams(pdf: bytes) -> list[bytes]:
    """Unpack what is packed; a last byte that looks like a line's end may be missing, and is only a checksum's."""
    found = []
    for body in _STREAM.findall(pdf):
        try:
            found.append(zlib.decompressobj().decompress(body))
        except zlib.error:
            found.append(body)
    return found


def _maps(contents: list[bytes]) -> list[dict[int, str]]:
    return [
        {
            int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be")
            for code, text in re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", content)
        }
        for content in contents
        if b"beginbfchar" in content
    ]


def _unescape(text: bytes) -> bytes:
    return re.sub(rb"\\.", lambda found: _ESCAPES.get(found[0], found[0][1:]), text, flags=re.DOTALL)


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page, one drawn line per line."""
    contents = streams(pdf)
    maps = _maps(contents)
    read = []
    for content in contents:
        if b" Tj" not in content:
            continue
        lines, font = [], 0
        for number, shown in _SHOWN.findall(content):
            if number:
                font = int(number) - 1
                continue
            codes = _unescape(shown)
            pairs = zip(codes[::2], codes[1::2], strict=True)
            lines.append("".join(maps[font][high << 8 | low] for high, low in pairs))
        read.append("\n".join(lines))
    return read
