"""The catalogues against the code: what lacks a translation, what nobody uses, what would not fill in.

``python -m ui.catalogues check [folder …]`` fails with a list; ``missing [folder …]`` prints a skeleton of the
translations that are still to be written. Without folders both look at every package.
"""

import ast
import string
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from ui.i18n import LOCALES, PACKAGES, ROOT, catalogue_files

SOURCE_LOCALE = "en"
_MARKS = frozenset({"t", "N_", "gettext", "_", "Text"})
_TEMPLATE = {"gettext": None, "_": None, "ngettext": (1, 2)}
_TEMPLATES = frozenset({".html", ".txt"})
_SKIPPED = frozenset({"migrations", "static", "locale", "sandbox"})
Key = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the translations, with the place to look at."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def extract(folders: Iterable[Path]) -> dict[Key, str]:
    """Return every text marked for translation in the folders, with its first place."""
    found: dict[Key, str] = {}
    for folder in folders:
        for path in _sources(folder):
            for line, key in _in_python(path) if path.suffix == ".py" else _in_template(path):
                found.setdefault(key, f"{_shown(path)}:{line}")
    return found


def _in_python(path: Path) -> Iterator[tuple[int, Key]]:
    """Find marked texts in the syntax tree, so that a mark inside another call is found too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        texts = [
            arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        if name in {"ngettext", "NN_"} and len(texts) > 1:
            yield node.lineno, (texts[0], texts[1])
        elif name in _MARKS and texts and isinstance(node.args[0], ast.Constant):
            yield node.lineno, texts[0]


def _in_template(path: Path) -> Iterator[tuple[int, Key]]:
    options = {"silent": "false", "encoding": "utf-8"}
    found = extract_from_file("jinja2.ext:babel_extract", str(path), _TEMPLATE, options=options)
    for line, message, _comments, _context in found:
        yield line, message if isinstance(message, str) else tuple(message)


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        is_source = path.suffix == ".py" or (path.suffix in _TEMPLATES and "templates" in path.parts)
        if is_source and not _SKIPPED.intersection(path.parts):
            yield path


def check(used: dict[Key, str], files: Sequence[Path], locale: str) -> list[Fault]:
    """Return what is wrong between the texts used and the catalogues of one locale."""
    faults: list[Fault] = []
    known: dict[Key, tuple[str, Path]] = {}
    for path in files:
        for message in _read(path, locale):
            key = _key(message)
            faults += _faults_of(message, path, is_used=key in used)
            faults += _conflict(known, key, str(message.string), path)
            known.setdefault(key, (str(message.string), path))
    missing = [
        Fault(place, f"no {locale} for {_first(key)!r}") for key, place in used.items() if key not in known
    ]
    return faults + missing


def _faults_of(message: Message, path: Path, *, is_used: bool) -> list[Fault]:
    place = f"{_shown(path)}:{message.lineno}"
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if message.fuzzy:
        return [Fault(place, f"fuzzy: {_first(_key(message))!r}")]
    if not all(texts):
        return [Fault(place, f"empty: {_first(_key(message))!r}")]
    faults = [] if is_used else [Fault(place, f"nobody uses {_first(_key(message))!r}")]
    wanted = parameters(_last(_key(message)))
    wrong = [text for text in texts if text and parameters(text) != wanted]
    return faults + [Fault(place, f"{text!r} needs the parameters {sorted(wanted)}") for text in wrong]


def _conflict(known: dict[Key, tuple[str, Path]], key: Key, text: str, path: Path) -> list[Fault]:
    other = known.get(key)
    if other is None or other[0] == text:
        return []
    return [Fault(_shown(path), f"{_first(key)!r} is {text!r} here and {other[0]!r} in {_shown(other[1])}")]


def parameters(text: str) -> set[str]:
    """Return the names of the ``{parameters}`` of a text; unreadable braces are a parameter of their own."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        return {f"unreadable: {error}"}


def skeleton(used: dict[Key, str], files: Sequence[Path], locale: str) -> Catalog:
    """Return a catalogue of the texts that no file translates."""
    known = {_key(message) for path in files for message in _read(path, locale)}
    catalog = Catalog(locale=locale, fuzzy=False)
    for key, place in used.items():
        if key not in known:
            name, _, line = place.rpartition(":")
            catalog.add(key, locations=[(name, int(line))])
    return catalog


def _read(path: Path, locale: str) -> list[Message]:
    with path.open("rb") as file:
        return [message for message in read_po(file, locale=locale) if message.id]


def _key(message: Message) -> Key:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def _first(key: Key) -> str:
    return key if isinstance(key, str) else key[0]


def _last(key: Key) -> str:
    return key if isinstance(key, str) else key[-1]


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the exit status."""
    command, *names = arguments or ["check"]
    folders = [ROOT / name for name in names or PACKAGES]
    everything = extract(ROOT / name for name in PACKAGES)
    for locale in LOCALES:
        if locale == SOURCE_LOCALE:
            continue
        files = catalogue_files(locale)
        if command == "missing":
            write_po(
                sys.stdout.buffer, skeleton(extract(folders), files, locale), omit_header=True, width=110
            )
            continue
        faults = [
            f for f in check(everything, files, locale) if not names or f.place.startswith(tuple(names))
        ]
        sys.stdout.writelines(f"{fault}\n" for fault in faults)
        if faults:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
