"""Guests of a home: the owner, the guest with some rights, the guest without, the stranger; and how it ends."""

import re

import pytest

from billing.models import Bill
from billing.payments.choosing import must_see
from scenarios.community.models import VisitorPass, VoteEntry, WorkOrder
from scenarios.community.service import orders, settings
from scenarios.community.service.orders import Report
from scenarios.community.visitors import passes
from tenants.accounts import guests
from tenants.accounts.codes import confirmation_code
from tenants.accounts.confirmation import confirm_holder
from tenants.accounts.guests import Guest
from tenants.models import Audit, Holder
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect
from tests.scenarios.community.estate import month_back
from tests.scenarios.community.test_life import SOON, opened
from ui.errors import Forbidden, Invalid, NotFound

LAST_MONTH = month_back(1)


@pytest.fixture
async def home(place):
    """A billed flat with a repair, a visitor and a vote; its owner, and a guest who may see repairs alone."""
    flat = place.flats[0]
    ann, ben = await make.person("Ann Tan"), await make.person("Ben Tan")
    await make.holder(flat, ann)
    await place.bill(LAST_MONTH)
    owner = make.payer(ann)
    async with place.scope():
        kind = (await settings.categories(place.tenant.id))[0]
        await orders.report(owner, place.tenant.id, Report(kind.id, "It drips.", account_id=flat.id))
        await passes.issue(owner, place.tenant.id, flat.id, SOON)
    await opened(place)
    return owner, await let_in(place, owner, ben, ["repairs"])


async def let_in(place, owner, person, sees, account=None):
    wish = Guest(person.name, f"{person.id}@example.com", "family", sees)
    async with place.scope():
        made = await guests.invite(owner, place.tenant.id, (account or place.flats[0]).id, wish)
    await confirm_holder(make.payer(person), confirmation_code(made))
    return make.payer(person), made.id


async def seen_by(person_id) -> list[int]:
    async with open_scope(person_scope(person_id)):
        return [await model.all().count() for model in (Bill, WorkOrder, VisitorPass, VoteEntry)]


async def test_each_sees_what_was_chosen_and_the_stranger_nothing(place, home):
    owner, (guest, guest_id) = home
    stranger = await make.person("Nobody")
    assert await seen_by(owner.person_id) == [1, 1, 1, 1]
    assert await seen_by(guest.person_id) == [0, 1, 0, 0]
    assert await seen_by(stranger.id) == [0, 0, 0, 0]
    async with place.scope():
        await guests.allow(owner, place.tenant.id, place.flats[0].id, guest_id, sees=["bills", "visitors"])
    assert await seen_by(guest.person_id) == [1, 0, 1, 0]
    async with place.scope():
        assert (
            await Audit.filter(tenant_id=place.tenant.id, act__in=["guest.invited", "guest.changed"]).count()
            == 2
        )


async def test_who_may_look_may_not_pay_until_it_is_given(place, home):
    owner, (guest, guest_id) = home
    async with place.scope():
        bill = await Bill.get(tenant_id=place.tenant.id, account_id=place.flats[0].id)
        await guests.allow(owner, place.tenant.id, place.flats[0].id, guest_id, sees=["bills"])
    with pytest.raises(Forbidden):
        await must_see(guest, place.tenant.id, [bill.id])
    async with place.scope():
        changed = await guests.allow(owner, place.tenant.id, place.flats[0].id, guest_id, sees=["pay"])
    assert changed.sees == ["bills", "pay"], "who pays sees what"
    await must_see(guest, place.tenant.id, [bill.id])
    await must_see(owner, place.tenant.id, [bill.id])


async def test_it_ends_at_once_and_a_code_does_not_work_again(place, home):
    owner, (guest, guest_id) = home
    async with place.scope():
        code = confirmation_code(await Holder.get(tenant_id=place.tenant.id, id=guest_id))
        await guests.end(owner, place.tenant.id, place.flats[0].id, guest_id)
    assert await seen_by(guest.person_id) == [0, 0, 0, 0]
    with pytest.raises(Invalid):
        await confirm_holder(guest, code)
    again, _ = await let_in(place, owner, await make.person("Ben Tan"), ["visitors"])
    assert await seen_by(again.person_id) == [0, 0, 1, 0]
    async with place.scope():
        await guests.leave(again, place.tenant.id, place.flats[0].id)
    assert await seen_by(again.person_id) == [0, 0, 0, 0]


async def test_only_who_holds_it_themselves_invites_and_only_at_home(place, home):
    owner, (guest, _) = home
    wish = Guest("Cy", "cy@example.com", "family", ["bills"])
    for who, account in (
        (guest, place.flats[0]),
        (owner, place.flats[1]),
        (make.payer(await make.person()), place.flats[0]),
    ):
        with pytest.raises(NotFound):
            async with place.scope():
                await guests.invite(who, place.tenant.id, account.id, wish)
    async with place.scope():
        with pytest.raises(Invalid):
            await guests.invite(
                owner, place.tenant.id, place.flats[0].id, Guest("Cy", "cy@example.com", "family", [])
            )
        with pytest.raises(Invalid):
            await guests.invite(
                owner,
                place.tenant.id,
                place.flats[0].id,
                Guest("Ben Tan", "b@example.com", "family", ["pay"]),
            )


async def test_a_guest_elsewhere_keeps_their_own_home_whole(place, home):
    owner, _ = home
    cho = await make.person("Cho")
    await make.holder(place.flats[1], cho)
    await let_in(place, owner, cho, ["repairs"])
    assert await seen_by(cho.id) == [1, 1, 0, 1], "their own bill and vote, the other home's repair"


async def test_a_guest_changes_no_charge_and_is_reminded_of_nothing(place):
    """The days that an account is charged for are its holder's; the guest, who has no first day, does not count."""
    flat, first = place.flats[1], LAST_MONTH.replace(day=11)
    host = await make.person("New")
    await make.holder(flat, host, since=first)
    await let_in(place, make.payer(host), await make.person("Kim"), ["bills"], flat)
    await place.bill(LAST_MONTH)
    (line,) = await place.lines(flat, "service")
    assert line.inputs["active:from"] == first.isoformat()


async def test_no_table_that_a_holder_reads_forgets_the_guest(committed, owner):
    """Whatever a holder sees of an account by its policy, a guest sees only by their right; new tables are found."""
    found = await owner.fetch(
        "select c.relname, p.polpermissive, coalesce(rule, '') || coalesce(asked, '') sql from pg_policy p"
        " join pg_class c on c.oid = p.polrelid cross join pg_get_expr(p.polqual, p.polrelid) rule"
        " cross join lateral (select string_agg(prosrc, ' ') asked from pg_proc"
        " where strpos(rule, proname || '(') > 0) looks"
        " where c.relname ~ '^(billing|community)_'"
    )
    readable = {
        one["relname"] for one in found
        if one["polpermissive"] and "tenants_holder" in one["sql"] and re.search(r"\.account_id", one["sql"])
    }  # fmt: skip
    kept = {one["relname"] for one in found if not one["polpermissive"] and "scope_barred" in one["sql"]}
    others = {
        "community_notice": "notices are for everybody at home",
        "community_facility": "what can be booked, not what was",
        "community_lease": "whose days it is, and no money",
        "community_unit": "where the home is",
        "community_building": "where the home is",
        "community_pool": "seen by its shares, which are kept",
        "community_vote": "seen by its entries, which are kept",
    }
    assert readable - kept == set(others)
    assert kept, "the control: there are such policies"


async def test_the_pages(place, home, client):
    owner, (guest, guest_id) = home
    await make.sign_in(client, owner.person_id)
    address = f"/my/units/{place.flats[0].id}/people"
    page = await client.get(address)
    inspect(page.text)
    assert "Ben Tan" in page.text
    wrong = await client.post(address, data={"name": "Cy", "email": "cy@example.com"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    said = {"name": "Cy", "email": "cy@example.com", "relation": "resident", "sees": ["bills", "pay"]}
    assert (await client.post(address, data=said)).status_code == 303
    inspect((await client.get(f"{address}/{guest_id}")).text)
    assert (await client.post(f"{address}/{guest_id}", data={"sees": ["visitors"]})).status_code == 303
    await make.sign_in(client, guest.person_id)
    assert (await client.get(address)).status_code == 404
    shown = await client.get("/my/home")
    inspect(shown.text)
    assert "visitors/new" in shown.text
    assert "repairs/new" not in shown.text
    account = await client.get(f"/my/accounts/{place.flats[0].id}")
    inspect(account.text)
    assert "autopay" not in account.text
    assert (await client.get(f"/my/accounts/{place.flats[0].id}/autopay")).status_code == 404
    assert (await client.post(f"/my/units/{place.flats[0].id}/leaving")).status_code == 303
    assert (await client.get("/my/home")).text.count("visitors/new") == 0
