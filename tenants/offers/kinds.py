"""The kinds of offer, as data: rooms above say what each holds, how it reads and what taking it does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.actor import Actor
from ui.i18n import LOCALES, current_locale

Content = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a version says; ``key`` is the same in the next version, so that the two can be compared."""

    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What a new offer begins with."""

    key: str
    scenario: str
    content: dict[str, Any]
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class OfferKind:
    """One kind.

    ``sources(actor)`` are what a new offer can begin from (value and words), ``begin(actor, source)`` its first
    content, ``renew(actor, begun)`` that of the next version. ``lines`` read a content in the reader's language.
    ``apply(actor, content, before)`` does in the open scope of an institution what taking means there, knowing what
    the version before had made, and returns what it has made; ``leads(result)`` is where that is, below the
    institution's root. ``edit`` is the page of the bank's console on which a draft is written, below the offer's.
    """

    key: str
    name: str
    hint: str
    permission: str
    sources: Callable[[Actor], Awaitable[Sequence[tuple[str, str]]]]
    begin: Callable[[Actor, str], Awaitable[Begun]]
    renew: Callable[[Actor, Begun], Awaitable[Begun]]
    lines: Callable[[Content], list[Line]]
    apply: Callable[[Actor, Content, Result], Awaitable[Result]]
    leads: Callable[[Result], tuple[str, str]]
    edit: str = ""
    missing: Callable[[Content], str] = lambda content: ""  # noqa: ARG005
    """What is still missing before a draft can be published, in words; empty where nothing is."""


KINDS: dict[str, OfferKind] = {}


def add_kind(kind: OfferKind) -> None:
    """Let this be offered; safe to call again."""
    KINDS[kind.key] = kind


@dataclass(frozen=True, slots=True)
class Change:
    """A line that differs between two versions; empty where one of them does not have it."""

    label: str
    before: str
    after: str


def changes(before: Sequence[Line], after: Sequence[Line]) -> list[Change]:
    """Return what is other in the newer version: changed and new lines in its order, then those that are gone."""
    old, new = {line.key: line for line in before}, {line.key for line in after}
    found = [
        Change(line.label, old[line.key].text if line.key in old else "", line.text)
        for line in after
        if line.key not in old or old[line.key].text != line.text
    ]
    return [*found, *(Change(line.label, line.text, "") for line in before if line.key not in new)]


def called(names: Mapping[str, str]) -> str:
    """Return a name in the reader's language."""
    return names.get(current_locale()) or next((names[code] for code in LOCALES if names.get(code)), "")
