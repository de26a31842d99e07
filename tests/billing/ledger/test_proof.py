"""The standalone program: its signatures, its trees, its rules; what it takes for right and what it finds out."""

import copy
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings

from billing.models import FeeRule, Receipt
from billing.proof import verify_receipt as program
from billing.rules import Outcome, dump, evaluate, parse
from billing.sealing import bundle
from billing.sealing.proofs import proof_of
from billing.sealing.sealer import seal_tenant
from tenants.sealing import hashing
from tenants.sealing.keys import keys
from tests.billing.rules.strategies import accounts, documents

SOURCE = Path(program.__file__).read_text()
CASES = json.loads((Path(__file__).parents[1] / "rules" / "data" / "cases.json").read_text())
# RFC 8032, section 7.1: secret key, public key, message, signature.
VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
)


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_are_those_of_the_standard(public, message, signature):
    given = [bytes.fromhex(text) for text in (message, signature, public)]
    assert program.is_signed(*given)
    assert not program.is_signed(given[0] + b"x", given[1], given[2])
    assert not program.is_signed(given[0], given[1][:32] + bytes(32), given[2])
    assert not program.is_signed(given[0], given[1][:-1], given[2])


def test_signatures_agree_with_the_library_and_forged_ones_do_not_pass():
    for n in range(5):
        key = Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)
        message, public = bytes([n]) * n, key.public_key().public_bytes_raw()
        signature = key.sign(message)
        assert program.is_signed(message, signature, public)
        assert not program.is_signed(message, signature, bytes(31) + b"\x01")
        low = (int.from_bytes(signature[32:], "little") + program._L).to_bytes(32, "little")
        assert not program.is_signed(message, signature[:32] + low, public), "S beyond the order is refused"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 64, 100])
def test_trees_agree_with_ours(size):
    leaves = [hashing.leaf_hash(bytes([n])) for n in range(size)]
    root = hashing.root_of(leaves)
    assert program.root_of(leaves) == root
    for position, leaf in enumerate(leaves):
        path = hashing.path_of(leaves, position)
        assert program.root_along(leaf, position, size, path) == root
        assert program.root_along(leaf, position, size, [*path, leaf]) is None
        assert size == 1 or program.root_along(leaf, position, size, path[:-1]) != root
    assert program.root_along(leaves[0], size, size, []) is None


def said(document, inputs):
    try:
        return program.recompute(document, inputs)
    except program.NoAmount as fault:
        return str(fault)


@settings(max_examples=300, deadline=None, database=None)
@given(data=documents, account=accounts)
def test_rules_agree_with_ours(data, account):
    document = parse(data)
    outcome = evaluate(document, account)
    ours = outcome.amount_minor if isinstance(outcome, Outcome) else str(outcome)
    assert said(dump(document), dict(outcome.inputs)) == ours


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_real_tariffs_come_to_what_their_source_says(case):
    for one in case["cases"]:
        found = said(case["document"], one["inputs"])
        places = program._places(case["document"]["currency"])
        shown = f"{found / 10**places:.{places}f}" if isinstance(found, int) else found
        assert shown == one["expect"]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"kind": "moon_phase"}},
        {"amount": {"kind": "fixed", "amount": "1", "twist": 2}},
        {"eligible": {"kind": "perhaps"}},
        {"surcharge": "1"},
        {"kind": "tip"},
    ],
)
def test_what_the_program_does_not_know_it_says(change):
    document = {"kind": "charge", "currency": "SGD", "rounding": {"step": "1"}}
    with pytest.raises(program.Unknown):
        program.recompute({**document, "amount": {"kind": "fixed", "amount": "1"}, **change}, {})


def test_every_part_of_a_rule_is_known_to_the_program():
    """A new kind of part has to be taught to the program too, or said here to be left out and why."""
    from billing.rules import json_schema  # noqa: PLC0415

    kinds = {
        name
        for part in json_schema()["$defs"].values()
        for name in [part.get("properties", {}).get("kind", {})]
        for name in ([name["const"]] if "const" in name else name.get("enum", []))
    }
    assert kinds - set(program._MEMBERS) == set()


@pytest.fixture
async def proof(place):
    await seal_tenant(place.id)
    async with place.scope():
        receipt = await Receipt.get(tenant_id=place.id)
    return json.loads(json.dumps(await proof_of(receipt)))


def wrong(proof, **given):
    return [words for words, is_right in program.check_receipt(proof, **given) if not is_right]


async def test_a_receipt_proves_itself(proof):
    key = keys().public.hex()
    assert wrong(proof) == []
    assert wrong(proof, key=key, root=proof["seal"]["hash"]) == []
    assert wrong(proof, key="11" * 32) == ["the seal is signed with the key"]
    assert wrong(proof, root="00" * 32) == ["the seal is the published one"]


def _set(proof, path, value):
    *way, last = path
    for step in way:
        proof = proof[step]
    proof[last] = value


@pytest.mark.parametrize(
    ("path", "value", "first"),
    [
        (("receipt", "document", "payer"), "Somebody else", "the receipt is the one that was booked"),
        (("receipt", "document", "total_minor"), 400000, "the lines add up to the total"),
        (("receipt", "id"), "0", "the receipt is the one that was booked"),
        (("entry", "postings", 0, "amount_minor"), 1, "the entry is of a payment, and balances"),
        (("entry", "kind"), "refund.succeeded", "the entry is of a payment, and balances"),
        (("entry", "occurred_at"), 0, "the entry is in the seal"),
        (("proof", "position"), 0, "the entry is in the seal"),
        (("proof", "path"), [], "the entry is in the seal"),
        (("seal", "entry_count"), 3, "the entry is in the seal"),
        (("seal", "sealed_at"), 0, "the seal's hash is right"),
        (("seal", "signature"), "00" * 64, "the seal is signed with the key"),
    ],
)
async def test_a_forged_receipt_is_found_out(proof, path, value, first):
    _set(proof, path, value)
    assert wrong(proof)[0].startswith(first)


async def test_a_receipt_has_no_proof_before_it_is_sealed(place):
    async with place.scope():
        receipt = await Receipt.get(tenant_id=place.id)
    assert await proof_of(receipt) is None


RULE = {
    "format": 1, "kind": "charge", "currency": "SGD", "rounding": {"mode": "half_up", "step": "0.01"},
    "amount": {"kind": "rate", "rate": "2.03", "per": {"kind": "attribute", "name": "area_sqm"}},
}  # fmt: skip


@pytest.fixture
async def exported(place, tmp_path):
    """A ledger whose first bill line has a rule: 2.03 × 14.78 is 30.00."""
    async with place.scope():
        rule = await FeeRule.create(
            tenant_id=place.id, fee_item_id=place.fee.id, version=1, document=RULE,
            effective_from="2020-01-01", status="active",
        )  # fmt: skip
        line = {"rule": str(rule.id), "inputs": {"area_sqm": "14.78"}}
    await seal_tenant(place.id)
    path = tmp_path / "ledger.zip"
    async with place.scope():
        counts = await bundle.write(place.tenant, path)
    return path, counts, line


def changed(path, name, change):
    """Rewrite one file of the bundle, line by line."""
    with zipfile.ZipFile(path) as old:
        parts = {n: old.read(n) for n in old.namelist()}
    lines = [json.loads(line) for line in parts[name].splitlines()]
    parts[name] = b"".join(json.dumps(line).encode() + b"\n" for line in change(copy.deepcopy(lines)))
    with zipfile.ZipFile(path, "w") as new:
        for n, content in parts.items():
            new.writestr(n, content)


def found(path, **given):
    with zipfile.ZipFile(path) as opened:
        counts, findings = program.check_ledger(opened, **given)
    return counts, {words for words, _ in findings}


async def test_an_exported_ledger_is_whole(exported):
    path, counts, _ = exported
    assert {**counts, "rules": 1} == {"seals": 1, "entries": 2, "rules": 1, "lines": 2}
    seen, findings = found(path, key=keys().public.hex())
    assert findings == set()
    assert (seen["entries"], seen["lines"], seen["lines_without_rule"]) == (2, 2, 2)
    assert found(path, root="00" * 32)[1] == {"the published seal is not in this ledger"}


async def test_the_program_recomputes_bills(exported):
    path, _, line = exported
    changed(
        path, "lines.jsonl", lambda lines: [x | (line if x["amount_minor"] == 3000 else {}) for x in lines]
    )
    assert found(path)[1] == set()
    more = [{**line, "amount_minor": 3001}, {"rule": "absent"}]
    for change in more:
        changed(path, "lines.jsonl", lambda lines, c=change: [lines[0] | line | c, *lines[1:]])
        assert any(words.startswith("the line is") for words in found(path)[1])


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("entries.jsonl", lambda x: [{**x[0], "source_id": x[1]["source_id"]}, x[1]], "not as it was sealed"),
        ("entries.jsonl", lambda x: x[1:], "not those that were sealed"),
        ("entries.jsonl", lambda x: [*x, {**x[0], "seal": None, "created_at": 0}], "in no seal"),
        ("entries.jsonl", lambda x: [x[0], x[0], x[1]], "not those that were sealed"),
        ("entries.jsonl", lambda x: [{**e, "seal": 7} for e in x], "name a seal that is not there"),
        ("entries.jsonl", lambda _: [], "the seal's entries are missing"),
        ("seals.jsonl", lambda x: [{**x[0], "number": 2}], "missing or out of order"),
        ("seals.jsonl", lambda x: [{**x[0], "previous": "11" * 32}], "does not follow the one before"),
        ("seals.jsonl", lambda x: [{**x[0], "root": "11" * 32}], "not those that were sealed"),
        ("lines.jsonl", lambda x: x[1:], "the lines come to"),
    ],
)
async def test_a_changed_ledger_is_found_out(exported, name, change, words):
    path = exported[0]
    changed(path, name, change)
    assert any(words in said for said in found(path)[1])


async def test_the_program_runs_alone(exported, proof, tmp_path):
    """A copy of the one file, no packages, no network: -I keeps everything of ours out of reach."""
    alone = tmp_path / "alone" / "verify_receipt.py"
    alone.parent.mkdir()
    alone.write_text(SOURCE)
    receipt = tmp_path / "receipt.json"
    receipt.write_text(json.dumps(proof))

    def run(*arguments):
        ran = subprocess.run(
            [sys.executable, "-I", "-S", str(alone), *map(str, arguments)],
            capture_output=True, text=True, check=False, cwd=alone.parent,
        )  # fmt: skip
        return ran.returncode, ran.stdout

    assert run(exported[0])[0] == 0
    code, said = run(receipt, "--key", keys().public.hex())
    assert (code, said.splitlines()[-1]) == (0, "This receipt is genuine.")
    receipt.write_text(json.dumps(proof).replace("SGD", "USD"))
    assert run(receipt)[0] == 1
    receipt.write_text("{}")
    assert run(receipt)[0] == 2
    imports = set(re.findall(r"^(?:from|import) (\w+)", SOURCE, re.MULTILINE))
    assert imports <= sys.stdlib_module_names
