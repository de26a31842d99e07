"""What an uploaded document is, told from its bytes, and whether it is safe to keep and hand on."""

import codecs
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from enum import Enum
from pathlib import PurePosixPath

from ui.errors import Invalid
from ui.i18n import Text, t

_LONGEST_NAME = 120
_OFFICE = "application/vnd.openxmlformats-officedocument"
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*;%$`\\/]')
_ANY_TYPE = {"", "application/octet-stream"}
_ARCHIVE_ENTRIES, _ARCHIVE_UNPACKED = 5_000, 200 * 1024 * 1024
_PDF_HEAD = 1024
_PDF_ACTS = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA|SubmitForm|ImportData|GoToE)(?![A-Za-z])"
)
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_STREAM = re.compile(rb"\bstream\r?\n")
_PDF_NUMBERS = re.compile(rb"\s*\d+\s+\d+\s")
_PDF_STEP, _PEEK = 16 * 1024, 64
_PDF_UNPACKED = 50 * 1024 * 1024
_MARKUP = re.compile(
    rb"<(?:!doctype|html|svg|script|\?xml|\?php|body|iframe|head|math|object)\b", re.IGNORECASE
)
_TEXT_HEAD = 4096
_JPEG_SEGMENTS = 1000


class Kind(Enum):
    """A kind of file that may be kept: its content type and the endings that its name may have."""

    PDF = ("application/pdf", ".pdf")
    PNG = ("image/png", ".png")
    JPEG = ("image/jpeg", ".jpg", ".jpeg")
    WEBP = ("image/webp", ".webp")
    DOCX = (f"{_OFFICE}.wordprocessingml.document", ".docx")
    XLSX = (f"{_OFFICE}.spreadsheetml.sheet", ".xlsx")
    CSV = ("text/csv", ".csv")
    TEXT = ("text/plain", ".txt")

    def __init__(self, content_type: str, *endings: str) -> None:
        self.content_type = content_type
        self.endings = endings

    @property
    def accepted_types(self) -> set[str]:
        """What browsers declare for it."""
        also = {Kind.CSV: {"text/plain", "application/vnd.ms-excel"}, Kind.JPEG: {"image/jpg", "image/pjpeg"}}
        return {self.content_type} | also.get(self, set()) | _ANY_TYPE


class FileRefused(Invalid):
    """The file is not kept; the message says why."""


def clean_filename(name: str) -> str:
    """Return a name that is safe to show, to send and to save: no path, no hidden or reversing characters.

    Windows' reserved names get an underscore; a name with nothing left becomes ``document``.
    """
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    plain = " ".join(_FORBIDDEN.sub("_", shown).split()).strip(" .")
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    suffix = PurePosixPath(plain).suffix
    stem, ending = plain.removesuffix(suffix), suffix[:10].rstrip(" .")
    return (_cut(stem, _LONGEST_NAME - len(ending)) or "document") + ending


def check_name(name: str, declared_type: str, kinds: frozenset[Kind]) -> None:
    """Refuse early, by name and declared type alone, what no content could make acceptable."""
    expected = _kind_named(name)
    if expected not in kinds:
        raise FileRefused("file.kind", _only(kinds))
    declared = declared_type.split(";", maxsplit=1)[0].strip().lower()
    if expected and declared not in expected.accepted_types:
        raise _mismatch(name)


def check_content(data: bytes, name: str, declared_type: str, *, kinds: frozenset[Kind], pixels: int) -> Kind:
    """Return what ``data`` is, when it agrees with its name and declared type and cannot act when opened.

    Raises:
        FileRefused: otherwise, saying which of these failed.
    """
    check_name(name, declared_type, kinds)
    kind = _sniff(data, _kind_named(name))
    if kind is None or name_ending(name) not in kind.endings:
        raise _mismatch(name)
    if kind is Kind.PDF:
        _check_pdf(data)
    elif kind in {Kind.PNG, Kind.JPEG, Kind.WEBP}:
        _check_picture(data, kind, pixels)
    return kind


def name_ending(name: str) -> str:
    """Return the ending of ``name`` in lower case, with its dot."""
    return PurePosixPath(name).suffix.lower()


def _kind_named(name: str) -> Kind | None:
    return next((kind for kind in Kind if name_ending(name) in kind.endings), None)


def _cut(stem: str, longest: int) -> str:
    return stem[:longest].rstrip(" .")


def _only(kinds: frozenset[Kind]) -> Text:
    endings = ", ".join(kind.endings[0][1:].upper() for kind in Kind if kind in kinds)
    return t("Only these kinds of file can be kept: {kinds}.", kinds=endings)


def _mismatch(name: str) -> FileRefused:
    message = t("The content of “{name}” is not what its name says.", name=name)
    return FileRefused("file.mismatch", message)


def _sniff(data: bytes, expected: Kind | None) -> Kind | None:
    if data.startswith(b"%PDF-"):
        return Kind.PDF
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if data.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Kind.WEBP
    if data.startswith(b"PK\x03\x04"):
        return _office_kind(data)
    return expected if expected in {Kind.CSV, Kind.TEXT} and _is_plain_text(data) else None


def _office_kind(data: bytes) -> Kind | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return None
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _ARCHIVE_ENTRIES or unpacked > _ARCHIVE_UNPACKED:
        raise _unsafe(t("It grows to an unsafe size when it is opened."))
    if any("vbaproject" in name.lower() or "activex" in name.lower() for name in names):
        raise _unsafe(t("It contains macros."))
    if "word/document.xml" in names:
        return Kind.DOCX
    return Kind.XLSX if "xl/workbook.xml" in names else None


def _is_plain_text(data: bytes) -> bool:
    """Tell text from anything else. UTF-16, which spreadsheets call Unicode text, is judged as what it says."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if not _decodes(data, "utf-16"):
            return False
        data = data.decode("utf-16").encode()
    if b"\0" in data or data.startswith((b"MZ", b"#!", b"\x7fELF")) or _MARKUP.search(data[:_TEXT_HEAD]):
        return False
    return any(_decodes(data, encoding) for encoding in ("utf-8", "gb18030"))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _check_pdf(data: bytes) -> None:
    """Refuse a PDF that runs something or carries another file, also where its objects are compressed."""
    if b"%%EOF" not in data[-_PDF_HEAD:]:
        raise FileRefused("file.damaged", t("The file is damaged and cannot be opened."))
    for part in (data, *_packed_objects(data)):
        names = _PDF_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), part)
        if re.search(rb"/Encrypt(?![A-Za-z])", names):
            raise FileRefused(
                "file.protected", t("The file is protected by a password. Remove it and try again.")
            )
        if _PDF_ACTS.search(names):
            raise _unsafe(t("The PDF contains a script, an action or another file."))


def _packed_objects(data: bytes) -> Iterator[bytes]:
    """Yield what unpacks to numbered objects; pictures and fonts in the file are left packed."""
    room = _PDF_UNPACKED
    for found in _PDF_STREAM.finditer(data):
        start = found.end()
        if not _PDF_NUMBERS.match(_unpack(data, start, _PEEK)[0]):
            continue
        part, used = _unpack(data, start, room)
        room -= len(part) + used
        if room <= 0:
            raise _unsafe(t("It grows to an unsafe size when it is opened."))
        yield part


def _unpack(data: bytes, start: int, most: int) -> tuple[bytes, int]:
    """Return at most ``most`` bytes of the compressed part at ``start``, and how many bytes were read for it."""
    unpacker, pieces, size = zlib.decompressobj(), [], 0
    step = min(most, _PDF_STEP)
    for place in range(start, len(data), step):
        try:
            pieces.append(unpacker.decompress(data[place : place + step], most - size))
        except zlib.error:
            break
        size += len(pieces[-1])
        if unpacker.eof or size >= most:
            return b"".join(pieces), place + step - start
    return b"".join(pieces), 0


def _check_picture(data: bytes, kind: Kind, pixels: int) -> None:
    measure = {Kind.PNG: _png_size, Kind.JPEG: _jpeg_size, Kind.WEBP: _webp_size}[kind]
    width, height = measure(data)
    if not width or not height:
        raise FileRefused("file.damaged", t("The file is damaged and cannot be opened."))
    if width * height > pixels:
        message = t(
            "The picture has {width} × {height} points, which is too large.", width=width, height=height
        )
        raise FileRefused("file.too_many_pixels", message)


def _number(data: bytes, start: int, size: int, order: str = "big") -> int:
    return int.from_bytes(data[start : start + size], "little" if order == "little" else "big")


def _png_size(data: bytes) -> tuple[int, int]:
    return (_number(data, 16, 4), _number(data, 20, 4)) if data[12:16] == b"IHDR" else (0, 0)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header, which holds the size."""
    place = 2
    for _ in range(_JPEG_SEGMENTS):
        if place + 9 > len(data) or data[place] != 0xFF:  # noqa: PLR2004 - every marker begins so
            break
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004
            return _number(data, place + 7, 2), _number(data, place + 5, 2)
        place += 1 if marker == 0xFF else 2 + _number(data, place + 2, 2)  # noqa: PLR2004
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    form = data[12:16]
    if form == b"VP8X":
        return _number(data, 24, 3, "little") + 1, _number(data, 27, 3, "little") + 1
    if form == b"VP8L":
        bits = _number(data, 21, 4, "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 ":
        return _number(data, 26, 2, "little") & 0x3FFF, _number(data, 28, 2, "little") & 0x3FFF
    return 0, 0


def _unsafe(reason: Text) -> FileRefused:
    return FileRefused("file.unsafe", t("The file cannot be kept. {reason}", reason=reason))
