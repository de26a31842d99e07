"""Whoever owns the database can change the trail; the seals say what was changed, and where."""

from contextlib import nullcontext

import pytest

from deploy import composition, trail
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import AuditSeal
from tenants.scope import bank_scope, execute, open_scope, person_scope, queue_scope, rows, value
from tenants.sealing import checking, sealer
from tenants.sealing.checking import check_links, check_place, latest_link
from tenants.sealing.places import Place
from tenants.sealing.sealer import AuditSealer, seal_place
from tests import make
from tests.page import inspect

TABLES = ("tenants_audit", "tenants_audit_seal", "tenants_sealed_audit", "tenants_audit_link")
CHANGED, REMOVED = "a sealed row was changed", "a sealed row was removed"
LISTED = "the seal's list of rows was changed"
PUT_IN = (
    "insert into tenants_audit (id, tenant_id, act, person_name, subject_kind, subject_label, created_at)"
    " values (new_id(), $1, 'role.changed', 'Nobody', 'role', 'x', now() - interval '3 days')"
)


class Owner:
    """The database's owner at work: triggers and walls off, as only the owner can have them."""

    def __init__(self, connection, place):
        self.connection, self.place = connection, place

    async def run(self, sql, *args):
        async with self.connection.transaction():
            await self._everywhere("disable trigger user, no force row level security")
            await self.connection.execute(sql, *args)
            await self._everywhere("enable trigger user, force row level security")

    async def _everywhere(self, change):
        await self.connection.execute("; ".join(f"alter table {table} {change}" for table in TABLES))


@pytest.fixture
async def place(bank, committed):
    """An institution of its own with a sealed trail: what provisioning wrote, and two batches of three acts."""
    tenant = await make.tenant(bank)
    chief = await make.staff(tenant)
    for _ in range(2):
        async with open_scope(chief.scope()):
            for number in range(3):
                await audit.record(
                    chief, "role.changed", subject_kind="role", subject_id=new_id(),
                    subject_label=f"Rôle {number} 角色", before={"n": number}, after={"n": number + 0.5},
                )  # fmt: skip
        await seal_place(Place("tenant", tenant.id))
    found = await check_place(Place("tenant", tenant.id))
    assert (found.faults, found.seals, found.waiting) == ([], 2, 0)
    return Place("tenant", tenant.id)


async def faults(place):
    return {one.check for one in (await check_place(place)).faults}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("update tenants_audit set person_name = 'Other' where id = $1", {CHANGED}),
        ("update tenants_audit set after = '{\"n\": 9}' where id = $1", {CHANGED}),
        ("update tenants_audit set created_at = created_at + interval '1 s' where id = $1", {CHANGED}),
        ("delete from tenants_audit where id = $1", {REMOVED}),
        (
            "with gone as (delete from tenants_sealed_audit where id = $1)"
            " delete from tenants_audit where id = $1",
            {LISTED},
        ),
    ],
)
async def test_what_the_owner_edits_or_removes_is_named(place, owner, sql, found):
    async with open_scope(place.scope):
        row = await value("select min(id::text)::uuid from tenants_audit where tenant_id = $1", place.id)
    await Owner(owner, place).run(sql, row)
    assert await faults(place) == found


async def test_what_is_put_in_is_named_before_and_after_it_is_sealed(place, owner):
    await Owner(owner, place).run(PUT_IN, place.id)
    assert await faults(place) == {"a row is in no seal"}
    await seal_place(place)
    assert await faults(place) == {"a row was put in after its time"}


async def test_what_waited_behind_a_full_seal_is_no_fault(bank, owner, committed, monkeypatch):
    """An old trail is sealed in many batches at once: the rows of the second one are older than the first seal."""
    for module in (sealer, checking):
        monkeypatch.setattr(module, "SIZE", 2)
    own = Place("tenant", (await make.tenant(bank)).id)
    for _ in range(5):
        await Owner(owner, own).run(PUT_IN, own.id)
    await seal_place(own)
    found = await check_place(own)
    assert (found.faults, found.seals >= 3) == ([], True)
    await Owner(owner, own).run(PUT_IN, own.id)
    await seal_place(own)
    assert await faults(own) == {"a row was put in after its time"}


async def test_a_seal_that_goes_with_all_its_rows_is_missed_by_the_banks_chain(place, bank, owner):
    async with open_scope(place.scope):
        last = await AuditSeal.filter(place_id=place.id).order_by("-number").first()
    await Owner(owner, place).run(
        "with m as (delete from tenants_sealed_audit where seal_id = $1 returning id),"
        " a as (delete from tenants_audit where id in (select id from m))"
        " delete from tenants_audit_seal where id = $1",
        last.id,
    )
    assert await faults(place) == set(), "the institution's own chain alone does not show it"
    async with open_scope(bank_scope(bank.id)):
        _, found = await check_links(bank.id, set(), await latest_link(bank.id))
        sealed = {one.seal_hash for one in await rows_of_links(bank)} - {last.hash}
        _, named = await check_links(bank.id, sealed, await latest_link(bank.id))
    assert [one.check for one in named] == ["a seal was removed with its rows"]
    assert found


async def rows_of_links(bank):
    from tenants.models import AuditLink  # noqa: PLC0415

    return await AuditLink.filter(bank_id=bank.id)


async def test_every_row_is_sealed_once_whoever_looks(bank, committed):
    person = await make.person("Ann")
    async with open_scope(person_scope(person.id)):
        payer = Actor(kind="payer", name="Ann", person_id=person.id)
        await audit.record(payer, "consent.given", subject_kind="consent", subject_id=None, subject_label="x")
    assert await AuditSealer().round() > 0
    assert await AuditSealer().round() == 0
    found = await check_place(Place("person", person.id))
    assert (found.rows, found.faults) == (1, [])
    stranger = await make.person("Stranger")
    async with open_scope(person_scope(stranger.id)):
        assert await rows("select 1 from tenants_sealed_audit") == []
    async with open_scope(queue_scope()):
        assert await rows("select 1 from tenants_audit limit 1"), "the control: the sealer reads all"


async def test_nobody_but_the_owner_can_change_or_forget(place):
    async with open_scope(place.scope):
        for sql in ("update tenants_audit set act = 'x'", "delete from tenants_audit"):
            with pytest.raises(Exception, match="permission denied"):
                async with open_scope(place.scope):
                    await execute(sql)


async def test_verify_audit_reads_every_place(place, settings, owner, monkeypatch):
    monkeypatch.setattr(trail, "connected", lambda *_, pool: nullcontext(pool))
    monkeypatch.setattr(composition, "compose", lambda *_: None)
    before = await trail.audit(settings)
    async with open_scope(place.scope):
        row = await value("select min(id::text)::uuid from tenants_audit where tenant_id = $1", place.id)
    await Owner(owner, place).run("update tenants_audit set person_name = 'Other' where id = $1", row)
    after = await trail.audit(settings)
    assert (after["is_right"], after["faults"]) == (False, before["faults"] + 1)
    assert after["seals"] == before["seals"] > 0


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_it_is_searched_by_who_what_whom_and_when(client, bank, db, language):
    tenant = await make.tenant(bank)
    chief = await make.staff(tenant, name="Mei Lim")
    async with open_scope(chief.scope()):
        for label in ("Cashier", "Porter"):
            await audit.record(
                chief, "role.changed", subject_kind="role", subject_id=new_id(), subject_label=label
            )
    await make.sign_in(client, chief.person_id)
    root, headers = f"/t/{tenant.slug}/audit", {"Accept-Language": language}
    inspect((await client.get(root, headers=headers)).text)
    for query, is_there in (
        ("who=mei&whom=porter", True),
        ("who=nobody", False),
        ("what=role+changed&whom=porter", True),
        ("what=invitation", False),
        ("to=2020-01-01", False),
        ("from=2020-01-01", True),
    ):
        page = await client.get(f"{root}?{query}", headers={"Accept-Language": "en"})
        assert ("Porter" in page.text.split("<table")[-1]) == is_there, query
    export = await client.get(f"{root}?whom=porter&export=csv")
    assert "role.changed" in export.text


async def test_a_person_reads_what_touched_them_and_nobody_else_does(client, bank, db):
    tenant = await make.tenant(bank)
    chief, ann, stranger = await make.staff(tenant), await make.person("Ann"), await make.person("Other")
    account = await make.account(tenant)
    await make.holder(account, ann)
    async with open_scope(chief.scope()):
        await audit.record(
            chief, "account.changed", subject_kind="account", subject_id=account.id, subject_label="A-100"
        )
    for person, is_there in ((ann, True), (stranger, False)):
        await make.sign_in(client, person.id)
        page = await client.get("/my/privacy/trail")
        inspect(page.text)
        assert ("A-100" in page.text) == is_there
    await make.sign_in(client, ann.id)
    assert "A-100" in (await client.get("/my/privacy/trail?export=csv")).text


async def test_a_persons_trail_is_found_without_going_through_that_of_others(client, bank, db):
    tenant, ann = await make.tenant(bank), await make.person("Ann")
    chief = await make.staff(tenant)
    async with open_scope(chief.scope()):
        for _ in range(others := 50):
            await audit.record(
                chief, "account.changed", subject_kind="account", subject_id=new_id(), subject_label="A"
            )
    await make.sign_in(client, ann.id)
    read = "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables"
    read += " where relname = 'tenants_audit'"
    async with open_scope(person_scope(ann.id)):
        before = await value(read)
        await client.get("/my/privacy/trail")
        assert await value(read) - before < others


async def test_amounts_in_a_persons_trail_are_in_the_institutions_currency(client, bank, db):
    tenant = await make.tenant(bank)
    cashier = await make.staff(tenant, "cashier")
    async with open_scope(cashier.scope()):
        await audit.record(
            cashier, "day.closed", subject_kind="day_close", subject_id=new_id(), subject_label="today",
            after={"counted": {"cash": 12345}},
        )  # fmt: skip
    await make.sign_in(client, cashier.person_id)
    assert "SGD 123.45" in (await client.get("/my/privacy/trail")).text.replace("\xa0", " ")
