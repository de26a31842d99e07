"""The code of a ticket, signed so that a gate without a network knows it: Ed25519 over the few facts a gate needs.

Each institution has a key of its own, derived from the house's secret; gates know its public half. A code says which
ticket it is and which issue of it (a change of slot makes a new one, and the old is on the list of those revoked), at
which site, from when until when, for how many people and entries.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scenarios.tourism.models import Ticket
from tenants.runtime import runtime

PREFIX = "T1."
_FACTS = struct.Struct(">16sB4s4sIIBBB")
_SIGNATURE = 64
_MOST = 255
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says. ``site`` and ``product`` are the last four bytes of their ids."""

    ticket_id: UUID
    serial: int
    site: bytes
    product: bytes
    valid_from: datetime
    valid_until: datetime
    uses: int
    uses_per_day: int
    people: int


def code_of(ticket: Ticket) -> str:
    """Return the text of a ticket's QR code."""
    facts = _FACTS.pack(
        ticket.id.bytes,
        ticket.serial % (_MOST + 1),
        short(ticket.site_id),
        short(ticket.product_id),
        int(ticket.valid_from.timestamp()) // _MINUTE,
        int(ticket.valid_until.timestamp()) // _MINUTE,
        min(ticket.uses, _MOST),
        min(ticket.uses_per_day, _MOST),
        min(ticket.people, _MOST),
    )
    raw = facts + _key(ticket.tenant_id).sign(facts)
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_code(tenant_id: UUID, text: str) -> Code | None:
    """Return what a code of this institution says; ``None`` for anything that it has not signed."""
    try:
        raw = base64.b64decode(_padded(text.strip().removeprefix(PREFIX)), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if not text.strip().startswith(PREFIX) or len(raw) != _FACTS.size + _SIGNATURE:
        return None
    try:
        _public(tenant_id).verify(raw[_FACTS.size :], raw[: _FACTS.size])
    except InvalidSignature:
        return None
    ticket, serial, site, product, since, until, uses, per_day, people = _FACTS.unpack(raw[: _FACTS.size])
    valid = datetime.fromtimestamp(since * _MINUTE, UTC), datetime.fromtimestamp(until * _MINUTE, UTC)
    return Code(UUID(bytes=ticket), serial, site, product, valid[0], valid[1], uses, per_day, people)


def public_key(tenant_id: UUID) -> str:
    """Return the public half of an institution's key: 32 bytes in base64."""
    raw = _public(tenant_id).public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def short(row_id: UUID) -> bytes:
    """Return what a code says of an id: enough to tell a site's products apart."""
    return row_id.bytes[-4:]


def _padded(text: str) -> bytes:
    return (text + "=" * (-len(text) % 4)).encode("ascii", "replace")


@lru_cache(maxsize=4096)
def _private(tenant_id: UUID, seed: bytes) -> Ed25519PrivateKey:
    del tenant_id
    return Ed25519PrivateKey.from_private_bytes(seed)


def _key(tenant_id: UUID) -> Ed25519PrivateKey:
    return _private(tenant_id, runtime().sign("tourism tickets", tenant_id.bytes))


def _public(tenant_id: UUID) -> Ed25519PublicKey:
    return _key(tenant_id).public_key()
