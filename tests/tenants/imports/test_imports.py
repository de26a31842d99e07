"""From a file to accounts: matched, tried dry, imported, repeated."""

from datetime import UTC, datetime

import pytest

from scenarios.community.models import Building, Unit
from tenants.actor import system_actor
from tenants.imports import services
from tenants.kinds import Applied
from tenants.models import Account, Audit, Holder, Import
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.tenants.imports.uploads import FLAT, HEADER, Desk, csv_of, flat, xlsx_of

OLD = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_file_becomes_units_accounts_and_holders(desk):
    shop = {"type": "", "rate": "", "holder": "Sunrise", "email": ""}
    await desk.get(f"{desk.root}")
    await desk.get(f"{desk.root}/new")
    content = csv_of((*flat(), "flat"), (*flat(door="01-02", **shop), "shop"), header=(*HEADER, "Kind"))
    found = await desk.check(content)
    assert (found.state, found.counts) == (
        "checked",
        {"rows": 2, "good": 2, "refused": 0, "warned": 0, "added": 2, "changed": 0, "unchanged": 0},
    )
    assert await accounts(desk) == []
    page = await desk.get(f"{desk.root}/{found.id}")
    assert "2 rows are ready" in page.text
    done = await desk.apply(found)
    assert (done.state, done.counts["added"]) == ("applied", 2)
    await desk.get(f"{desk.root}/{found.id}")
    shop_account, home = await accounts(desk)
    assert (home.number, home.kind, home.place) == (
        "12A Bedok Sth Ave 2 #03-105",
        "unit",
        "12A Bedok Sth Ave 2",
    )
    assert home.attributes == {"flat_type": "4-room", "is_reduced": True, "area_sqm": 90}
    assert shop_account.attributes == {"has_living": False, "area_sqm": 90}
    async with open_scope(tenant_scope(desk.tenant.id)):
        assert [b.code for b in await Building.all()] == ["12A Bedok Sth Ave 2"]
        assert sorted((u.storey, u.door) for u in await Unit.all()) == [(1, "01-02"), (3, "03-105")]
        held = await Holder.all().order_by("name")
        assert [(h.name, h.relation, h.email, h.person_id) for h in held] == [
            ("Ann Tan", "owner", "ann@example.com", None),
            ("Sunrise", "owner", "", None),
        ]
        acts = {a.act for a in await Audit.filter(tenant_id=desk.tenant.id)}
        assert acts == {"import.requested", "import.applied"}


async def accounts(desk: Desk) -> list[Account]:
    async with open_scope(tenant_scope(desk.tenant.id)):
        return await Account.all().order_by("sort_key")


async def make_old(desk: Desk) -> None:
    async with open_scope(tenant_scope(desk.tenant.id)):
        await Account.all().update(updated_at=OLD)


async def test_repeating_adds_nothing_and_says_so(desk):
    content = csv_of(flat(), flat(door="03-106", holder="Bo Lim"))
    await desk.bring_in(content)
    await make_old(desk)
    before = [(a.id, a.updated_at) for a in await accounts(desk)]
    again = await desk.check(content)
    assert [again.counts[k] for k in ("added", "changed", "unchanged")] == [0, 0, 2]
    page = (await desk.get(f"{desk.root}/{again.id}")).text
    assert "This very file was imported" in page
    assert f"{again.id}/application" not in page, "an import that changes nothing is not offered"
    assert (await desk.client.post(f"{desk.root}/{again.id}/application")).status_code == 409
    actor = system_actor(desk.tenant.id)
    async with open_scope(actor.scope()):
        assert await services.spec_named(again.kind).apply(actor, again.id) == Applied(0, 0, 2)
    assert [(a.id, a.updated_at) for a in await accounts(desk)] == before


async def test_only_what_changed_is_written_and_the_confirmed_stay(desk):
    await desk.bring_in(csv_of(flat(), flat(door="03-106")))
    ann = await make.person("Ann Tan")
    async with open_scope(tenant_scope(desk.tenant.id)):
        held = await Holder.filter(tenant_id=desk.tenant.id).order_by("created_at", "id").first()
        await Holder.filter(id=held.id).update(person_id=ann.id, confirmed_at=held.created_at)
    await make_old(desk)
    rows = csv_of(flat(rate="normal", email="", area=""), flat(door="03-106"), flat(door="03-107"))
    done = await desk.bring_in(rows)
    assert [done.counts[k] for k in ("added", "changed", "unchanged")] == [1, 1, 1]
    first, second, third = await accounts(desk)
    assert first.attributes == {"flat_type": "4-room", "is_reduced": False, "area_sqm": 90}
    assert first.updated_at > OLD == second.updated_at
    assert third.number.endswith("#03-107")
    async with open_scope(tenant_scope(desk.tenant.id)):
        still = await Holder.filter(tenant_id=desk.tenant.id, person_id=ann.id)
        assert [(h.email, h.confirmed_at is not None) for h in still] == [("ann@example.com", True)]


async def test_the_same_address_is_the_same_unit_however_it_is_written(desk):
    await desk.bring_in(csv_of(flat()))
    again = await desk.check(csv_of(flat(building="12a", street="BEDOK STH AVE 2", door="03-105")))
    assert (again.counts["added"], again.counts["refused"]) == (0, 0)


async def test_unknown_columns_are_named_and_similar_ones_offered(desk):
    header = (*HEADER[:2], "Doors", *HEADER[3:], "Favourite colour")
    answer = await desk.upload(csv_of((*FLAT, "blue"), header=header))
    page = (await desk.get(answer.headers["location"])).text
    assert "Favourite colour" in page
    assert "The name is only similar" in page
    found = await desk.check(csv_of((*FLAT, "blue"), header=header))
    assert found.mapping["columns"]["door"] == "Doors"
    assert found.mapping["unknown"] == ["Favourite colour"]


async def test_a_problem_of_a_column_that_the_file_lacks_says_which_it_would_be(desk):
    found = await desk.check(csv_of(tuple(flat()[:3]) + flat()[4:], header=HEADER[:3] + HEADER[4:]))
    assert found.counts["refused"] == 1
    said = text_of(next(inspect((await desk.get(f"{desk.root}/{found.id}")).text).iter("tbody")))
    assert "Flat type" in said
    assert "is needed for a flat" in said


async def test_a_needed_column_must_be_chosen_and_none_twice(desk):
    answer = await desk.upload(csv_of(flat()))
    where = answer.headers["location"]
    missing = await desk.client.post(where, data={"field_building": "Building"})
    assert missing.status_code == 422
    inspect(missing.text)
    assert "Enter" in missing.text or "Door" in missing.text
    twice = await desk.client.post(where, data={"field_building": "Building", "field_door": "Building"})
    assert twice.status_code == 422
    assert "already used for another field" in twice.text


async def test_columns_are_remembered_for_the_next_file(desk):
    header = ("Where", *HEADER[1:])
    await desk.check(csv_of(flat(), header=header), field_building="Where")
    answer = await desk.upload(csv_of(flat(door="09-01"), header=header))
    page = inspect((await desk.get(answer.headers["location"])).text)
    chosen = next(s for s in page.iter("select") if s.get("name") == "field_building")
    assert [o.get("value") for o in chosen.iter("option") if o.get("selected") is not None] == ["Where"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_bad_row_is_named_and_can_be_taken_along(desk, language):
    desk.client.headers["Accept-Language"] = language
    content = csv_of(
        flat(),
        flat(door="03-106", area="-5"),
        flat(door="03-107", area="90.123"),
        flat(door="03-108", type="9-room"),
        flat(building="12a"),
        flat(door="03-109", holder="", relation=""),
        flat(door="03-110", email="nobody"),
        flat(door="03-111", type="executive", rate="reduced"),
        flat(door="", holder="=1+1"),
    )
    found = await desk.check(content)
    assert (found.counts["good"], found.counts["refused"]) == (1, 8)
    page = await desk.get(f"{desk.root}/{found.id}")
    table = text_of(inspect(page.text))
    for value in ("-5", "90.123", "9-room", "#03-105", "nobody", "=1+1"):
        assert value in table
    assert ("same as row 2" in table) == (language == "en")
    only = await desk.get(f"{desk.root}/{found.id}?q=nobody")
    assert "90.123" not in text_of(next(e for e in inspect(only.text).iter("tbody")))
    listed = (await desk.get(f"{desk.root}/{found.id}?export=csv")).text
    assert listed.count("\n") >= 10
    taken = (await desk.get(f"{desk.root}/{found.id}/rejected?as=csv")).content.decode("utf-8-sig")
    assert taken.count("\r\n") == 9
    assert "'=1+1" in taken
    assert (await desk.get(f"{desk.root}/{found.id}/rejected?as=xlsx")).content.startswith(b"PK")
    corrected = taken.replace("-5,", "5,").encode()
    fixed = await desk.check(corrected, "rejected.csv")
    assert fixed.counts["good"] >= 1


async def test_formulas_are_read_by_their_value_and_pointed_out(desk):
    found = await desk.check(xlsx_of(flat(area="=45*2"), flat(door="03-106", holder="=cmd()")), "units.xlsx")
    assert (found.counts["good"], found.counts["warned"]) == (2, 2)
    page = await desk.get(f"{desk.root}/{found.id}?outcome=warned")
    assert "comes from a formula" in page.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_chinese_files_in_the_encodings_that_people_have(desk, encoding):
    header = ("楼号", "室号", "房型", "费率", "面积", "姓名", "关系")
    row = ("3号楼", "301", "三房式", "优惠", "65.5", "陈美玲", "业主")
    done = await desk.bring_in(csv_of(row, header=header).decode().encode(encoding))
    assert done.counts["added"] == 1, done.mapping
    (made,) = await accounts(desk)
    assert (made.number, made.attributes["area_sqm"]) == ("3号楼 #301", 65.5)


async def test_tables_to_fill_in_come_back_without_a_complaint(desk):
    for kind, name in (("csv", "blank.csv"), ("xlsx", "blank.xlsx")):
        blank = await desk.get(f"{desk.root}/blank?kind=community_units&as={kind}")
        found = await desk.check(blank.content, name)
        assert (found.counts["good"], found.counts["refused"]) == (2, 0)
    await desk.get(f"{desk.root}/blank?kind=nothing", status=404)


async def test_a_closed_account_is_not_brought_back_by_a_file(desk):
    await desk.bring_in(csv_of(flat()))
    async with open_scope(tenant_scope(desk.tenant.id)):
        await Account.all().update(is_active=False)
    found = await desk.check(csv_of(flat()))
    assert (found.counts["good"], found.counts["refused"]) == (0, 1)
    page = await desk.get(f"{desk.root}/{found.id}")
    assert "is closed" in page.text
    assert (await desk.client.post(f"{desk.root}/{found.id}/application")).status_code == 409


async def test_who_may_import(client, db, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    owner, reader = await make.staff(tenant), await make.staff(tenant, "reader")
    stranger = await make.staff(other)
    desk = Desk(client, tenant)
    await make.sign_in(client, owner.person_id)
    found = await desk.check(csv_of(flat()))
    for actor, status in ((reader, 403), (stranger, 404)):
        await make.sign_in(client, actor.person_id)
        for path in ("", "/new", f"/{found.id}", f"/{found.id}/columns", f"/{found.id}/rejected"):
            assert (await client.get(desk.root + path)).status_code == status
        assert (await client.post(f"{desk.root}/{found.id}/application")).status_code == status
    theirs = Desk(client, other)
    assert (await client.get(f"{theirs.root}/{found.id}")).status_code == 404
    async with open_scope(tenant_scope(other.id)):
        assert await Import.all().count() == 0
