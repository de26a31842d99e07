"""What a scenario tells the rooms below: its kinds of account, relations and importable tables.

Scenarios register at composition; pages and jobs here read the registry and know no industry.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from tenants.actor import Actor
from ui.i18n import N_

if TYPE_CHECKING:
    from tenants.models import Account
    from tenants.tabular import Field

AttributeType = Literal["choice", "decimal", "integer", "boolean", "text"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A typed fact about an account that fee rules may use; ``label`` and choice labels are English msgids.

    One that is derived is worked out by the scenario: it is shown, and nobody is asked for it.
    """

    key: str
    label: str
    type: AttributeType
    choices: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    is_required: bool = False
    is_derived: bool = False


@dataclass(frozen=True, slots=True)
class AccountKind:
    """A kind of account (unit, shop, student): its name, plural and attributes, in English msgids.

    With ``is_by_hand`` false the general form adds none: the scenario has a form of its own (a patient), or it is
    nobody's account and only priced by its attributes (a visit).
    """

    key: str
    name: str
    plural: str
    attributes: tuple[Attribute, ...] = ()
    is_by_hand: bool = True

    @property
    def asked(self) -> tuple[Attribute, ...]:
        """Return the attributes that a form asks for."""
        return tuple(one for one in self.attributes if not one.is_derived)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why one row of an import is refused: the field's key, the value as typed and the reason."""

    number: int
    column: str
    value: str
    reason: Any


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying an import did, or would do, in rows."""

    added: int
    changed: int
    unchanged: int


class Shaped(NamedTuple):
    """What a row stands for: the record as it is staged (JSON), and what is wrong by field key."""

    record: dict[str, Any]
    problems: Sequence[tuple[str, Any]] = ()


Shape = Callable[[dict[str, Any]], Shaped]
Check = Callable[[Actor, Sequence[tuple[int, dict[str, Any]]]], Awaitable[list[RowProblem]]]
Apply = Callable[[Actor, UUID], Awaitable[Applied]]


@dataclass(frozen=True, slots=True)
class ImportSpec:
    """A table an institution may import.

    Each row goes this way: its cells become values by ``fields``; ``shape(values)`` says what they stand for
    together; ``check(actor, [(row number, record)])`` finds what only the database knows, in batches; accepted
    records are staged. Then ``compare(actor, import_id)`` counts what would happen, and ``apply`` does it,
    set-based, in one transaction, and safe to repeat.

    A record's ``number`` is what tells it from all others; ``natural_key`` names the fields that it is made of, of
    which the last is where a repeat is reported. ``example`` rows, by field key, fill the template that people
    download. ``tenants.imports.upsert`` does most of this for tables of accounts and holders.
    """

    kind: str
    name: str
    fields: tuple[Field, ...]
    natural_key: tuple[str, ...]
    shape: Shape
    compare: Apply
    apply: Apply
    check: Check | None = None
    example: tuple[Mapping[str, str], ...] = ()
    permission: str = ""
    """What else than importing somebody must be allowed; such an import also asks for a fresh sign-in."""


@dataclass(frozen=True, slots=True)
class FirstStep:
    """Something to do on the way to the first money, in English msgids, and where in the console.

    ``done`` is an SQL condition over the institution's own rows, whose ``$1`` is the institution; ``permission`` is
    what it takes to do it.
    """

    title: str
    text: str
    path: str
    permission: str
    done: str


@dataclass(frozen=True, slots=True)
class ScenarioKinds:
    """Everything the lower rooms know of one scenario. ``relations`` maps holder relations to msgids.

    ``number_hint`` says what account numbers look like, ``place_name`` what their place is called (a class) and
    ``place_hint`` what to type there, in English msgids.
    ``tidy`` writes an account number that somebody typed as the scenario's imports write it, so that both mean the
    same account. ``added`` keeps what is the scenario's own of an account that was added by hand.
    ``quantities`` are the numbers of a month that its fee rules may charge by: name and English msgid.
    ``first_steps`` stand in place of bringing accounts in and billing them, where the scenario is paid otherwise.
    """

    key: str
    name: str
    account_kinds: tuple[AccountKind, ...]
    relations: Mapping[str, str]
    imports: tuple[ImportSpec, ...] = ()
    tidy: Callable[[str], str] = str.strip
    added: Callable[[Account], Awaitable[None]] | None = None
    number_hint: str = ""
    place_name: str = N_("Place")
    place_hint: str = N_("Where it is, so that lists and reports can bring neighbours together.")
    quantities: Mapping[str, str] = field(default_factory=dict)
    first_steps: tuple[FirstStep, ...] = ()


SCENARIOS: dict[str, ScenarioKinds] = {}


def register(kinds: ScenarioKinds) -> None:
    """Make a scenario known to the rooms below; safe to call again."""
    SCENARIOS[kinds.key] = kinds


def account_kind(scenario: str, key: str) -> AccountKind | None:
    """Return the kind of account, or ``None`` for one that the scenario no longer has."""
    return next((kind for kind in SCENARIOS[scenario].account_kinds if kind.key == key), None)


def place_name(scenarios: Sequence[str]) -> str:
    """Return what the place of an account is called where these scenarios are, as an English msgid."""
    names = {SCENARIOS[key].place_name for key in scenarios if key in SCENARIOS}
    return names.pop() if len(names) == 1 else N_("Place")


GENERAL_IMPORTS: dict[str, ImportSpec] = {}
"""Tables that any institution may import, whatever its scenarios."""


def register_import(spec: ImportSpec) -> None:
    """Let every institution import this table; safe to call again."""
    GENERAL_IMPORTS[spec.kind] = spec


def import_spec(kind: str) -> ImportSpec | None:
    """Return the importable table named ``kind``."""
    known = (spec for s in SCENARIOS.values() for spec in s.imports if spec.kind == kind)
    return next(known, None) or GENERAL_IMPORTS.get(kind)
