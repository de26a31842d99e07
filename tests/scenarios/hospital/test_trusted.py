"""A trusted person sees the bills and stored money of what the patient trusts them with, on generic pages too."""

from datetime import UTC, date, datetime

import pytest

from billing.models import Bill, Wallet
from billing.plans.single import Charge, issue_for
from billing.wallets.topping_up import take_top_up, top_up
from scenarios.hospital import patients
from scenarios.hospital.inpatient import admission
from tenants.accounts import services as holders
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Holder, Person
from tenants.scope import execute, open_scope, person_scope, value
from tests import make
from tests.page import inspect
from tests.scenarios.hospital.house import House
from ui.errors import Invalid


async def trusted(house: House, actor, account: Account, *purposes: str, name: str = "Neighbour") -> Person:
    who = await make.person(name)
    async with house.scope():
        holder, _ = await patients.trust(
            actor.within(house.id), account_id=account.id, name=name, purposes=[*purposes]
        )
        await Holder.filter(tenant_id=house.id, id=holder.id).update(
            person_id=who.id, confirmed_at=datetime.now(UTC)
        )
    return who


async def world(house: House):
    """A patient with a visit to pay, a stay with money in its deposit and a top-up that is asked for."""
    person, actor, account = await house.mine()
    visit = await house.book(account, await house.session(), actor=actor.within(house.id))
    async with house.scope():
        stay = await admission.admit(house.clerk, account_id=account.id, ward="3A", bed="3A-1")
    await take_top_up(
        house.cashier, wallet_id=stay.wallet_id, amount_minor=5_000, method="cash", key=new_id().hex
    )
    async with house.scope():
        asked = await top_up(house.clerk, wallet_id=stay.wallet_id, amount_minor=700, key=new_id().hex)
    return person, actor, account, visit, stay, asked


SEEN = {
    ("visits",): {"visit"},
    ("stays",): {"stay", "wallet"},
    ("reports",): set(),
    ("reports", "stays", "visits"): {"visit", "stay", "wallet"},
}


@pytest.mark.parametrize("purposes", SEEN)
async def test_generic_bills_and_wallets_show_what_was_granted_alone(house, client, purposes):
    _, actor, account, visit, stay, asked = await world(house)
    who = await trusted(house, actor, account, *purposes)
    await make.sign_in(client, who.id)
    pages = {
        "visit": f"/my/bills/{visit.bill_id}",
        "stay": f"/my/bills/{asked.bill_id}",
        "wallet": f"/my/wallets/{stay.wallet_id}",
    }
    for name, path in pages.items():
        answer = await client.get(path)
        assert answer.status_code == (200 if name in SEEN[purposes] else 404), (name, answer.status_code)
    is_whole = len(purposes) == 3
    assert (await client.get(f"/my/accounts/{account.id}/year")).status_code == (200 if is_whole else 404)
    page = (await client.get(f"/my/accounts/{account.id}", follow_redirects=True)).text
    inspect(page)
    assert ("50.00" in page) == is_whole
    owed = (await client.get("/my")).text
    assert str(visit.bill_id) not in owed or "visit" in SEEN[purposes]
    async with open_scope(person_scope(who.id)):
        assert await Wallet.exists(id=stay.wallet_id) == ("wallet" in SEEN[purposes])
        assert await value("select count(*) from billing_wallet_movement") == ("wallet" in SEEN[purposes])


async def test_a_stay_is_paid_by_who_is_trusted_with_stays_and_the_owner_still_sees_all(house, client):
    person, actor, account, visit, stay, asked = await world(house)
    who = await trusted(house, actor, account, "stays")
    await make.sign_in(client, who.id)
    assert (await client.get(f"/my/checkout?bill={asked.bill_id}")).status_code == 200
    assert (await client.get(f"/my/checkout?bill={visit.bill_id}")).status_code == 404
    async with house.scope():
        bill = await issue_for(
            house.clerk, account_id=account.id, charges=[Charge(400, fee_item_id=await _item(house))],
            due_on=date(2027, 1, 1), reference="X-1", key="x",
        )  # fmt: skip
    assert (await client.get(f"/my/bills/{bill.id}")).status_code == 404, "of neither half, so of the whole"
    await make.sign_in(client, person.id)
    for path in (f"/my/bills/{bill.id}", f"/my/bills/{visit.bill_id}", f"/my/wallets/{stay.wallet_id}"):
        assert (await client.get(path)).status_code == 200
    await make.sign_in(client, (await make.person()).id)
    assert (await client.get(f"/my/bills/{bill.id}")).status_code == 404


async def _item(house: House):
    return await value(
        "select id from billing_fee_item where tenant_id = $1 and key = 'outpatient'", house.id
    )


async def test_without_the_policies_the_same_person_would_see_the_stays_money(house):
    """The control: what keeps it from them is PostgreSQL, not a page."""
    _, actor, account, _, stay, asked = await world(house)
    who = await trusted(house, actor, account, "visits")
    async with house.scope():
        await execute("update tenants_holder set sees = null where tenant_id = $1", house.id)
    async with open_scope(person_scope(who.id)):
        assert await Wallet.exists(id=stay.wallet_id)
        assert await Bill.exists(id=asked.bill_id)


async def test_a_namesake_can_be_trusted_once_the_first_ones_part_has_ended(house):
    _, actor, account = await house.mine()
    await trusted(house, actor, account, "visits", name="Chen Wei")
    with pytest.raises(Invalid, match=r"patient\.name"):
        await trusted(house, actor, account, "stays", name="Chen Wei")
    for _ in range(2):
        async with house.scope():
            (one,) = await patients.proxies(house.id, account.id)
            await patients.distrust(actor.within(house.id), account_id=account.id, holder_id=one.id)
        await trusted(house, actor, account, "visits", name="Chen Wei")
    async with house.scope():
        (one,) = await patients.proxies(house.id, account.id)
        await holders.end_holder(house.chief, account.id, one.id, until=today(house.tenant.timezone))
    who = await trusted(house, actor, account, "stays", name="Chen Wei")
    async with house.scope():
        assert await Holder.filter(tenant_id=house.id, person_id=who.id, sees__isnull=False).count() == 1
