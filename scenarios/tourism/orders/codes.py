"""The code of a ticket, signed so that a gate without a network knows it: Ed25519 over the few facts a gate needs.

Each institution has a key of its own, derived from the house's secret; gates know its public half. A code says which
ticket it is and which issue of it (a change of slot makes a new one, and the old is on the list of those revoked), at
which site, from when until when, for how many people and entries.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from scenarios.tourism.models import Ticket
from tenants.gates import sealed

PREFIX = "T1."
PURPOSE = "tourism tickets"
_FACTS = struct.Struct(">16sB4s4sIIBBB")
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
    return sealed.seal(PURPOSE, PREFIX, ticket.tenant_id, facts)


def read_code(tenant_id: UUID, text: str) -> Code | None:
    """Return what a code of this institution says; ``None`` for anything that it has not signed."""
    facts = sealed.unseal(PURPOSE, PREFIX, tenant_id, text, _FACTS.size)
    if facts is None:
        return None
    ticket, serial, site, product, since, until, uses, per_day, people = _FACTS.unpack(facts)
    valid = datetime.fromtimestamp(since * _MINUTE, UTC), datetime.fromtimestamp(until * _MINUTE, UTC)
    return Code(UUID(bytes=ticket), serial, site, product, valid[0], valid[1], uses, per_day, people)


def public_key(tenant_id: UUID) -> str:
    """Return the public half of an institution's key: 32 bytes in base64."""
    return sealed.public_key(PURPOSE, tenant_id)


def short(row_id: UUID) -> bytes:
    """Return what a code says of an id: enough to tell a site's products apart."""
    return row_id.bytes[-4:]
