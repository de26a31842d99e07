"""What an app of the demonstration is made of: who has it open, its keys, its own facts, the tables that all have."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.sandbox.coins import major

TOLERANCE = 300
"""Seconds by which the clocks of a webhook's two ends may differ."""
PRIVACY = (
    "What your institution agreed to share is kept here alone. It is deleted 48 hours after uninstalling.",
    "机构同意提供的信息只保存在本应用中，卸载 48 小时后删除。",
)
SCHEMA = """
create table if not exists login (
  state text primary key, nonce text, verifier text, purpose text, client text, at integer);
create table if not exists session (token text primary key, person text, sid text, ends integer);
create table if not exists installation (
  id text primary key, facts text default '{}', client text, is_ended integer default 0);
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
    """What the vendor's console gave us: paste it into the file that the app is started with.

    ``test_client_id`` is who we are in our sandbox; it has the same secrets.
    """

    issuer: str
    client_id: str
    client_secret: str
    webhook_secret: str
    test_client_id: str = ""

    @property
    def clients(self) -> tuple[str, ...]:
        """Every name by which the product knows us."""
        return tuple(one for one in (self.client_id, self.test_client_id) if one)

    def client(self, named: str) -> str:
        """Return the one of our names that the product used, the public one where it used none of them."""
        return named if named in self.clients else self.client_id


def is_signed(secret: str, given: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a webhook was signed with this secret, a short while ago."""
    stamp = given.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(time.time() - int(stamp)) > TOLERANCE:
        return False
    signed = f"{given.get('webhook-id', '')}.{stamp}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(one, wanted) for one in given.get("webhook-signature", "").split())


class NotReadyError(Exception):
    """The app has no keys yet."""


@dataclass(frozen=True)
class About:
    """What an app is: its name, what signing in asks for, its pages (path, English, Chinese), its tables."""

    name: str
    title: str
    title_zh: str
    scope: str
    places: Sequence[tuple[str, str, str]]
    schema: str


def money(amount_minor: int, currency: str) -> str:
    """Return an amount in the main unit."""
    return f"{currency} {major(amount_minor, currency):,}"
