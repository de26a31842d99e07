"""A bank changes: institutions move, branches merge, leavers hand over, colleagues stand in for some days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.models import NextAction
from billing.oversight import actions
from tenants.banks import members, structure
from tenants.ids import new_id
from tenants.models import Application, Bank, BankMembership, Branch, Tenant, TenantMove
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound

TODAY = make.today()
HERE = datetime.now(ZoneInfo("Asia/Singapore")).date()
"""The bank's own day: a stand-in has the role on the days of the bank, not on those of Greenwich."""


@pytest.fixture
async def chief(db, bank):
    return await make.bank_staff(bank, "administrator", "Lin Mei Hua")


async def branch(bank, code, parent=None):
    async with open_scope(bank_scope(bank.id)):
        return await Branch.create(
            id=new_id(), bank_id=bank.id, parent_id=parent, code=code, name=f"Branch {code}"
        )


async def membership(bank, actor):
    async with open_scope(bank_scope(bank.id)):
        return await BankMembership.filter(bank_id=bank.id, person_id=actor.person_id).order_by("-id").first()


async def test_a_move_is_dated_and_kept(bank, chief):
    west, tenant = await branch(bank, "W1"), await make.tenant(bank)
    async with open_scope(bank_scope(bank.id)):
        await structure.move_tenant(
            chief, tenant.id, to_branch=west.id, manager=None, reason="It moved house."
        )
        kept = await TenantMove.get(tenant_id=tenant.id)
        assert (kept.from_branch_id, kept.to_branch_id, kept.moved_on) == (bank.branch_id, west.id, TODAY)
        assert (await Tenant.get(id=tenant.id)).branch_id == west.id
        with pytest.raises(Invalid):
            await structure.move_tenant(
                chief, tenant.id, to_branch=west.id, manager=None, reason="Once more."
            )
        with pytest.raises(NotFound):
            await structure.move_tenant(chief, tenant.id, to_branch=new_id(), manager=None, reason="Nowhere.")


async def test_whoever_moves_an_institution_says_who_looks_after_it_there(client, bank, chief):
    west = await branch(bank, "W2")
    near = await make.bank_staff(bank, "relationship_manager", "Near")
    far = await make.bank_staff(bank, "relationship_manager", "Far")
    there, elsewhere = await membership(bank, near), await membership(bank, far)
    async with open_scope(bank_scope(bank.id)):
        await BankMembership.filter(id=there.id).update(branch_id=west.id)
        await BankMembership.filter(id=elsewhere.id).update(branch_id=bank.branch_id)
    tenant = await make.tenant(bank, manager_id=far.person_id, manager_name="Far")
    await make.sign_in(client, chief.person_id)
    here = f"/bank/{bank.slug}/tenants/{tenant.id}"
    asked = {"to_branch": str(west.id), "reason": "It moved house."}
    assert "Now: Far" in text_of(inspect((await client.get(f"{here}/move")).text))
    assert (await client.post(f"{here}/move", data=asked)).status_code == 422
    wrong = await client.post(f"{here}/move", data=asked | {"manager": str(elsewhere.id)})
    assert "does not work in the branch" in text_of(inspect(wrong.text))
    assert (await client.post(f"{here}/move", data=asked | {"manager": str(there.id)})).status_code == 303
    assert "looked after by Near" in text_of(inspect((await client.get(here)).text))
    assert (await client.post(f"{here}/move", data=asked | {"manager": "nobody"})).status_code == 303
    async with open_scope(bank_scope(bank.id)):
        kept = await Tenant.get(id=tenant.id)
        assert (kept.branch_id, kept.manager_id, kept.manager_name) == (west.id, None, "")
        assert await TenantMove.filter(tenant_id=tenant.id).count() == 1, "the second time it stayed"
        await actions.find(bank.id, [west.id])
        said = await NextAction.get(tenant_id=tenant.id, key="unmanaged")
        assert str(actions.reason(said)) == "Nobody of the bank looks after it."


async def test_a_merged_branch_gives_everything_and_takes_nobody_any_more(bank, chief):
    gone, kept = await branch(bank, "G1"), await branch(bank, "K1")
    below = await branch(bank, "G2", gone.id)
    tenant = await make.tenant(bank, branch_id=gone.id)
    async with open_scope(bank_scope(bank.id)):
        await structure.set_areas(chief, gone.id, "64, 65")
        with pytest.raises(Invalid):
            await structure.merge(chief, gone.id, into=below.id, reason="Into itself.")
        deep = await branch(bank, "G3", below.id)
        with pytest.raises(Invalid):
            await structure.merge(chief, gone.id, into=deep.id, reason="Deeper into itself.")
        assert await structure.merge(chief, gone.id, into=kept.id, reason="Too small.") == 1
        assert (await Tenant.get(id=tenant.id)).branch_id == kept.id
        assert (await Branch.get(id=below.id)).parent_id == kept.id
        assert (await Branch.get(id=kept.id)).areas == ["64", "65"]
        with pytest.raises(NotFound):
            await structure.branch_of(chief, gone.id)


async def test_a_leavers_work_goes_to_a_colleague(bank, chief):
    leaver = await make.bank_staff(bank, "relationship_manager", "Leaver")
    heir = await make.bank_staff(bank, "relationship_manager", "Heir")
    tenant = await make.tenant(bank, manager_id=leaver.person_id, manager_name="Leaver")
    first, second = await membership(bank, leaver), await membership(bank, heir)
    async with open_scope(bank_scope(bank.id)):
        assert await members.hand_over(chief, first.id, to=second.id) == members.Load(1, 0, 0)
        assert (await Tenant.get(id=tenant.id)).manager_name == "Heir"
        assert not await Application.filter(bank_id=bank.id, created_by=leaver.person_id).exists()


async def test_a_leavers_page_says_what_is_left_and_takes_every_role_away(client, bank, chief):
    leaver = await make.bank_staff(bank, "relationship_manager", "Leaver")
    heir = await membership(bank, await make.bank_staff(bank, "reviewer", "Heir"))
    await make.tenant(bank, manager_id=leaver.person_id, manager_name="Leaver")
    first, root = await membership(bank, leaver), f"/bank/{bank.slug}/staff"
    async with open_scope(bank_scope(bank.id)):
        facts = {"person_id": leaver.person_id, "name": "Leaver", "email": "leaver@bank.example"}
        second = await BankMembership.create(id=new_id(), bank_id=bank.id, role="operations", **facts)
    await make.sign_in(client, chief.person_id)
    before = inspect((await client.get(f"{root}/{first.id}")).text)
    assert "stays under their name" in text_of(before)
    assert "Nothing is left" not in text_of(before)
    await client.post(f"{root}/{first.id}/hand-over", data={"to": str(heir.id)})
    after = (await client.get(f"{root}/{first.id}")).text
    assert "Nothing is left to hand over" in text_of(inspect(after))
    assert all(f"{root}/{one.id}/ending" in after for one in (first, second))
    ends = [await client.post(f"{root}/{one.id}/ending") for one in (first, second)]
    assert [one.headers["location"] for one in ends] == [f"{root}/{second.id}", root]
    assert (await client.post(f"{root}/{first.id}/ending")).status_code == 404
    own = await membership(bank, chief)
    assert f"{own.id}/ending" not in (await client.get(f"{root}/{own.id}")).text
    assert (await client.post(f"{root}/{own.id}/ending")).status_code == 409


async def test_who_only_stands_in_is_no_second_administrator(bank, chief):
    deputy = await make.bank_staff(bank, "reviewer", "Deputy")
    first, second = await membership(bank, chief), await membership(bank, deputy)
    async with open_scope(bank_scope(bank.id)):
        await members.stand_in(chief, first.id, deputy=second.id, first=HERE, last=HERE)
        with pytest.raises(Conflict):
            await members.end_role(chief, first.id)


async def test_a_stand_in_has_the_role_on_these_days_and_no_others(client, bank, chief):
    absent = await make.bank_staff(bank, "reviewer", "Absent")
    deputy = await make.bank_staff(bank, "relationship_manager", "Deputy")
    first, second = await membership(bank, absent), await membership(bank, deputy)
    await make.sign_in(client, deputy.person_id)
    path = f"/bank/{bank.slug}/audit"
    assert (await client.get(path)).status_code == 403
    async with open_scope(bank_scope(bank.id)):
        made = await members.stand_in(chief, first.id, deputy=second.id, first=HERE, last=HERE)
    assert (await client.get(path)).status_code == 200
    assert made.until.astimezone(ZoneInfo("Asia/Singapore")).date() == HERE
    for since, until in ((1, 2), (-3, -1)):
        span = {
            "since": datetime.now(UTC) + timedelta(days=since),
            "until": datetime.now(UTC) + timedelta(days=until),
        }
        async with open_scope(bank_scope(bank.id)):
            await BankMembership.filter(id=made.id).update(**span)
        assert (await client.get(path)).status_code == 403
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Invalid):
            await members.stand_in(chief, first.id, deputy=second.id, first=HERE, last=date(2020, 1, 1))
        with pytest.raises(Invalid):
            await members.stand_in(chief, first.id, deputy=first.id, first=HERE, last=HERE)


@pytest.mark.parametrize(
    "role", ["relationship_manager", "reviewer", "operations", "auditor", "union_supervisor"]
)
async def test_nobody_else_changes_the_house(bank, db, role):
    actor, tenant = await make.bank_staff(bank, role), await make.tenant(bank)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await structure.move_tenant(
                actor, tenant.id, to_branch=bank.branch_id, manager=None, reason="No right."
            )
        with pytest.raises(Forbidden):
            await structure.brand(actor, name="x", name_en="x", accent="#000000")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(client, bank, chief, language):
    headers = {"Accept-Language": language}
    tenant, other = await make.tenant(bank), await branch(bank, "P1")
    colleague = await make.bank_staff(bank, "reviewer", "Colleague")
    held, root = await membership(bank, colleague), f"/bank/{bank.slug}"
    await make.sign_in(client, chief.person_id)
    for path in (
        f"/tenants/{tenant.id}/move",
        f"/branches/{other.id}",
        "/branches",
        f"/staff/{held.id}",
        "/staff",
        "/brand",
    ):
        inspect((await client.get(root + path, headers=headers)).text)
    sent = await client.post(
        f"{root}/tenants/{tenant.id}/move",
        data={"to_branch": str(other.id), "manager": "nobody", "reason": "It moved."},
    )
    assert sent.status_code == 303
    page = await client.get(f"{root}/tenants/{tenant.id}/move", headers=headers)
    assert "It moved." in page.text
    wrong = await client.post(
        f"{root}/branches/{other.id}/merging", data={"into": str(other.id), "reason": "Itself"}
    )
    assert wrong.status_code == 422
    areas = await client.post(f"{root}/branches/{other.id}/areas", data={"areas": "01 02"})
    assert areas.status_code == 303
    days = {"deputy": str((await membership(bank, chief)).id), "first": str(HERE), "last": str(HERE)}
    assert (await client.post(f"{root}/staff/{held.id}/deputies", data=days)).status_code == 303
    inspect((await client.get(f"{root}/staff", headers=headers)).text)
    assert (
        await client.post(f"{root}/brand", data={"name": "海港", "name_en": "Harbour", "accent": "blue"})
    ).status_code == 422
    pale = {"name": "海港", "name_en": "Harbour", "accent": "#FFCC00"}
    assert (await client.post(f"{root}/brand", data=pale)).status_code == 303
    async with open_scope(bank_scope(bank.id)):
        assert (await Bank.get(id=bank.id)).accent == "#ffcc00"
    page = await client.get(f"{root}/brand", headers={"Accept-Language": "en"})
    assert "not readable enough" in page.text
