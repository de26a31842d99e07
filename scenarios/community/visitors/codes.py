"""What a pass says at the gate: a signed code that a gate without network knows, and ten letters for the telephone."""

import base64
import hashlib
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from scenarios.community.visitors.models import VisitorPass
from tenants.gates import sealed
from tenants.runtime import runtime

PREFIX = "V1."
PURPOSE = "visitor passes"
_FACTS = struct.Struct(">16sIIB")
_LETTERS = 10
_MINUTE = 60
_PLAIN = re.compile(r"[^A-Z0-9]")


@dataclass(frozen=True, slots=True)
class Code:
    """What a signed code says."""

    pass_id: UUID
    valid_from: datetime
    valid_until: datetime
    uses: int


def signed(one: VisitorPass) -> str:
    """Return the text of a pass's QR code."""
    since, until = (int(moment.timestamp()) // _MINUTE for moment in (one.valid_from, one.valid_until))
    return sealed.seal(PURPOSE, PREFIX, one.tenant_id, _FACTS.pack(one.id.bytes, since, until, one.uses))


def read(tenant_id: UUID, text: str) -> Code | None:
    """Return what a signed code of this estate says; ``None`` for anything else."""
    facts = sealed.unseal(PURPOSE, PREFIX, tenant_id, text, _FACTS.size)
    if facts is None:
        return None
    pass_id, since, until, uses = _FACTS.unpack(facts)
    return Code(UUID(bytes=pass_id), _moment(since), _moment(until), uses)


def _moment(minutes: int) -> datetime:
    return datetime.fromtimestamp(minutes * _MINUTE, UTC)


def public_key(tenant_id: UUID) -> str:
    """Return the key that a gate checks codes with."""
    return sealed.public_key(PURPOSE, tenant_id)


def letters(pass_id: UUID) -> str:
    """Return the ten letters of a pass, in two groups."""
    made = base64.b32encode(runtime().sign("visitor-pass", pass_id.bytes)).decode()[:_LETTERS]
    return f"{made[:5]}-{made[5:]}"


def tidy(text: str) -> str:
    """Return letters or a plate without what people put between."""
    return _PLAIN.sub("", text.upper())[:20]


def hash_of(text: str) -> bytes:
    """Return what is kept of the letters."""
    return hashlib.sha256(tidy(text).encode()).digest()
