"""What acts of the audit trail are called and how their facts read: each package tells the words of its own acts.

A fact is shown by its own rule when one is told for it, else by its name: ``*_minor`` is money, what looks like a
day or a moment is one. A fact without a label still shows under its plain name, so that nothing is hidden.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tenants import kinds
from ui import formats
from ui.i18n import DEFAULT_LOCALE, LOCALES, Text, current_locale, gettext

Show = Callable[[Any, str], str]
_MINOR = "_minor"
_NOTHING = "–"
_LONG = re.compile(r"-?\d+\.\d{3,}")
"""A quantity as the database writes it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """How one fact is shown: its label, the words of its codes, or ``show(value, currency)``.

    The label is an English msgid; an empty one means that the fact is for machines and is not shown.
    """

    label: str
    words: Mapping[str, Text | str] = field(default_factory=dict)
    show: Show | None = None


_acts: dict[str, str] = {}
_facts: dict[str, Fact] = {}
_subjects: dict[str, Callable[[str], str]] = {}
_labels: dict[str, str] = {}
_names: set[str] = set()


def tell(
    acts: Mapping[str, str],
    facts: Mapping[str, Fact] | None = None,
    subjects: Mapping[str, Callable[[str], str]] | None = None,
) -> None:
    """Give acts their words (English msgids) and facts their labels; safe to call again.

    A fact's key is its name, or ``subject_kind.name`` where the same name means something else. ``subjects`` write
    out the kept labels of some kinds of subject for the reader.
    """
    _acts.update(acts)
    _facts.update(facts or {})
    _subjects.update(subjects or {})


def tell_labels(labels: Mapping[str, str]) -> None:
    """Give names that many facts share a label (an English msgid), for those that are not told one of their own."""
    _labels.update(labels)


def tell_name(name: str) -> None:
    """Have ``name`` (an English msgid) read in the reader's language: it stands for whoever acts without a name."""
    _names.add(name)


def name_text(name: str) -> str:
    """Return who acted; people keep the name they have."""
    return gettext(name) if name in _names else name


def acts() -> Mapping[str, str]:
    """Return every act that has words."""
    return _acts


def act_text(act: str) -> str:
    """Return what was done, in the reader's language."""
    return gettext(_acts[act]) if act in _acts else _spaced(act)


def subject_text(kind: str, label: str) -> str:
    """Return whom or what an act was about, in the reader's language."""
    return _subjects[kind](label) if kind in _subjects else label


def acts_like(words: str) -> list[str]:
    """Return the acts whose words, as the reader sees them, contain ``words``."""
    wanted = words.casefold()
    return [act for act in _acts if wanted and wanted in act_text(act).casefold()]


def has_label(subject_kind: str, name: str) -> bool:
    """Tell whether a fact has been given a label, or is known to be for machines."""
    return _rule(subject_kind, name) is not None or _attribute(name) is not None


def changes(
    subject_kind: str, before: Mapping[str, Any], after: Mapping[str, Any], currency: str = ""
) -> list[str]:
    """Return what an act changed, fact by fact: ``State: Issued → Void``.

    What is empty, or the same on both sides, is left out. ``currency`` is for amounts that name none.
    """
    coin = str(after.get("currency") or before.get("currency") or currency)
    return list(_told(subject_kind, before, after, coin))


def _told(kind: str, before: Mapping[str, Any], after: Mapping[str, Any], currency: str) -> Iterator[str]:
    for name in {**before, **after}:
        rule = _rule(kind, name)
        if (rule and not rule.label) or (name in before and name in after and before[name] == after[name]):
            continue
        sides = [_shown(rule, name, side[name], currency) for side in (before, after) if name in side]
        if not any(sides):
            continue
        shown = " → ".join(dict.fromkeys(side or _NOTHING for side in sides))
        yield gettext("{label}: {shown}", label=_label(rule, name), shown=shown)


def fact(kind: str, name: str, value: Any, currency: str, rule: Fact | None = None) -> list[str]:
    """Return one fact with its label, or nothing where it is empty or for machines; by a rule of its own if given."""
    known = rule or _rule(kind, name)
    shown = "" if known and not known.label else _shown(known, name, value, currency)
    return [gettext("{label}: {shown}", label=_label(known, name), shown=shown)] if shown else []


def _rule(kind: str, name: str) -> Fact | None:
    return _facts.get(f"{kind}.{name}") or _facts.get(name)


def _label(rule: Fact | None, name: str) -> str:
    known = None if rule else _attribute(name)
    label = rule.label if rule else known.label if known else _labels.get(name, "")
    return gettext(label) if label else _spaced(name.removesuffix(_MINOR))


def _attribute(name: str) -> kinds.Attribute | None:
    """Return the attribute of accounts of this name, in any scenario."""
    every = (kind for scenario in kinds.SCENARIOS.values() for kind in scenario.account_kinds)
    return next((one for kind in every for one in kind.attributes if one.key == name), None)


def _shown(rule: Fact | None, name: str, value: Any, currency: str) -> str:
    if value is None or value == "":
        return ""
    if rule and rule.show:
        return rule.show(value, currency)
    if name.endswith(_MINOR) and isinstance(value, int) and currency:
        return formats.money(value, currency)
    return plain(value, rule.words if rule else {}, currency)


def plain(value: Any, words: Mapping[str, Text | str] | None = None, currency: str = "") -> str:
    """Return any value for a reader: yes or no, numbers, days and moments in their form, lists, names.

    What is inside has labels and money as facts have; its amounts are in ``currency``.
    """
    known = words or {}
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, int):
        return formats.number(value)
    if isinstance(value, Mapping):
        return _mapping(value, known, currency)
    if isinstance(value, list | tuple):
        return _listed(plain(each, known, currency) for each in value)
    text = str(value)
    return _word(known[text]) if text in known else _moment(text)


def _mapping(value: Mapping[str, Any], words: Mapping[str, Text | str], currency: str) -> str:
    if value and set(value) <= set(LOCALES):
        return str(value.get(current_locale()) or value.get(DEFAULT_LOCALE) or "")
    return _listed(
        f"{_word(words[key]) if key in words else _label(None, key)} {_inner(key, each, words, currency)}"
        for key, each in value.items()
    )


def _inner(name: str, value: Any, words: Mapping[str, Text | str], currency: str) -> str:
    if name.endswith(_MINOR) and isinstance(value, int) and currency:
        return formats.money(value, currency)
    if not isinstance(value, str):
        return plain(value, words, currency)
    known = _attribute(name)
    if known and value in known.choices:
        return gettext(known.choices[value])
    if value in {"true", "false"}:
        return plain(value == "true")
    return formats.number(Decimal(value).normalize()) if _LONG.fullmatch(value) else plain(value, words)


def _listed(parts: Iterable[str]) -> str:
    return ("、" if current_locale() == "zh_CN" else ", ").join(parts)


def _word(word: Text | str) -> str:
    return str(word) if isinstance(word, Text) else gettext(word)


def _moment(text: str) -> str:
    """Return an ISO day or moment in the reader's form, and any other text as it is."""
    try:
        if len(text) == len("2026-01-31"):
            return formats.date_text(date.fromisoformat(text))
        return formats.datetime_text(datetime.fromisoformat(text)) if text[10:11] == "T" else text
    except ValueError:
        return text


def _spaced(name: str) -> str:
    return name.replace("_", " ").replace(".", " ").capitalize()
