"""Accounts and holders as the institution's staff see and change them."""

from datetime import date

import pytest
import pytest_asyncio

from tenants.accounts import panels
from tenants.accounts.panels import Panel, add_panel
from tenants.models import Account, Audit, Holder, Notice
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.tenants.imports.uploads import Desk


@pytest_asyncio.fixture(loop_scope="session")
async def desk(client, db, bank) -> Desk:
    tenant = await make.tenant(bank)
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    made = Desk(client, tenant)
    made.root = f"/t/{tenant.slug}/accounts"
    return made


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_list_is_searched_narrowed_and_sorted(desk, language):
    desk.client.headers["Accept-Language"] = language
    await desk.get(desk.root)
    first = await make.account(desk.tenant, "B-1", sort_key="2", place="Blk 1")
    await make.account(
        desk.tenant, "B-2", sort_key="1", kind="shop", place="Blk_2", attributes={"area_sqm": 45.5}
    )
    await make.account(desk.tenant, "B-3", sort_key="3", is_active=False, place="BlkX2")
    await make.holder(first, None, name="Mei Tan", email="mei@example.com")

    async def listed(query: str) -> list[str]:
        page = inspect((await desk.get(f"{desk.root}{query}")).text)
        return [text_of(cell) for cell in page.iter("th") if cell.get("scope") == "row"]

    assert await listed("") == ["B-2", "B-1", "B-3"]
    assert await listed("?sort=-number") == ["B-3", "B-1", "B-2"]
    assert await listed("?q=mei@EXAMPLE") == ["B-1"]
    assert await listed("?q=Blk_2") == ["B-2"]
    assert await listed("?kind=shop") == ["B-2"]
    assert await listed("?state=closed") == ["B-3"]
    exported = (await desk.get(f"{desk.root}?export=csv")).text
    assert "45.5" in exported
    assert "Mei Tan" in exported


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_an_account_is_changed_in_a_form_that_knows_its_kind(desk, language):
    desk.client.headers["Accept-Language"] = language
    found = await make.account(desk.tenant, attributes={"flat_type": "4-room", "is_reduced": True, "old": 1})
    url = f"{desk.root}/{found.id}"
    await desk.get(url)
    await desk.get(f"{url}/edit")
    wrong = {"name": "", "attribute_flat_type": "9-room", "attribute_area_sqm": "-5"}
    answer = await desk.client.post(url, data=wrong)
    assert answer.status_code == 422
    page = inspect(answer.text)
    named = {e.get("id") for e in page.iter("p") if (e.get("id") or "").endswith("-error")}
    assert named >= {"name-error", "attribute_flat_type-error", "attribute_area_sqm-error"}
    assert 'value="-5"' in answer.text
    right = {"name": "My flat", "attribute_flat_type": "5-room", "attribute_area_sqm": "110.50"}
    assert (await desk.client.post(url, data=right)).status_code == 303
    async with open_scope(tenant_scope(desk.tenant.id)):
        changed = await Account.get(id=found.id)
        assert changed.attributes == {"old": 1, "flat_type": "5-room", "is_reduced": False, "area_sqm": 110.5}
        act = await Audit.get(tenant_id=desk.tenant.id, act="account.changed")
        assert (act.before["flat_type"], act.after["flat_type"]) == ("4-room", "5-room")
    assert "110.5" in (await desk.get(url)).text


async def test_a_holder_is_added_changed_invited_and_ended(desk):
    found = await make.account(desk.tenant)
    url = f"{desk.root}/{found.id}"
    shown = await desk.client.get(f"{url}/holders/new", headers={"Accept-Language": "zh-CN"})
    assert "姓名" in text_of(inspect(shown.text))
    await desk.get(f"{url}/holders/new")
    given = {"name": "Ann Tan", "relation": "owner", "email": "ANN@example.com", "since": "2026-01-05"}
    assert (await desk.client.post(f"{url}/holders", data=given)).status_code == 303
    twice = await desk.client.post(f"{url}/holders", data=given)
    assert twice.status_code == 422
    assert "has this holder already" in twice.text
    inspect(twice.text)
    async with open_scope(tenant_scope(desk.tenant.id)):
        held = await Holder.get(account_id=found.id)
    assert (held.email, held.person_id, held.code_hash) == ("ann@example.com", None, None)
    one = f"{url}/holders/{held.id}"
    await desk.get(f"{one}/edit")
    assert (await desk.client.post(one, data=given | {"relation": "king"})).status_code == 422
    assert (await desk.client.post(one, data=given | {"relation": "proxy"})).status_code == 303
    assert (await desk.client.post(f"{one}/invitation")).status_code == 303
    async with open_scope(tenant_scope(desk.tenant.id)):
        notice = await Notice.get(tenant_id=desk.tenant.id)
        held = await Holder.get(id=held.id)
    assert notice.recipient == "ann@example.com"
    assert "/my/accounts?code=" in notice.body
    assert held.code_hash is not None
    await desk.get(f"{one}/ending")
    assert (await desk.client.post(f"{one}/ending", data={"until": "2025-01-01"})).status_code == 422
    assert (await desk.client.post(f"{one}/ending", data={"until": "2026-06-30"})).status_code == 303
    assert (await desk.client.post(f"{one}/invitation")).status_code == 409
    page = await desk.get(url)
    assert "Holder ended" in page.text
    async with open_scope(tenant_scope(desk.tenant.id)):
        assert (await Holder.get(id=held.id)).until == date(2026, 6, 30)
        acts = {a.act for a in await Audit.filter(tenant_id=desk.tenant.id)}
    assert acts == {"holder.added", "holder.changed", "holder.invited", "holder.ended"}


async def test_higher_rooms_add_panels(desk, monkeypatch):
    monkeypatch.setattr(panels, "_sources", [])

    async def mine(actor, account):
        return Panel("tenants/accounts/_holders.html", {"number": account.number})

    async def nothing(actor, account):
        return None

    add_panel(nothing)
    add_panel(mine, order=1)
    add_panel(mine)
    assert len(panels._sources) == 2
    found = await make.account(desk.tenant)
    assert (await desk.get(f"{desk.root}/{found.id}")).text.count(">Holders<") == 2


async def test_who_may_see_and_who_may_change(client, db, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    found = await make.account(tenant)
    held = await make.holder(found, None)
    url = f"/t/{tenant.slug}/accounts"
    reads = (url, f"{url}/{found.id}")
    writes = (
        f"{url}/{found.id}",
        f"{url}/{found.id}/closing",
        f"{url}/{found.id}/opening",
        f"{url}/{found.id}/holders",
        f"{url}/{found.id}/holders/{held.id}",
        f"{url}/{found.id}/holders/{held.id}/ending",
        f"{url}/{found.id}/holders/{held.id}/invitation",
    )
    for actor, read, write in (
        (await make.staff(tenant, "cashier"), 200, 403),
        (await make.staff(other), 404, 404),
    ):
        await make.sign_in(client, actor.person_id)
        assert {(await client.get(path)).status_code for path in reads} == {read}
        assert {(await client.post(path)).status_code for path in writes} == {write}
    await make.sign_in(client, (await make.staff(other)).person_id)
    theirs = f"/t/{other.slug}/accounts/{found.id}"
    for path in (theirs, f"{theirs}/edit", f"{theirs}/holders/{held.id}/edit"):
        assert (await client.get(path)).status_code == 404
    mine = await make.account(other)
    stolen = f"/t/{other.slug}/accounts/{mine.id}/holders/{held.id}"
    assert (await client.post(stolen, data={"name": "X", "relation": "owner"})).status_code == 404
