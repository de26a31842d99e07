"""Which column of a file is which field: by exact name first, by folded name next, never by a guess."""

import difflib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tenants.tabular.kinds import Kind
from ui.errors import Invalid
from ui.i18n import LOCALES, gettext, t, use_locale

_CLOSE = 0.75


@dataclass(frozen=True)
class Field:
    """What one column may hold. ``label`` is the English text; the catalogues give its other names."""

    key: str
    label: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    is_required: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name by which the column is known: label in each language, key, aliases."""
        labels = []
        for locale in LOCALES:
            with use_locale(locale):
                labels.append(gettext(self.label))
        return (*dict.fromkeys([*labels, self.key, *self.aliases]),)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands in the file, and what could not be placed."""

    header: list[str]
    places: dict[str, int]
    """Field key → column index."""
    missing: list[Field] = field(default_factory=list)
    """Required fields without a column."""
    unknown: list[str] = field(default_factory=list)
    """Columns that no field takes; they are ignored."""
    suggestions: dict[str, str] = field(default_factory=dict)
    """Field key → unknown column with a similar name, for a person to confirm; never used by itself."""

    @property
    def is_complete(self) -> bool:
        """Whether every required field has a column."""
        return not self.missing


def fold(name: str) -> str:
    """Return ``name`` without what people vary: case, width, spaces, and marks such as ``*``, ``_`` or ``:``."""
    wide = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in wide if char.isalnum() or char in "#%")


def match_columns(header: Sequence[str], fields: Sequence[Field]) -> Columns:
    """Find the fields' columns by their names; report what is missing, unknown, and similar but not the same."""
    places: dict[str, int] = {}
    for same in (str.strip, fold):
        for spec in fields:
            names = {same(name) for name in spec.names} - {""}
            taken = set(places.values())
            found = [i for i, name in enumerate(header) if i not in taken and same(name) in names]
            if spec.key not in places and found:
                places[spec.key] = found[0]
    return _columns(header, fields, places)


def choose_columns(header: Sequence[str], fields: Sequence[Field], chosen: Mapping[str, str]) -> Columns:
    """Return the mapping that a person confirmed: field key → column name, or an empty name for none.

    Raises:
        Invalid: for a column that the file does not have, or that two fields claim.
    """
    index = {name: place for place, name in enumerate(header)}
    places: dict[str, int] = {}
    for spec in fields:
        name = chosen.get(spec.key, "")
        if not name:
            continue
        if name not in index:
            raise _wrong_choice(spec, t("The file has no column “{column}”.", column=name))
        if index[name] in places.values():
            raise _wrong_choice(spec, t("Column “{column}” is already used for another field.", column=name))
        places[spec.key] = index[name]
    return _columns(header, fields, places)


def known_names(fields: Collection[Field]) -> list[str]:
    """Return every name of every field, for ``open_table(known=…)``."""
    return [name for spec in fields for name in spec.names]


def _columns(header: Sequence[str], fields: Sequence[Field], places: dict[str, int]) -> Columns:
    unknown = [name for index, name in enumerate(header) if index not in places.values()]
    unplaced = [spec for spec in fields if spec.key not in places]
    return Columns(
        list(header),
        places,
        missing=[spec for spec in unplaced if spec.is_required],
        unknown=unknown,
        suggestions=_suggestions(unplaced, unknown),
    )


def _suggestions(unplaced: Sequence[Field], unknown: Sequence[str]) -> dict[str, str]:
    folded = {fold(name): name for name in unknown}
    close: dict[str, str] = {}
    for spec in unplaced:
        for name in spec.names:
            similar = difflib.get_close_matches(fold(name), folded, n=1, cutoff=_CLOSE)
            if similar and spec.key not in close:
                close[spec.key] = folded[similar[0]]
    return close


def _wrong_choice(spec: Field, reason: object) -> Invalid:
    text = t("{field}: {reason}", field=t(spec.label), reason=reason)
    return Invalid("table.columns", text, fields={spec.key: text})
