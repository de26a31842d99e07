"""The exact bytes that are hashed and signed: JSON arrays, ASCII, no blanks, integers and texts alone.

Times are microseconds since 1970 (UTC), hashes and keys are lower-case hexadecimal.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

AUDIT, SEAL, LINK = "scenario-cloud.audit.v1", "scenario-cloud.audit-seal.v1", "scenario-cloud.audit-link.v1"
FIELDS = (
    *("id", "tenant_id", "bank_id", "act", "person_id", "person_name", "subject_kind", "subject_id"),
    *("subject_label", "before", "after", "ip", "request_id", "created_at"),
)
"""What of a row of the trail is sealed: all of it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Header:
    """What the hash and the signature of a seal cover; of a link too, where ``count`` is one and ``root`` a seal."""

    kind: str
    place: str
    number: int
    sealed_at: int
    count: int
    root: bytes
    previous: bytes

    def content(self) -> bytes:
        """Return the bytes that are hashed and signed."""
        hashes = [self.root.hex(), self.previous.hex()]
        return as_bytes([self.kind, self.place, self.number, self.sealed_at, self.count, *hashes])

    def hash(self) -> bytes:
        """Return the hash, which the next one in the chain names."""
        return hashlib.sha256(self.content()).digest()


def as_bytes(value: Any) -> bytes:
    """Return JSON as it is hashed: keys sorted, no blanks, everything beyond ASCII escaped."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def row_bytes(row: Mapping[str, Any]) -> bytes:
    """Return the bytes of one row of the trail, whose facts are JSON already and whose time is in microseconds."""
    return as_bytes([AUDIT, *(row[name] for name in FIELDS)])


def microseconds(moment: datetime) -> int:
    """Return a time as it is hashed: microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
