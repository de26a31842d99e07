"""Outpatient orders against the hospital's system: paid once, posted once, or given back, whatever the system does."""

import re
from datetime import UTC, datetime

import pytest

from billing.ledger import verify_ledger
from billing.models import Refund
from billing.payments.service import take_payment
from scenarios.hospital.his import connecting
from scenarios.hospital.his.contract import Posted, Posting
from scenarios.hospital.models import ClinicOrder, HisBreak, OrderBasket
from scenarios.hospital.orders import matching, posting, service
from tenants.days import today
from tenants.ids import new_id
from tenants.scope import execute
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from tests.scenarios.hospital.ward import Ward
from ui.errors import Conflict, Unavailable


async def basket_of(ward: Ward, *amounts: str):
    """A patient who owes so much, and a basket of all of it."""
    _, actor, account = await ward.house.mine()
    ward.charge(account.number, *amounts)
    listed, is_fresh = await service.look(account)
    assert is_fresh
    made = await service.pay(
        actor.within(ward.house.id),
        account=account,
        order_ids=[one.id for one in listed],
        seen_minor=sum(one.amount_minor for one in listed),
        key=new_id().hex,
    )
    return actor, account, made


async def paid(ward: Ward, basket: OrderBasket) -> None:
    assert basket.bill_id is not None
    await take_payment(
        ward.house.cashier, bills=[(basket.bill_id, basket.amount_minor)], method="cash", key=new_id().hex
    )


async def now(ward: Ward, basket: OrderBasket) -> OrderBasket:
    async with ward.house.scope():
        return await OrderBasket.get(tenant_id=ward.house.id, id=basket.id)


async def refunded(ward: Ward) -> int:
    async with ward.house.scope():
        return sum(one.amount_minor for one in await Refund.filter(tenant_id=ward.house.id))


async def test_several_orders_are_paid_together_and_posted_once(ward):
    actor, account, basket = await basket_of(ward, "12.50", "7.30")
    assert (basket.amount_minor, basket.status) == (1980, "paying")
    async with ward.house.scope():
        ids = [one.id for one in await ClinicOrder.filter(tenant_id=ward.house.id, account_id=account.id)]
    with pytest.raises(Conflict, match=r"order\.taken"):
        await service.pay(
            actor.within(ward.house.id), account=account, order_ids=ids, seen_minor=1980, key=new_id().hex
        )
    await paid(ward, basket)
    assert (await now(ward, basket)).status == "confirming"
    await run_due(ward.house.id)
    await posting.push(ward.house.system, basket.id)
    assert (await now(ward, basket)).status == "posted"
    assert [one.amount_minor for one in await ward.standing(basket)] == [1980]
    assert await service.look(account) == ([], True)
    async with ward.house.scope():
        assert await verify_ledger(ward.house.id) == []


@pytest.mark.parametrize(
    "kind", ["error_before", "error_after", "drop_before", "drop_after", "his_duplicate"]
)
async def test_whatever_is_lost_on_the_way_it_is_posted_once(ward, kind):
    _, _, basket = await basket_of(ward, "5.00")
    await paid(ward, basket)
    if kind == "his_duplicate":
        await run_due(ward.house.id)
        async with ward.house.scope():
            await execute(
                "update hospital_basket set status = 'confirming' where tenant_id = $1", ward.house.id
            )
    ward.fault(kind, times=1)
    for _ in range(3):
        await posting.push(ward.house.system, basket.id)
    assert (await now(ward, basket)).status == "posted"
    assert len(await ward.standing(basket)) == 1
    assert await refunded(ward) == 0


async def test_a_refusal_and_a_wrong_amount_give_the_money_back(ward):
    _, _, wrong = await basket_of(ward, "5.00")
    await paid(ward, wrong)
    ward.fault("his_wrong_amount", times=1)
    await run_due(ward.house.id)
    found = await now(ward, wrong)
    assert (found.status, found.is_cleared) == ("refunded", True)
    assert await ward.standing(wrong) == []
    assert await refunded(ward) == 500


async def test_a_silent_system_ends_posted_when_it_wakes_and_nothing_is_paid_twice_meanwhile(ward):
    actor, account, basket = await basket_of(ward, "5.00")
    ward.fault("timeout_after", times=2, seconds=1)
    await paid(ward, basket)
    await posting.push(ward.house.system, basket.id)
    assert (await now(ward, basket)).status == "confirming"
    listed, _ = await service.look(account)
    assert [one.status for one in listed] == ["confirming"]
    with pytest.raises(Conflict, match=r"order\.taken"):
        await service.pay(
            actor.within(ward.house.id),
            account=account,
            order_ids=[listed[0].id],
            seen_minor=500,
            key=new_id().hex,
        )
    for _ in range(3):
        await posting.push(ward.house.system, basket.id)
    assert (await now(ward, basket)).status == "posted"
    assert len(await ward.standing(basket)) == 1


async def test_silent_for_ten_minutes_it_goes_back_by_itself_and_nothing_stands_there(ward):
    actor, account, basket = await basket_of(ward, "5.00")
    ward.fault("drop_after", operation="*")
    await paid(ward, basket)
    async with ward.house.scope():
        await execute(
            "update hospital_basket set paid_at = now() - interval '11 minutes' where tenant_id = $1 and id = $2",
            ward.house.id,
            basket.id,
        )
    await posting.push(ward.house.system, basket.id)
    found = await now(ward, basket)
    assert (found.status, found.is_cleared) == ("refunded", False)
    assert await refunded(ward) == 500
    with pytest.raises(Unavailable):
        await service.pay(
            actor.within(ward.house.id), account=account, order_ids=[new_id()], seen_minor=0, key="x"
        )
    await posting.clear(ward.house.system, basket.id)
    assert not (await now(ward, basket)).is_cleared
    ward.clear()
    assert len(await ward.standing(basket)) == 1
    await posting.clear(ward.house.system, basket.id)
    assert (await now(ward, basket)).is_cleared
    assert await ward.standing(basket) == []
    listed, _ = await service.look(account)
    assert [one.status for one in listed] == ["billable"]


async def test_each_kind_of_difference_is_found_named_and_closed_with_a_reason(ward):
    _, _, good = await basket_of(ward, "5.00")
    _, _, unposted = await basket_of(ward, "6.00")
    for one in (good, unposted):
        await paid(ward, one)
        await run_due(ward.house.id)
    (posted,) = await ward.standing(unposted)
    async with ward.house.scope():
        his = await connecting.his_of(ward.house.id)
        await execute("update hospital_basket set paid_at = now() where tenant_id = $1", ward.house.id)
    await his.reverse(posted)
    _, _, account = await ward.house.mine()
    ward.charge(account.number, "9.00")
    (order,) = await his.unpaid_orders(account.number)
    await his.post(Posting("somebody-else", account.number, [order.id], 900))
    day = today("Asia/Singapore")
    await matching.match_day(ward.house.finance, day)
    await matching.match_day(ward.house.finance, day)
    async with ward.house.scope():
        found = {one.kind: one for one in await HisBreak.filter(tenant_id=ward.house.id)}
        assert set(found) - {"cut_off"} in ({"refund_one_side", "posted_not_paid"}, {"posted_not_paid"})
        assert found["posted_not_paid"].theirs_minor == 900
        await matching.close(
            ward.house.finance, break_id=found["posted_not_paid"].id, reason="Paid at their till."
        )
        with pytest.raises(Conflict):
            await matching.close(ward.house.finance, break_id=found["posted_not_paid"].id, reason="Again.")


async def test_differences_of_a_day_as_data():
    end = datetime(2026, 1, 2, tzinfo=UTC)

    def basket(status: str, amount: int, hour: int = 10) -> OrderBasket:
        paid_at = datetime(2026, 1, 1, hour, 45, tzinfo=UTC)
        return OrderBasket(id=new_id(), status=status, amount_minor=amount, paid_at=paid_at)

    def posted(one: OrderBasket | str, amount: int, *, is_cancelled: bool = False):
        key = one if isinstance(one, str) else str(one.id)
        return Posted("x", key, amount, is_cancelled)

    same, less, gone, back, away, late = (
        basket("posted", 1), basket("posted", 2), basket("posted", 3), basket("refunded", 4), basket("posted", 5),
        basket("posted", 6, 23),
    )  # fmt: skip
    theirs = [
        posted(same, 1),
        posted(less, 1),
        posted(back, 4),
        posted(away, 5, is_cancelled=True),
        posted("s", 7),
    ]
    ours = [same, less, gone, back, away, late]
    found = list(matching.differences(ours, theirs, {str(one.id) for one in ours}, ends_at=end))
    assert [(one.kind, one.ours_minor, one.theirs_minor) for one in found] == [
        ("amount_differs", 2, 1),
        ("paid_not_posted", 3, None),
        ("posted_not_paid", 0, 4),
        ("refund_one_side", 5, None),
        ("cut_off", 6, None),
        ("posted_not_paid", None, 7),
    ]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_pages_of_orders_say_where_the_money_is(ward, client, language):
    client.headers["Accept-Language"] = language
    person, _, account = await ward.house.mine()
    ward.charge(account.number, "12.50", "7.30")
    await make.sign_in(client, person.id)
    here = f"/my/care/patients/{account.id}/orders"
    page = await client.get(here)
    inspect(page.text)
    assert "Blood count" in page.text
    ids = re.findall(r'name="order" value="([^"]+)"', page.text)
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert len(ids) == 2
    assert key
    none = await client.post(here, data={"key": key[1]})
    assert none.status_code == 422
    inspect(none.text)
    seen = re.findall(r'name="seen" value="([^"]+)"', page.text)
    for other in ([], seen[:1], [f"{one}0" for one in seen], [f"{ids[0]} {'9' * 5000}"]):
        dearer = await client.post(here, data={"key": new_id().hex, "order": ids, "seen": other})
        assert dearer.status_code == 422, "nothing is paid that the page did not say"
    gone = await client.post(here, data={"key": new_id().hex, "order": new_id(), "seen": f"{new_id()} 1"})
    assert gone.status_code == 422, "what the hospital has withdrawn is said, and nothing breaks"
    inspect(gone.text)
    done = await client.post(here, data={"key": key[1], "order": ids, "seen": seen})
    assert done.headers["location"].startswith("/my/checkout?bill=")
    async with ward.house.scope():
        basket = await OrderBasket.get(tenant_id=ward.house.id, account_id=account.id)
    status = f"/my/care/payments/{basket.id}"
    for _ in range(2):
        inspect((await client.get(status)).text)
        inspect((await client.get(here)).text)
        if (await now(ward, basket)).status == "paying":
            await paid(ward, basket)
    await run_due(ward.house.id)
    inspect((await client.get(status)).text)
    stranger = await make.person()
    await make.sign_in(client, stranger.id)
    assert (await client.get(status)).status_code == 404
    assert (await client.get(here)).status_code == 404
    await make.sign_in(client, ward.house.finance.person_id)
    for path in ("his-payments", "his-payments?status=posted&q=M", "his-breaks", "his-payments?export=csv"):
        answer = await client.get(f"{ward.house.root}/{path}")
        assert answer.status_code == 200, path
    matched = await client.post(
        f"{ward.house.root}/his-breaks", data={"day": today("Asia/Singapore").isoformat()}
    )
    assert matched.status_code == 303
