"""What can be asked for about an institution, as data: who may ask when, what is typed, what is then done."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from tenants.actor import Actor
from tenants.models import BankRequest, Tenant
from ui.i18n import N_, Text

Facts = dict[str, Any]
Freeze = Callable[[BaseModel], Facts]
Seen = Callable[[Tenant], Facts]
Do = Callable[[Actor, Tenant, BankRequest], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One act that one person asks for and another decides.

    ``freeze`` turns what was typed into what will be done, encrypted where it is secret. ``seen`` is what the act
    rests on: once that has changed, the request is void. ``has_cooling`` lets the bank's days pass before it is done.
    ``options`` are what a field can be chosen from, ``choose`` those that depend on the institution (where there are
    none, the field is not asked for). ``told`` says what is frozen in words where its own do not, ``present`` what is
    so now beside what was seen, for whoever decides; facts in ``HIDDEN`` are not shown.
    """

    key: str
    name: str
    hint: str
    form: type[BaseModel]
    statuses: frozenset[str]
    freeze: Freeze
    seen: Seen
    do: Do
    has_cooling: bool = False
    tells_contact: bool = False
    options: Mapping[str, Sequence[tuple[str, Text]]] = field(default_factory=dict)
    told: Callable[[Tenant, Facts], list[tuple[str, str]]] | None = None
    present: Callable[[Tenant, Facts], Awaitable[Facts]] | None = None
    choose: Callable[[Tenant], Awaitable[Mapping[str, Sequence[tuple[str, Text | str]]]]] | None = None

    async def choices(self, tenant: Tenant) -> dict[str, Sequence[tuple[str, Text | str]]]:
        """Return what each field can be chosen from, about this institution."""
        return {**self.options, **(await self.choose(tenant) if self.choose else {})}


HIDDEN = frozenset({"secret", "index", "replaces"})
KINDS: dict[str, Kind] = {}
REQUEST_STATUSES: Mapping[str, str] = {
    "asked": N_("To be decided"),
    "approved": N_("Approved, cooling off"),
    "done": N_("Done"),
    "refused": N_("Refused"),
    "withdrawn": N_("Withdrawn"),
    "void": N_("Void: something changed meanwhile, or nobody decided in time"),
}


def add_kind(kind: Kind) -> None:
    """Let this be asked for; rooms above add what is theirs. Safe to call again."""
    KINDS[kind.key] = kind


def offered(tenant: Tenant) -> list[Kind]:
    """Return what can be asked for about an institution as it stands."""
    return [kind for kind in KINDS.values() if tenant.status in kind.statuses]
