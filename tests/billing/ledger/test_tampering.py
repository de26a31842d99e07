"""Whoever owns the database can change it; the seals say what was changed, and where."""

import json

import pytest

from billing.models import Entry, Receipt
from billing.sealing import checking
from billing.sealing.checking import check_bank_chain, check_seals
from billing.sealing.proofs import proof_of
from billing.sealing.sealer import seal_tenant
from deploy import verify
from deploy.errors import OperatorError
from tenants.ids import new_id
from tenants.scope import bank_scope, open_scope

TABLES = ("billing_entry", "billing_posting", "billing_receipt", "billing_seal", "billing_sealed_entry")
TWO_MORE = (
    "insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor)"
    " select $1, $2, 'suspense', 'SGD', x from unnest(array[7, -7]) x"
)


class Owner:
    """The database's owner at work: triggers and walls off, as only the owner can have them."""

    def __init__(self, connection, place):
        self.connection, self.place = connection, place

    async def run(self, sql, *args):
        async with self.connection.transaction():
            await self._everywhere("disable trigger user, no force row level security")
            await self.connection.execute("select scope_set('tenant', $1)", str(self.place.id))
            await self.connection.execute(sql, self.place.id, *args)
            await self._everywhere("enable trigger user, force row level security")

    async def _everywhere(self, change):
        await self.connection.execute("; ".join(f"alter table {table} {change}" for table in TABLES))


@pytest.fixture
async def sealed(real_place, monkeypatch):
    monkeypatch.setattr(checking, "PATIENCE", -checking.PATIENCE)
    await seal_tenant(real_place.id)
    assert (await check_seals(real_place.id)).faults == []
    async with real_place.scope():
        paid = await Entry.get(tenant_id=real_place.id, kind="payment.succeeded")
    return real_place, paid.id


CHANGED = "a sealed entry or its postings were changed"
LISTED = "the seal's list of entries was changed"


@pytest.mark.parametrize(
    ("sql", "has_entry", "checks"),
    [
        ("update billing_entry set kind = 'bill.voided' where tenant_id = $1 and id = $2", True, {CHANGED}),
        (
            "update billing_entry set occurred_at = occurred_at + interval '1 day' where tenant_id = $1 and id = $2",
            True,
            {CHANGED},
        ),
        (
            "update billing_posting set amount_minor = amount_minor * 2 where tenant_id = $1 and entry_id = $2",
            True,
            {CHANGED},
        ),
        ("delete from billing_posting where tenant_id = $1 and entry_id = $2", True, {CHANGED}),
        (TWO_MORE, True, {CHANGED}),
        (
            "with p as (delete from billing_posting where tenant_id = $1 and entry_id = $2)"
            " delete from billing_entry where tenant_id = $1 and id = $2",
            True,
            {"a sealed entry was removed"},
        ),
        (
            "update billing_receipt set document = jsonb_set(document, '{payer}', '\"Me\"') where tenant_id = $1",
            False,
            {CHANGED},
        ),
        ("update billing_seal set root = sha256(root) where tenant_id = $1", False, {
            LISTED, "the seal's hash is wrong", "the seal's signature is wrong",
        }),
        ("update billing_seal set sealed_at = now() where tenant_id = $1", False, {
            "the seal's hash is wrong", "the seal's signature is wrong",
        }),
        ("delete from billing_sealed_entry where tenant_id = $1 and id = $2", True, {
            LISTED, "an entry is in no seal",
        }),
        ("update billing_sealed_entry set leaf = sha256(leaf) where tenant_id = $1 and id = $2", True, {
            CHANGED, LISTED,
        }),
    ],
)  # fmt: skip
async def test_what_was_changed_is_found_and_named(sealed, owner, sql, has_entry, checks):
    place, entry_id = sealed
    await Owner(owner, place).run(sql, *([entry_id] if has_entry else []))
    report = await check_seals(place.id)
    assert {fault.check for fault in report.faults} == checks
    named = "".join(fault.subject for fault in report.faults)
    assert "seal 1" in named
    assert CHANGED not in checks or str(entry_id) in named


async def test_an_entry_put_in_by_hand_is_found(sealed, owner):
    place, _ = sealed
    forged = new_id()
    insert = (
        "with e as (insert into billing_entry (tenant_id, id, kind, source_id, created_at, occurred_at)"
        " values ($1, $2, 'bill.issued', $2, now() - interval '2 days', now() - interval '2 days'))"
        + TWO_MORE
    )
    await Owner(owner, place).run(insert, forged)
    report = await check_seals(place.id)
    assert [fault.subject for fault in report.faults] == [f"entry {forged} (bill.issued)"]
    await seal_tenant(place.id)
    later = await check_seals(place.id)
    assert (later.faults, later.late) == ([], 1), "sealed by now, and counted as sealed long after its date"


async def test_a_seal_taken_out_is_missed(sealed, owner):
    place, _ = sealed
    for _ in range(2):
        from tests.billing.payments import world  # noqa: PLC0415

        await world.bill(place, 1000)
        await seal_tenant(place.id)
    await Owner(owner, place).run(
        "with m as (delete from billing_sealed_entry m using billing_seal s where s.id = m.seal_id and m.tenant_id = $1"
        " and s.number = 2) delete from billing_seal where tenant_id = $1 and number = 2"
    )
    report = await check_seals(place.id)
    assert ("a seal is missing", "seal 2") in {(f.check, f.subject) for f in report.faults}
    assert ("the seal does not follow the one before", "seal 3") in {
        (f.check, f.subject) for f in report.faults
    }


async def test_the_banks_chain_is_whole_and_a_forged_link_is_found(sealed, owner, bank):
    async with open_scope(bank_scope(bank.id)):
        links, faults = await check_bank_chain(bank.id)
    assert links > 0
    assert faults == []
    await owner.execute("alter table billing_bank_seal disable trigger user")
    await owner.execute("alter table billing_bank_seal no force row level security")
    change = "update billing_bank_seal set seal_hash = sha256(seal_hash) where bank_id = $1 and number = $2"
    back = "update billing_bank_seal set seal_hash = $3 where bank_id = $1 and number = $2"
    kept = await owner.fetchval(
        "select seal_hash from billing_bank_seal where bank_id = $1 and number = $2", bank.id, links
    )
    try:
        await owner.execute(change, bank.id, links)
        async with open_scope(bank_scope(bank.id)):
            _, faults = await check_bank_chain(bank.id)
    finally:
        await owner.execute(back, bank.id, links, kept)
        await owner.execute("alter table billing_bank_seal enable trigger user")
        await owner.execute("alter table billing_bank_seal force row level security")
    assert {fault.subject for fault in faults} == {f"link {links}"}


async def test_the_command_checks_a_receipts_file(sealed, tmp_path):
    place, _ = sealed
    async with place.scope():
        receipt = await Receipt.get(tenant_id=place.id)
    proof = await proof_of(receipt) or {}
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(proof))
    report = verify.receipt(path)
    assert report["is_right"]
    assert report["is_proven"].startswith("by the seal signed with")
    proof["receipt"]["document"]["payer"] = "Somebody else"
    path.write_text(json.dumps(proof))
    assert verify.receipt(path)["wrong"] == ["the receipt is the one that was booked with the payment"]
    assert verify.receipt(path, "11" * 32)["wrong"][-1] == "the seal is signed with the key"
    path.write_text(json.dumps({**proof, "entry": None}))
    with pytest.raises(OperatorError, match="not a whole receipt"):
        verify.receipt(path)
