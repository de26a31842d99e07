"""Every entry is sealed once, whatever order transactions commit in; each seal is chained and signed."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from billing import ledger
from billing.ledger import Side
from billing.models import BankSeal, Entry, Posting, Seal, SealedEntry
from billing.sealing import sealer
from billing.sealing.canonical import POSTING, SealHeader, entry_bytes
from billing.sealing.collecting import entries
from billing.sealing.sealer import Sealer, seal_tenant
from deploy import database
from tenants.ids import new_id
from tenants.scope import execute, open_scope, row, tenant_scope, value
from tenants.sealing.canonical import microseconds
from tenants.sealing.hashing import NOTHING, leaf_hash, root_of
from tenants.sealing.keys import is_signed, keys


async def post(place, **given):
    sides = [Side("suspense", 5, "SGD"), Side("clearing:bank", -5, "SGD")]
    async with place.scope():
        return await ledger.post(place.id, "suspense.applied", new_id(), sides)


async def counts(place):
    async with place.scope():
        return await Entry.filter(tenant_id=place.id).count(), await SealedEntry.filter(
            tenant_id=place.id
        ).count()


async def test_new_entries_are_sealed_chained_and_signed(place):
    assert await seal_tenant(place.id) == 2
    await post(place)
    assert await seal_tenant(place.id) == 1
    assert await seal_tenant(place.id) == 0
    async with place.scope():
        first, second = await Seal.filter(tenant_id=place.id).order_by("number")
        members = await SealedEntry.filter(tenant_id=place.id, seal_id=first.id).order_by("position")
        whole = await entries(place.id, [m.id for m in members])
        links = await BankSeal.filter(seal_hash__in=[first.hash, second.hash]).order_by("number")
    assert (first.number, first.previous, second.number, second.previous) == (1, NOTHING, 2, first.hash)
    assert [leaf_hash(entry_bytes(whole[m.id])) for m in members] == [m.leaf for m in members]
    assert root_of([m.leaf for m in members]) == first.root
    header = SealHeader(str(place.id), 1, microseconds(first.sealed_at), 2, first.root, NOTHING)
    assert header.hash() == first.hash
    assert is_signed(header.content(), first.signature, keys().public)
    assert not is_signed(header.content() + b" ", first.signature, keys().public)
    assert links[1].number == links[0].number + 1
    assert links[1].previous == links[0].hash


async def test_a_payments_entry_is_sealed_with_its_receipt(place):
    async with place.scope():
        paid = await Entry.get(tenant_id=place.id, kind="payment.succeeded")
        before = (await entries(place.id, [paid.id]))[paid.id]
        assert len(before["receipts"]) == 1
        assert before["receipts"][0]["number"].startswith("R")
        assert sum(p["amount_minor"] for p in before["postings"]) == 0


async def test_nothing_of_an_entry_is_left_out_of_its_seal():
    """A new column has to be sealed too: then the format gets its next version."""
    assert set(Posting._meta.db_fields) == {*POSTING, "tenant_id", "entry_id"}
    assert set(Entry._meta.db_fields) == {"id", "tenant_id", "kind", "source_id", "occurred_at", "created_at"}


async def test_an_entry_that_commits_after_a_later_one_is_not_missed(real_place, migrated):
    """The older entry's transaction is open while the younger one is committed and sealed."""
    await Sealer().round()
    slow = await asyncpg.connect(**database.credentials(migrated))
    try:
        async with slow.transaction():
            await slow.execute("select scope_set('tenant', $1)", str(real_place.id))
            older = await slow.fetchval(
                "insert into billing_entry (tenant_id, kind, source_id) values ($1, 'bill.issued', $2)"
                " returning id",
                real_place.id,
                new_id(),
            )
            await asyncio.sleep(0.01)
            younger = await post(real_place)
            assert younger > older
            looking = Sealer()
            await looking.round()
            assert await counts(real_place) == (3, 3)
    finally:
        await slow.close()
    await looking.round()
    assert await counts(real_place) == (4, 4)
    async with real_place.scope():
        assert await SealedEntry.exists(tenant_id=real_place.id, id=older)


async def test_looking_at_what_came_after_the_last_seal_would_miss_it(real_place):
    """The control: a sealer that goes on from the last sealed id never sees an id below it."""
    async with real_place.scope():
        below = new_id()
    await asyncio.sleep(0.01)
    younger = await post(real_place)
    await seal_tenant(real_place.id)
    async with real_place.scope():
        await execute(
            "insert into billing_entry (tenant_id, id, kind, source_id) values ($1, $2, 'bill.issued', $3)",
            real_place.id,
            below,
            new_id(),
        )
    assert await seal_tenant(real_place.id, younger) == 0
    assert await Sealer().round() >= 1
    assert await counts(real_place) == (4, 4)


async def test_two_sealers_at_once_seal_everything_once(real_place):
    for _ in range(5):
        await post(real_place)
    await asyncio.gather(*(seal_tenant(real_place.id) for _ in range(4)))
    assert await counts(real_place) == (7, 7)
    async with real_place.scope():
        numbers = [s.number for s in await Seal.filter(tenant_id=real_place.id).order_by("number")]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_an_entry_is_in_one_seal_and_what_is_sealed_stays(place):
    await seal_tenant(place.id)
    async with place.scope():
        member = await row("select * from billing_sealed_entry where tenant_id = $1 limit 1", place.id)
    again = "insert into billing_sealed_entry (tenant_id, id, seal_id, position, leaf) values ($1, $2, $3, 99, $4)"
    with pytest.raises(asyncpg.UniqueViolationError):
        async with place.scope():
            await execute(again, place.id, member["id"], member["seal_id"], member["leaf"])
    for change in ("update {} set created_at = now()", "delete from {}"):
        for table in ("billing_seal", "billing_sealed_entry", "billing_bank_seal"):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError)):
                async with place.scope():
                    await execute(change.format(table))


async def test_a_large_batch_fills_several_seals(place, monkeypatch):
    monkeypatch.setattr(sealer, "SIZE", 2)
    for _ in range(3):
        await post(place)
    assert await seal_tenant(place.id) == 5
    async with place.scope():
        assert [s.entry_count for s in await Seal.filter(tenant_id=place.id).order_by("number")] == [2, 2, 1]


def test_a_sealer_looks_far_back_at_first_and_near_soon_after():
    looking = Sealer()
    assert looking._due() == sealer.LOOKS[-1][1]
    assert looking._due() == sealer.LOOKS[0][1] < timedelta(minutes=1)


async def test_another_institution_sees_no_seal_of_this_one(place, bank):
    from tests import make  # noqa: PLC0415

    await seal_tenant(place.id)
    stranger = await make.tenant(bank)
    async with open_scope(tenant_scope(stranger.id)):
        for table in ("billing_seal", "billing_sealed_entry"):
            assert await value(f"select count(*) from {table}") == 0
