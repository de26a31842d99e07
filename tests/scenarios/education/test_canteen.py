"""The canteen: served once, never below what there is, within limits; nobody at the counter knows who pays."""

import asyncio
import re
from datetime import timedelta

import pytest

from billing.models import Wallet, WalletMovement
from billing.wallets.topping_up import top_up
from scenarios.education.canteen import office, till
from scenarios.education.canteen.office import Dish, RightAsked
from scenarios.education.models import SchoolCard, SchoolConsent, SchoolSale
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope, value
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Forbidden, Invalid, NotFound

TODAY = make.today()


async def canteen(bank, *numbers: str):
    """A school with lunch at 5.00 and a snack with nuts at 2.00, and these pupils."""
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    await world.bring_in(tenant, staff, world.table(*(pupil(n, f"Child {n}") for n in numbers or ("A1",))))
    worker = await make.staff(tenant, "canteen", name="Wati")
    worker.place.update(staff.place)
    async with open_scope(tenant_scope(tenant.id)):
        lunch = await office.keep_dish(staff, Dish({"en": "Lunch"}, 500, is_meal=True))
        snack = await office.keep_dish(staff, Dish({"en": "Snack"}, 200, allergens=("nuts",)))
    return tenant, staff, worker, lunch, snack


async def fill(tenant, number: str, amount: int):
    """Put money on a pupil's card over the counter."""
    account = await world.account(tenant, number)
    parent = await make.person("Payer")
    async with open_scope(tenant_scope(tenant.id)):
        wallet = await till.wallet_of(tenant.id, account.id)
        asked = await top_up(
            make.payer(parent).within(tenant.id), wallet_id=wallet.id, amount_minor=amount, key=new_id().hex
        )
    await world.pay_at_desk(tenant, asked.bill_id)
    return wallet.id


async def sell(tenant, worker, scanned: str, *dishes, key: str = ""):
    async with open_scope(tenant_scope(tenant.id)):
        return await till.sell(
            worker, scanned=scanned, dish_ids=[one.id for one in dishes], key=key or new_id().hex
        )


async def left(tenant, wallet_id) -> int:
    async with open_scope(tenant_scope(tenant.id)):
        return (await Wallet.get(tenant_id=tenant.id, id=wallet_id)).balance_minor


async def test_a_pupil_is_served_once_for_each_sale_and_it_can_be_taken_back(db, bank):
    tenant, _, worker, lunch, snack = await canteen(bank)
    wallet = await fill(tenant, "A1", 2_000)
    sale = await sell(tenant, worker, " A1 ", lunch, snack, key="till-1")
    again = await sell(tenant, worker, "A1", lunch, snack, key="till-1")
    assert (sale.id, sale.price_minor, sale.paid_minor) == (again.id, 700, 700)
    assert await left(tenant, wallet) == 1_300
    async with open_scope(tenant_scope(tenant.id)):
        await till.undo(worker, sale.id)
        await till.undo(worker, sale.id)
    assert await left(tenant, wallet) == 2_000
    with pytest.raises(NotFound):
        await sell(tenant, worker, "nobody", lunch)
    with pytest.raises(Invalid):
        await sell(tenant, worker, "A1")


async def test_too_little_is_refused_and_leaves_no_trace(db, bank):
    tenant, _, worker, lunch, _ = await canteen(bank)
    wallet = await fill(tenant, "A1", 800)
    await sell(tenant, worker, "A1", lunch)
    with pytest.raises(Conflict) as refused:
        await sell(tenant, worker, "A1", lunch)
    assert "3.00" not in str(refused.value.message), "the counter does not learn what is left"
    assert await left(tenant, wallet) == 300
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolSale.filter(tenant_id=tenant.id).count() == 1


async def test_limits_blocks_and_allergies_stop_the_sale(db, bank):
    tenant, _, worker, lunch, snack = await canteen(bank)
    await fill(tenant, "A1", 5_000)
    parent = await world.parent(tenant, "A1")
    child = await world.child(parent, (await world.account(tenant, "A1")).id)

    async def set_card(**given):
        facts = {"daily_limit_minor": None, "alert_minor": None, "is_blocked": False} | given
        async with open_scope(tenant_scope(tenant.id)):
            await office.set_card(parent, child, **facts)

    await set_card(daily_limit_minor=600)
    await sell(tenant, worker, "A1", lunch)
    with pytest.raises(Conflict, match="limit"):
        await sell(tenant, worker, "A1", snack)
    await set_card(is_blocked=True)
    with pytest.raises(Conflict, match="blocked"):
        await sell(tenant, worker, "A1", snack)
    await set_card()
    async with open_scope(tenant_scope(tenant.id)):
        with pytest.raises(Conflict):
            await office.set_allergies(parent, child, ["nuts"], words="I agree.", agrees=False)
        assert (await SchoolCard.get(tenant_id=tenant.id)).allergies == ""
        await office.set_allergies(parent, child, ["nuts"], words="I agree.", agrees=True)
    with pytest.raises(Conflict, match="must not eat: Nuts"):
        await sell(tenant, worker, "A1", lunch, snack)
    await sell(tenant, worker, "A1", lunch)
    async with open_scope(tenant_scope(tenant.id)):
        await office.set_allergies(parent, child, [], words="No more.", agrees=False)
        assert (await SchoolCard.get(tenant_id=tenant.id)).allergies == ""
        assert [
            one.is_given
            for one in await SchoolConsent.filter(tenant_id=tenant.id).order_by("created_at", "id")
        ] == [True, False]
    await sell(tenant, worker, "A1", snack)


async def grant(tenant, staff, number: str, percent: int):
    account = await world.account(tenant, number)
    other = await make.staff(tenant, name="Head")
    other.place.update(staff.place)
    async with open_scope(tenant_scope(tenant.id)):
        asked = RightAsked(account.id, percent, TODAY, TODAY + timedelta(days=90), "Low income")
        right = await office.ask_right(staff, asked)
        with pytest.raises(Forbidden):
            await office.decide_right(staff, right.id, "approve")
        return await office.decide_right(other, right.id, "approve")


async def test_a_free_meal_a_day_and_nobody_at_the_counter_can_tell(client, db, bank):
    tenant, staff, worker, lunch, snack = await canteen(bank, "A1", "B1")
    await grant(tenant, staff, "A1", 100)
    wallet = await fill(tenant, "B1", 5_000)
    free = await sell(tenant, worker, "A1", lunch)
    assert (free.price_minor, free.paid_minor, free.movement_id) == (500, 0, None)
    with pytest.raises(Conflict):
        await sell(tenant, worker, "A1", lunch)
    await sell(tenant, worker, "B1", lunch)
    assert await left(tenant, wallet) == 4_500
    await make.sign_in(client, worker.person_id)
    root = f"/t/{tenant.slug}"
    assert (await client.get(root)).headers["location"] == f"{root}/till"
    pages = []
    async with open_scope(tenant_scope(tenant.id)):
        for sale in await SchoolSale.filter(tenant_id=tenant.id):
            await till.undo(worker, sale.id)
    for number in ("A1", "B1"):
        data = {"card": number, "dishes": str(lunch.id), "key": f"k-{number}"}
        page = await client.post(f"{root}/till", data=data)
        assert page.status_code == 200
        pages.append(
            text_of(inspect(page.text))
            .replace(number, "X")
            .replace("2 served", "n served")
            .replace("1 served", "n served")
            .replace("10.00", "5.00")
        )
    assert pages[0] == pages[1], "word for word the same"
    after = (
        await client.post(f"{root}/till", data={"card": "B1", "dishes": str(snack.id), "key": "k-s"})
    ).text
    chosen = re.findall(r'<input[^>]*name="dishes"[^>]*value="([^"]+)"[^>]*\bchecked', after)
    assert chosen == [str(lunch.id)], "the next pupil's tray is not the last one's"
    for hidden in ("canteen/rights", "accounts", "bills", "wallets", "canteen"):
        assert (await client.get(f"{root}/{hidden}")).status_code == 403, hidden
    listed = (await client.get(f"{root}/till/sales?export=csv")).text
    assert listed.count("5.00") >= 2
    assert "paid" not in listed.lower()


async def test_a_reduced_meal_takes_its_share_and_rounds_half_up(db, bank):
    tenant, staff, worker, lunch, snack = await canteen(bank)
    await grant(tenant, staff, "A1", 33)
    wallet = await fill(tenant, "A1", 1_000)
    sale = await sell(tenant, worker, "A1", lunch, snack)
    assert (sale.price_minor, sale.paid_minor) == (700, 535)
    assert await left(tenant, wallet) == 465
    assert till.reduction(333, 50) == 167


async def test_the_counter_sees_whose_card_it_is_and_what_the_family_has_set(client, db, bank):
    tenant, _, worker, lunch, snack = await canteen(bank)
    await fill(tenant, "A1", 1_000)
    parent = await world.parent(tenant, "A1")
    child = await world.child(parent, (await world.account(tenant, "A1")).id)
    async with open_scope(tenant_scope(tenant.id)):
        await office.set_card(parent, child, daily_limit_minor=600, alert_minor=None, is_blocked=False)
        await office.set_allergies(parent, child, ["nuts"], words="I agree.", agrees=True)
    await make.sign_in(client, worker.person_id)
    till_page = f"/t/{tenant.slug}/till"
    seen = []
    for dish in (snack, lunch):
        page = await client.post(till_page, data={"card": "A1", "dishes": str(dish.id), "key": new_id().hex})
        seen.append(text_of(inspect(page.text)))
    assert "Do not serve" in seen[0]
    assert "Served: Child A1" in seen[1]
    for words in ("Child A1", "3A", "Must not eat: Nuts", "The family allows SGD 6.00 in a day."):
        assert words in seen[0]
        assert words in seen[1]
    stranger = await client.post(till_page, data={"card": "??", "dishes": str(lunch.id), "key": "k"})
    assert "Must not eat" not in text_of(inspect(stranger.text))


async def test_the_familys_limit_is_on_its_own_money_and_stops_no_free_meal(db, bank):
    tenant, staff, worker, lunch, snack = await canteen(bank)
    await grant(tenant, staff, "A1", 100)
    await fill(tenant, "A1", 1_000)
    parent = await world.parent(tenant, "A1")
    child = await world.child(parent, (await world.account(tenant, "A1")).id)
    async with open_scope(tenant_scope(tenant.id)):
        await office.set_card(parent, child, daily_limit_minor=300, alert_minor=None, is_blocked=False)
    sale = await sell(tenant, worker, "A1", lunch)
    assert (sale.price_minor, sale.paid_minor) == (500, 0)
    assert (await sell(tenant, worker, "A1", snack)).paid_minor == 200
    with pytest.raises(Conflict, match="limit"):
        await sell(tenant, worker, "A1", snack)


TILLS = 12


async def many_tills(bank) -> tuple[int, int]:
    """Twelve tills serve one pupil at once, who has money for three lunches; return lunches served and what is left."""
    tenant, _, worker, lunch, _ = await canteen(bank)
    wallet = await fill(tenant, "A1", 1_600)
    await asyncio.gather(*(sell(tenant, worker, "A1", lunch) for _ in range(TILLS)), return_exceptions=True)
    async with open_scope(tenant_scope(tenant.id)):
        served = await SchoolSale.filter(tenant_id=tenant.id).count()
        moved = await value(
            "select sum(amount_minor) from billing_wallet_movement where tenant_id = $1", tenant.id
        )
    assert moved == await left(tenant, wallet)
    return served, await left(tenant, wallet)


async def test_twelve_tills_at_once_never_take_more_than_there_is(committed, bank):
    assert await many_tills(bank) == (3, 100)


async def test_the_same_sale_from_two_tills_is_one(committed, bank):
    tenant, _, worker, lunch, _ = await canteen(bank)
    wallet = await fill(tenant, "A1", 5_000)
    await asyncio.gather(*(sell(tenant, worker, "A1", lunch, key="same") for _ in range(8)))
    assert await left(tenant, wallet) == 4_500


async def test_below_what_the_family_has_named_it_is_told(db, bank):
    tenant, _, worker, lunch, _ = await canteen(bank)
    await fill(tenant, "A1", 1_200)
    parent = await world.parent(tenant, "A1")
    child = await world.child(parent, (await world.account(tenant, "A1")).id)
    async with open_scope(tenant_scope(tenant.id)):
        await office.set_card(parent, child, daily_limit_minor=None, alert_minor=800, is_blocked=False)
    await sell(tenant, worker, "A1", lunch)
    await sell(tenant, worker, "A1", lunch)
    async with open_scope(tenant_scope(tenant.id)):
        told = "select count(*) from tenants_notice where tenant_id = $1 and template = 'school.canteen_low'"
        assert await value(f"{told} and channel = 'in_app'", tenant.id) == 1, "once, when it falls below"
        assert await value(f"{told} and channel = 'email'", tenant.id) >= 1, (
            "who does not look here is written to"
        )


async def test_the_familys_and_the_offices_pages(client, db, bank):
    tenant, staff, _, lunch, _ = await canteen(bank)
    parent = await world.parent(tenant, "A1")
    account = await world.account(tenant, "A1")
    await make.sign_in(client, parent.person_id)
    root = f"/my/school/{account.id}/canteen"
    for language in ("en", "zh-CN"):
        inspect((await client.get(root, headers={"Accept-Language": language})).text)
    paid = await client.post(f"{root}/top-ups", data={"amount_minor": "30", "key": "k1"})
    assert paid.headers["location"].startswith("/my/checkout?bill=")
    assert (await client.post(f"{root}/top-ups", data={"amount_minor": "0"})).status_code == 422
    assert (await client.post(f"{root}/limits", data={"daily_limit_minor": "12"})).status_code == 303
    assert 'value="12.00"' in (await client.get(root)).text, "saved again it stays what it is"
    refused = await client.post(f"{root}/food", data={"allergies": "nuts"})
    assert refused.status_code == 422
    inspect(refused.text)
    assert (await client.post(f"{root}/food", data={"allergies": "nuts", "agrees": "1"})).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        card = await SchoolCard.get(tenant_id=tenant.id)
        assert (card.daily_limit_minor, card.allergies) == (1_200, "nuts")
        assert await WalletMovement.filter(tenant_id=tenant.id).count() == 0
    await make.sign_in(client, staff.person_id)
    office_root = f"/t/{tenant.slug}/canteen"
    for path in ("", "/dishes/new", f"/dishes/{lunch.id}", "/rights", "/rights/new"):
        inspect((await client.get(office_root + path)).text)
    assert 'value="5.00"' in (await client.get(f"{office_root}/dishes/{lunch.id}")).text
    data = {"name_en": "Soup", "price_minor": "3.50", "is_active": "1", "allergens": "milk"}
    assert (await client.post(f"{office_root}/dishes", data=data)).status_code == 303
    assert "Soup" in (await client.get(office_root)).text
    day = TODAY.isoformat()
    right = {"number": "A1", "percent": "100", "first_on": day, "last_on": day, "reason": "Low income"}
    assert (await client.post(f"{office_root}/rights", data=right)).status_code == 303
    listed = await client.get(f"{office_root}/rights")
    address = listed.text.split(f'href="{office_root}/rights/')[2].split('"')[0]
    inspect((await client.get(f"{office_root}/rights/{address}")).text)
    assert (await client.post(f"{office_root}/rights", data=right | {"number": "none"})).status_code == 422
