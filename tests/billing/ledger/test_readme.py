"""What the documentation says of bytes and states is what runs."""

import hashlib
import json
import re
from pathlib import Path

from billing.ledger.states import PERIOD
from billing.payments.states import diagram, table
from billing.proof import verify_receipt as program
from billing.sealing.canonical import BankLink, SealHeader, as_bytes, entry_bytes
from tenants.sealing.hashing import NOTHING, leaf_hash

README = (Path(__file__).parents[3] / "billing" / "ledger" / "README.md").read_text()
ENTRY, SEAL, LINK = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)


def test_the_states_drawn_are_those_that_run():
    assert table(PERIOD) in README
    assert diagram(PERIOD) in README


def test_the_examples_bytes_and_hashes_are_right():
    _, tenant, id_, kind, source, occurred, created, postings, receipts = json.loads(ENTRY)
    names = ("id", "ledger", "currency", "amount_minor", "account_id", "bill_id", "created_at")
    entry = {
        "tenant": tenant, "id": id_, "kind": kind, "source_id": source, "occurred_at": occurred,
        "created_at": created, "postings": [dict(zip(names, p, strict=True)) for p in reversed(postings)],
        "receipts": [dict(zip(("id", "number", "sha256"), r, strict=True)) for r in receipts],
    }  # fmt: skip
    assert entry_bytes(entry) == ENTRY.encode() == as_bytes(json.loads(ENTRY))
    leaf = leaf_hash(ENTRY.encode())
    assert program.leaf_of(entry) == leaf
    header = SealHeader(tenant, 1, json.loads(SEAL)[3], 1, leaf, NOTHING)
    assert header.content() == SEAL.encode()
    bank, number, sealed_at, *_ = json.loads(LINK)[1:]
    link = BankLink(bank, number, sealed_at, header.hash(), NOTHING)
    assert link.content() == LINK.encode()
    for found in (leaf, header.hash(), hashlib.sha256(LINK.encode()).digest()):
        assert f"`{found.hex()}`" in README
