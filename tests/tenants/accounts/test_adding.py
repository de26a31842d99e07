"""One account is added by hand, for every kind of every scenario, and closed with a last day."""

from datetime import date

import pytest

from scenarios import registry
from scenarios.community.models import Building, Unit
from tenants.accounts.adding import sortable
from tenants.kinds import Attribute
from tenants.models import Account, Audit
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenario import MINIATURE
from tests.tenants.imports.uploads import csv_of, flat

EVERY = [
    (scenario, kind)
    for scenario in (*registry.load(), MINIATURE)
    for kind in scenario.kinds.account_kinds
    if kind.is_by_hand
]


def sample(attribute: Attribute) -> str:
    samples = {"decimal": "85.5", "integer": "3", "boolean": "1", "text": "x"}
    return next(iter(attribute.choices), "") or samples[attribute.type]


@pytest.mark.parametrize(("scenario", "kind"), EVERY, ids=[f"{s.key}.{k.key}" for s, k in EVERY])
async def test_every_kind_of_every_scenario_is_added_by_hand(client, db, bank, scenario, kind):
    tenant = await make.tenant(bank, scenario=scenario.key)
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    root, chosen = f"/t/{tenant.slug}/accounts", f"{scenario.key}.{kind.key}"
    for language in ("en", "zh-CN"):
        for page in (root, f"{root}/new", f"{root}/new?kind={chosen}"):
            inspect((await client.get(page, headers={"Accept-Language": language})).text)
    empty = await client.post(f"{root}?kind={chosen}", data={"place": "Here & there"})
    assert empty.status_code == 422
    assert 'value="Here &amp; there"' in empty.text
    given = {f"attribute_{one.key}": sample(one) for one in kind.attributes}
    made = await client.post(f"{root}?kind={chosen}", data={"number": "9 New St #02-10", **given})
    assert made.status_code == 303, text_of(inspect(made.text))
    assert "9 New St #02-10" in (await client.get(made.headers["location"])).text
    again = await client.post(
        f"{root}?kind={chosen}", data={"number": "9 NEW st  #02-10".replace("  ", " "), **given}
    )
    assert again.status_code == 422
    assert "There is an account with this number already." in again.text
    async with open_scope(tenant_scope(tenant.id)):
        account = await Account.get(tenant_id=tenant.id)
        act = await Audit.get(tenant_id=tenant.id, act="account.added")
    assert (account.kind, account.name, account.is_active) == (kind.key, "9 New St #02-10", True)
    assert set(account.attributes) == {one.key for one in kind.attributes}
    assert act.after["number"] == account.number


async def test_a_flat_added_by_hand_is_the_one_that_a_file_means(client, db, bank):
    from tests.tenants.imports.uploads import Desk  # noqa: PLC0415 - its routes are needed by this test alone

    tenant = await make.tenant(bank)
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    desk = Desk(client, tenant)
    await desk.bring_in(csv_of(flat(door="03-106")))
    async with open_scope(tenant_scope(tenant.id)):
        known = await Account.get(tenant_id=tenant.id)
    number = known.number.replace("#03-106", "#03-107").lower()
    made = await client.post(
        f"/t/{tenant.slug}/accounts?kind=community.unit",
        data={"number": number, "attribute_flat_type": "4-room", "attribute_is_reduced": "1"},
    )
    assert made.status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        assert await Building.filter(tenant_id=tenant.id).count() == 1
        assert sorted(await Unit.all().values_list("door", "storey")) == [("03-106", 3), ("03-107", 3)]
        added = await Account.exclude(id=known.id).get(tenant_id=tenant.id)
        assert added.place == known.place
        assert added.sort_key.split()[:4] == known.sort_key.split()[:4]
    again = await desk.check(csv_of(flat(door="03-107")))
    assert (again.counts["added"], again.counts["refused"]) == (0, 0)


async def test_an_account_is_closed_with_its_last_day_and_opened_again(client, db, bank):
    tenant = await make.tenant(bank)
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    found = await make.account(tenant)
    url = f"/t/{tenant.slug}/accounts/{found.id}"
    inspect((await client.get(f"{url}/closing")).text)
    late = await client.post(f"{url}/closing", data={"closed_on": "2999-01-01"})
    assert late.status_code == 422
    assert "Choose today or an earlier day" in late.text
    assert (await client.post(f"{url}/closing", data={"closed_on": "2026-03-31"})).status_code == 303
    assert "This account was closed on Mar 31, 2026" in (await client.get(url)).text
    async with open_scope(tenant_scope(tenant.id)):
        closed = await Account.get(id=found.id)
        act = await Audit.get(tenant_id=tenant.id, act="account.closed")
    assert (closed.is_active, closed.closed_on, act.after) == (
        False,
        date(2026, 3, 31),
        {"until": "2026-03-31"},
    )
    assert (await client.post(f"{url}/opening")).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        opened = await Account.get(id=found.id)
    assert (opened.is_active, opened.closed_on) == (True, None)


async def test_only_who_may_change_accounts_adds_and_closes(client, db, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    found = await make.account(tenant)
    root = f"/t/{tenant.slug}/accounts"
    for who, status in ((await make.staff(tenant, "cashier"), 403), (await make.staff(other), 404)):
        await make.sign_in(client, who.person_id)
        assert (await client.get(f"{root}/new")).status_code == status
        answer = await client.post(f"{root}?kind=community.unit", data={"number": "1"})
        assert answer.status_code == status
        answer = await client.post(f"{root}/{found.id}/closing", data={"closed_on": "2026-01-01"})
        assert answer.status_code == status
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    assert (await client.post(f"{root}?kind=miniature.member", data={"number": "1"})).status_code == 404


def test_numbers_sort_as_people_count() -> None:
    numbers = ["Blk 10 #01-2", "Blk 2 #01-10", "Blk 2 #01-9"]
    assert sorted(numbers, key=sortable) == ["Blk 2 #01-9", "Blk 2 #01-10", "Blk 10 #01-2"]
