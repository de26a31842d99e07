"""Two languages from one text: English in the code is the key, catalogues carry the rest.

Each package keeps its catalogues in ``<package>/locale/<locale>/*.po``; they are read into memory at start
(no compiled files to forget). ``t()`` makes a lazy text that is translated when shown, so that services can
speak without knowing who listens.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ui", "tenants", "billing", "integrations", "scenarios", "deploy")
LOCALES = ("en", "zh_CN")
DEFAULT_LOCALE = "en"
_current: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence and its parameters, translated when it is turned into ``str``."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the sentence in the current language; parameters that are texts are translated too."""
        return gettext(self.message, **self.params)


def t(message: str, /, **params: Any) -> Text:
    """Mark ``message`` for translation and bind its ``{named}`` parameters."""
    return Text(message, params)


def texts(words: Mapping[str, str], /) -> dict[str, Text]:
    """Return marked words by key as texts, for whoever shows one of them without translating it again."""
    return {key: t(message) for key, message in words.items()}


def N_(message: str) -> str:  # noqa: N802 - the name translators' tools know
    """Mark ``message`` for translation and return it unchanged."""
    return message


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - as ``N_``, of a sentence that counts something
    """Mark a sentence for one and for many, which counts ``{n}``, and return both unchanged."""
    return one, many


def gettext(message: str, /, **params: Any) -> str:
    """Return ``message`` in the current language with ``{named}`` parameters filled in."""
    translated = _translated(_current.get(), message)
    return _filled(translated, params) if params else translated


def _filled(sentence: str, params: Mapping[str, Any]) -> str:
    """Return a sentence with its parameters; a name that ends with a full stop (Ltd.) needs none after it."""
    text = sentence.format(**params)
    if ".." in text:
        for name in {str(one) for one in params.values() if str(one).endswith(".")}:
            text = re.sub(rf"({re.escape(name)})\.(?!\.)", r"\1", text)
    return text


@lru_cache(maxsize=16384)
def _translated(locale: str, message: str) -> str:
    return str(_translations(locale).gettext(message)) if message else ""


def ngettext(one: str, many: str, n: int, /, **params: Any) -> str:
    """Return the singular or plural sentence for ``n``, which is also the parameter ``{n}``, in the reader's form."""
    locale = _current.get()
    return _translations(locale).ngettext(one, many, n).format(n=format_decimal(n, locale=locale), **params)


def current_locale() -> str:
    """Return the locale of the running request or job (``en`` or ``zh_CN``)."""
    return _current.get()


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Speak ``locale`` inside the block; an unknown one falls back to English."""
    token = _current.set(locale if locale in LOCALES else DEFAULT_LOCALE)
    try:
        yield
    finally:
        _current.reset(token)


def in_each_language(say: Callable[[], T]) -> dict[str, T]:
    """Return what is said in every language, for words that are kept and read later by others."""
    found: dict[str, T] = {}
    for locale in LOCALES:
        with use_locale(locale):
            found[locale] = say()
    return found


def negotiate(accepted: Iterable[str]) -> str:
    """Return our locale for a browser's list of language tags, best first."""
    for tag in accepted:
        language = tag.lower().split("-")[0]
        if language == "zh":
            return "zh_CN"
        if language == "en":
            return "en"
    return DEFAULT_LOCALE


def catalogue_files(locale: str) -> list[Path]:
    """Return the catalogue files of every package and scenario for ``locale``."""
    return sorted(p for package in PACKAGES for p in (ROOT / package).rglob(f"locale/{locale}/*.po"))


@cache
def _translations(locale: str) -> Translations:
    merged = Catalog(locale=Locale.parse(locale))
    for path in catalogue_files(locale):
        with path.open("rb") as file:
            for message in read_po(file, locale=locale):
                if message.id and message.string:
                    merged.add(message.id, message.string, flags=message.flags)
    binary = io.BytesIO()
    write_mo(binary, merged)
    binary.seek(0)
    return Translations(binary)
