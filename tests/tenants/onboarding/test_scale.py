"""What the bank sees first costs the same whatever it has: counted as it happens, or read off an index."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenants.ids import new_id
from tenants.models import Application, Branch, Tenant
from tenants.onboarding import queries
from tenants.scope import bank_scope, execute, open_scope, rows
from tests import make
from tests.page import inspect, text_of
from tests.tenants.onboarding.test_applications import facts
from ui.tables import TableQuery


@pytest.fixture
async def auditor(db, bank):
    return await make.bank_staff(bank, "auditor")


async def counted(bank, actor):
    async with open_scope(bank_scope(bank.id)):
        return await queries.counts(actor)


async def approved(bank, tenant, seconds):
    """An application that became this institution, begun so many seconds before it went live."""
    given = facts(bank)
    given = {key: value for key, value in given.items() if key in Application._meta.fields_map}
    async with open_scope(bank_scope(bank.id)):
        return await Application.create(
            **given | {
                "id": new_id(), "bank_id": bank.id, "branch_id": tenant.branch_id, "number": f"A{seconds}",
                "uscc": tenant.uscc, "status": "approved", "created_by": new_id(), "created_by_name": "Ong",
                "created_at": tenant.live_at - timedelta(seconds=seconds), "decided_at": tenant.live_at,
                "approved_tenant_id": tenant.id,
            }
        )  # fmt: skip


async def test_who_went_live_is_counted_where_they_are_and_when(bank, auditor):
    async with open_scope(bank_scope(bank.id)):
        other = await Branch.create(id=new_id(), bank_id=bank.id, code="77", name="Other branch")
    elsewhere = replace(auditor, branches=(other.id,))
    before = (await counted(bank, auditor))["recent"]
    first = await make.tenant(bank)
    await make.tenant(bank, live_at=datetime.now(UTC) - timedelta(days=40))
    waits = await make.tenant(bank, status="approved", live_at=None)
    assert (await counted(bank, auditor))["recent"] == before + 1
    assert (await counted(bank, elsewhere))["recent"] == 0
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=waits.id).update(status="live", live_at=datetime.now(UTC))
        await Tenant.filter(id=first.id).update(branch_id=other.id)
        await Tenant.filter(id=waits.id).update(name="Another name")
    assert (await counted(bank, auditor))["recent"] == before + 2
    assert (await counted(bank, elsewhere))["recent"] == 1


async def test_the_counts_are_what_the_institutions_come_to_and_a_stranger_sees_none(bank, auditor):
    await make.tenant(bank)
    async with open_scope(bank_scope(bank.id)):
        kept = await rows("select branch_id, day, n from tenants_live_count where n > 0 order by 1, 2")
        there = await rows(
            "select branch_id, (live_at at time zone 'UTC')::date as day, count(*)::int n from tenants_tenant"
            " where bank_id = $1 and live_at is not null group by 1, 2 order by 1, 2",
            bank.id,
        )
        assert [tuple(one) for one in kept] == [tuple(one) for one in there] != []
    async with open_scope(bank_scope(new_id())):
        assert await rows("select 1 from tenants_live_count") == []


async def test_half_of_the_latest_institutions_were_faster_within_ones_own_branches(
    bank, auditor, monkeypatch
):
    monkeypatch.setattr(queries, "LATEST", 3)
    async with open_scope(bank_scope(bank.id)):
        other = await Branch.create(id=new_id(), bank_id=bank.id, code="78", name="Other branch")
    now = datetime.now(UTC)
    for age, seconds in enumerate((200, 300, 400, 9000)):
        tenant = await make.tenant(bank, live_at=now - timedelta(hours=age), branch_id=other.id)
        await approved(bank, tenant, seconds)
    assert (await counted(bank, replace(auditor, branches=(other.id,))))["seconds"] == 300
    assert (await counted(bank, replace(auditor, branches=(new_id(),))))["seconds"] == -1


async def test_each_branchs_speed_is_that_of_its_latest_institutions_and_read_off_an_index(
    client, bank, auditor, monkeypatch
):
    monkeypatch.setattr(queries, "LATEST", 3)
    async with open_scope(bank_scope(bank.id)):
        other = await Branch.create(id=new_id(), bank_id=bank.id, code="79", name="Other branch")
    now = datetime.now(UTC)
    for age, seconds in enumerate((200, 300, 400, 9000)):
        tenant = await make.tenant(bank, live_at=now - timedelta(hours=age), branch_id=other.id)
        await approved(bank, tenant, seconds)
    async with open_scope(bank_scope(bank.id)):
        assert (await queries.speeds_of(auditor))[other.id] == 300
        await execute("set local enable_seqscan = off")
        await execute("set local enable_sort = off")
        plan = " ".join(one[0] for one in await rows(f"explain {queries._SPEEDS}", bank.id, 3))
    assert "tenants_tenant_branch_newest_idx" in plan
    await make.sign_in(client, auditor.person_id)
    page = await client.get(f"/bank/{bank.slug}/tenants/{tenant.id}", headers={"Accept-Language": "zh-CN"})
    assert "2小时" in text_of(inspect(page.text)).replace(" ", "")


async def test_the_latest_applications_are_read_off_an_index(bank, auditor, monkeypatch):
    """The control: sorted by what no index has, they all are sorted."""
    plans = []

    async def explained(sql, *args):
        plans.append(" ".join(one[0] for one in await rows(f"explain {sql}", *args)))
        return []

    monkeypatch.setattr(queries, "rows", explained)
    async with open_scope(bank_scope(bank.id)):
        await execute("set local enable_seqscan = off")
        for sort in ("-changed_at", "-legal_name"):
            await queries.applications(auditor, TableQuery(path="", sort=sort, per=8))
    read, sorted_ = [plan.split("Limit", 1)[1] for plan in plans]
    assert "Index Scan using tenants_application_latest_idx" in read
    assert "Sort Key" not in read
    assert "Sort Key" in sorted_
