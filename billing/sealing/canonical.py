"""The exact bytes that are hashed and signed: JSON arrays, ASCII, no blanks, integers and texts alone.

Documented byte by byte in ``billing/ledger/README.md``; whoever checks without us builds the same bytes from there.
Times are microseconds since 1970 (UTC), amounts are minor units, hashes and keys are lower-case hexadecimal.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.sealing.canonical import as_bytes

__all__ = ["BankLink", "SealHeader", "as_bytes", "document_sha256", "entry_bytes"]
ENTRY, SEAL, LINK = "scenario-cloud.entry.v1", "scenario-cloud.seal.v1", "scenario-cloud.bank-seal.v1"


@dataclass(frozen=True, slots=True)
class SealHeader:
    """What a seal's hash and signature cover."""

    tenant: str
    number: int
    sealed_at: int
    entry_count: int
    root: bytes
    previous: bytes

    def content(self) -> bytes:
        """Return the bytes that are hashed and signed."""
        hashes = [self.root.hex(), self.previous.hex()]
        return as_bytes([SEAL, self.tenant, self.number, self.sealed_at, self.entry_count, *hashes])

    def hash(self) -> bytes:
        """Return the seal's hash, which the next seal names."""
        return hashlib.sha256(self.content()).digest()


@dataclass(frozen=True, slots=True)
class BankLink:
    """What a link of the bank's chain covers."""

    bank: str
    number: int
    sealed_at: int
    seal_hash: bytes
    previous: bytes

    def content(self) -> bytes:
        """Return the bytes that are hashed and signed."""
        hashes = [self.seal_hash.hex(), self.previous.hex()]
        return as_bytes([LINK, self.bank, self.number, self.sealed_at, *hashes])

    def hash(self) -> bytes:
        """Return the link's hash: the bank's latest root."""
        return hashlib.sha256(self.content()).digest()


def entry_bytes(entry: Mapping[str, Any]) -> bytes:
    """Return the bytes of an entry with all its postings and the receipt that was written with it.

    ``entry`` has ``tenant id kind source_id occurred_at created_at`` and the lists ``postings`` (``id ledger currency
    amount_minor account_id bill_id created_at``) and ``receipts`` (``id number sha256``), each sorted by id here.
    """
    head = [entry[name] for name in ("tenant", "id", "kind", "source_id", "occurred_at", "created_at")]
    postings = [[p[name] for name in POSTING] for p in _sorted(entry["postings"])]
    receipts = [[r["id"], r["number"], r["sha256"]] for r in _sorted(entry["receipts"])]
    return as_bytes([ENTRY, *head, postings, receipts])


POSTING = ("id", "ledger", "currency", "amount_minor", "account_id", "bill_id", "created_at")


def _sorted(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(items, key=lambda item: str(item["id"]))


def document_sha256(document: Mapping[str, Any]) -> str:
    """Return the hash of a receipt's kept document."""
    return hashlib.sha256(as_bytes(document)).hexdigest()
