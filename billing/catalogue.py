"""The fees a scenario starts its tenants with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class FeeTemplate:
    """A fee item as provisioned. ``document(currency)`` returns its first rule, or ``None`` to be drafted later."""

    key: str
    names: Mapping[str, str]
    account_kinds: tuple[str, ...]
    kind: Literal["charge", "late_fee"] = "charge"
    document: Callable[[str], dict[str, Any] | None] = lambda currency: None  # noqa: ARG005


TEMPLATES: dict[str, tuple[FeeTemplate, ...]] = {}


def register(scenario: str, templates: tuple[FeeTemplate, ...]) -> None:
    """Make a scenario's fees known; safe to call again."""
    TEMPLATES[scenario] = templates
