"""What an app of the demonstration is made of: who has it open, its keys, its own facts, the tables that all have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PRIVACY = (
    "What your institution agreed to share is kept here alone. It is deleted 48 hours after uninstalling."
)
SCHEMA = """
create table if not exists login (state text primary key, nonce text, verifier text, purpose text, at integer);
create table if not exists session (token text primary key, person text, sid text, ends integer);
create table if not exists installation (id text primary key, facts text, is_ended integer default 0);
create table if not exists heard (id text primary key);
"""


@dataclass(frozen=True)
class Person:
    """Whoever has the app open: ``sub`` is all that names them, the rest is what their institution agreed to."""

    sub: str
    installation: str
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name, where it was agreed to."""
        return str(self.claims.get("name") or "Somebody")

    def has(self, role: str) -> bool:
        """Tell whether they have a role at their institution."""
        return role in self.claims.get("roles", ())


@dataclass(frozen=True)
class Keys:
    """What the vendor's console gave us: paste it into the file that the app is started with."""

    issuer: str
    client_id: str
    client_secret: str
    webhook_secret: str


class NotReadyError(Exception):
    """The app has no keys yet."""


@dataclass(frozen=True)
class About:
    """What an app is: its name, what signing in asks for, its pages (path, English, Chinese), its tables."""

    name: str
    title: str
    scope: str
    places: Sequence[tuple[str, str, str]]
    schema: str


def money(amount_minor: int, currency: str) -> str:
    """Return an amount in the main unit."""
    return f"{currency} {amount_minor / 100:,.2f}"
