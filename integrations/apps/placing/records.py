"""Records of ours that apps are opened on and that things of apps are kept at. Industries tell theirs, as data."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from tenants.actor import Actor

COURSE = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseSection"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as whoever has it open may see it. ``href`` is its page, from ``/t/{tenant}`` on."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a record: a learner is an account, whoever teaches is a person (``id``).

    ``is_named`` is whether tools may learn the name; where nobody has agreed to it they know a subject alone.
    """

    id: UUID
    name: str
    email: str = ""
    is_learner: bool = True
    is_named: bool = True


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody from outside the staff at a record of this ``title``, on behalf of one learner (an account).

    ``is_learner`` is whether they work as that learner; others look on (LTI: a mentor). ``name`` is the learner's,
    where tools may know it.
    """

    learner_id: UUID
    title: str
    is_learner: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Visitors:
    """Who opens tools at a record without being on the staff: learners and their families.

    The institution lets them in per app, by a ``role`` that it ticks like those of its staff. ``admit`` returns how a
    person may open things at a record (second) for a learner (third) now, or raises what is wrong; it needs no open
    scope.
    """

    role: str
    label: str
    scenario: str
    admit: Callable[[Actor, UUID, UUID], Awaitable[Visitor]]


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record that education tools work in.

    ``permission`` opens its page, ``find`` returns it for somebody who may see it and ``None`` for anybody else,
    ``members`` lists who is in it, in the tenant's open scope. ``scope`` is what an app needs to learn of it.
    """

    key: str
    permission: str
    find: Callable[[Actor, UUID], Awaitable[Record | None]]
    members: Callable[[UUID], Awaitable[list[Member]]]
    scope: str = "accounts"
    context_type: str = COURSE
    visitors: Visitors | None = None


KINDS: dict[str, RecordKind] = {}
_PLAIN = {"bill": "bills", "account": "accounts", "payment": "payments"}
"""Records that an app may be opened on, though nothing is kept there."""


def add_record_kind(kind: RecordKind) -> None:
    """Let things of apps be kept at a kind of record; safe to call again."""
    KINDS[kind.key] = kind


def scope_of(kind: str) -> str | None:
    """Return what an app needs to be opened on such a record; ``None`` where none can be."""
    return KINDS[kind].scope if kind in KINDS else _PLAIN.get(kind)


def visitor_roles(scenarios: Iterable[str]) -> dict[str, str]:
    """Return the roles of visitors at institutions of these industries, with their labels."""
    here = set(scenarios)
    found = [kind.visitors for kind in KINDS.values() if kind.visitors]
    return {one.role: one.label for one in found if one.scenario in here}
