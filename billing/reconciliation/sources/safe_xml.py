"""XML of strangers, read as it streams: no document type, no entities, bounded in size, depth and text.

Expat does not fetch anything by itself; here it may not even be told of a document type, which is what entity bombs
and outside references need.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from billing.reconciliation.sources.contract import StatementRefused
from ui.i18n import t

_CHUNK = 64 * 1024
MOST_BYTES = 500_000_000
_MOST_DEPTH = 40
_MOST_TEXT = 10_000


@dataclass(slots=True)
class Element:
    """One element of a part: local name, attributes, text, children. ``row`` is the line it begins in."""

    name: str
    attributes: dict[str, str]
    row: int
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def child(self, *names: str) -> "Element | None":
        """Return the first element down a path of local names."""
        here: Element | None = self
        for name in names:
            here = next((c for c in here.children if c.name == name), None) if here else None
        return here

    def all(self, name: str) -> list["Element"]:
        """Return the direct children of that name."""
        return [child for child in self.children if child.name == name]

    def value(self, *names: str) -> str:
        """Return the text down a path, empty when there is none."""
        found = self.child(*names)
        return found.text.strip() if found else ""


class Reader:
    """Hands out the wanted parts one by one and forgets them; ``root`` is (namespace, local name) of the document."""

    def __init__(self, file: IO[bytes], is_part: Callable[[list[str]], bool]) -> None:
        self._file, self._is_part, self._read = file, is_part, 0
        self._is_over = False
        self._path: list[str] = []
        self._open: list[Element] = []
        self.root = ("", "")
        self.done: list[tuple[list[str], Element]] = []
        parser = expat.ParserCreate(namespace_separator="\n")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        self._parser = parser

    def advance(self) -> bool:
        """Read one piece of the file; ``False`` at its end. What became whole is in ``done``."""
        if self._is_over:
            return False
        chunk = self._file.read(_CHUNK)
        self._read += len(chunk)
        if self._read > MOST_BYTES:
            raise StatementRefused("large", t("The document is too large."))
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            text = t("Row {row}: this is not well-formed XML. The file may be cut off.", row=error.lineno)
            raise StatementRefused("xml", text) from None
        self._is_over = not chunk
        return bool(chunk)

    def _doctype(self, *_: object) -> None:
        raise StatementRefused(
            "doctype", t("The document declares a document type or entities; it is not read.")
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition("\n")
        if not self._path:
            self.root = (namespace, local)
        self._path.append(local)
        if len(self._path) > _MOST_DEPTH:
            raise StatementRefused("deep", t("The document is nested too deeply."))
        if self._open or self._is_part(self._path):
            made = Element(
                local,
                {k.rpartition("\n")[2]: v for k, v in attributes.items()},
                self._parser.CurrentLineNumber,
            )
            if self._open:
                self._open[-1].children.append(made)
            self._open.append(made)

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text
            if len(self._open[-1].text) > _MOST_TEXT:
                raise StatementRefused("text", t("An element holds more text than is read."))

    def _end(self, _name: str) -> None:
        if self._open:
            whole = self._open.pop()
            if not self._open:
                self.done.append((list(self._path), whole))
        self._path.pop()
