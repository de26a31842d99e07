"""The fees a scenario starts its tenants with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class FeeTemplate:
    """A fee item as provisioned. ``document(currency)`` returns its first rule, or ``None`` to be drafted later.

    That rule is in force from the first day, or, with ``is_in_force`` false, waits as a draft for somebody of the
    institution to look at it and put it into force: a published tariff of one institution is not yet another's.
    """

    key: str
    names: Mapping[str, str]
    account_kinds: tuple[str, ...]
    kind: Literal["charge", "late_fee"] = "charge"
    document: Callable[[str], dict[str, Any] | None] = lambda currency: None  # noqa: ARG005
    is_in_force: bool = True
    is_voluntary: bool = False
    """Whoever is billed for it may decline it, and what stays unpaid lapses on its due day."""


TEMPLATES: dict[str, tuple[FeeTemplate, ...]] = {}


def register(scenario: str, templates: tuple[FeeTemplate, ...]) -> None:
    """Make a scenario's fees known; safe to call again."""
    TEMPLATES[scenario] = templates
