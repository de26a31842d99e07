"""Money reaches the lines it is meant for, exactly, and comes back off them exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import Allocation, BillLine
from billing.payments.allocating import LockedBill, allocate, spread, status_after, take_back
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world

AMOUNTS = st.lists(st.integers(0, 10**9), max_size=20)


@given(AMOUNTS, st.integers(0, 10**11))
def test_spreading_loses_nothing_and_fills_in_order(lefts, amount):
    given_out = spread(lefts, amount)
    assert sum(given_out) == min(amount, sum(lefts))
    assert all(0 <= share <= left for share, left in zip(given_out, lefts, strict=True))
    unfilled = [i for i, (share, left) in enumerate(zip(given_out, lefts, strict=True)) if share < left]
    assert all(not share for i in unfilled[:1] for share in given_out[i + 1 :])


def test_a_debt_below_zero_takes_nothing():
    assert spread([-5, 10], 7) == [0, 7]


def locked(status: str, total: int, paid: int) -> LockedBill:
    return LockedBill(new_id(), new_id(), "B1", status, "SGD", total, paid)


@pytest.mark.parametrize(
    ("status", "paid", "amount", "after"),
    [
        ("issued", 0, 40, "part_paid"),
        ("issued", 0, 100, "paid"),
        ("part_paid", 40, 60, "paid"),
        ("paid", 100, -40, "part_paid"),
        ("paid", 100, -100, "issued"),
        ("part_paid", 40, -40, "issued"),
        ("void", 40, -40, "void"),
    ],
)
def test_a_bill_follows_what_is_paid_of_it(status, paid, amount, after):
    assert status_after(locked(status, 100, paid), amount) == after


async def lines_of(place, bill):
    async with place.scope():
        found = await BillLine.filter(tenant_id=place.id, bill_id=bill.id).order_by("position")
    return [line.paid_minor for line in found]


async def test_a_part_pays_lines_in_order(place):
    bill = await world.bill(place, 3000, 2000, 1000)
    cashier = await make.staff(place.tenant, "cashier")
    await world.take(place, cashier, (bill, 3500))
    assert await lines_of(place, bill) == [3000, 500, 0]
    assert (await world.fresh(place, bill)).status == "part_paid"
    await world.take(place, cashier, (bill, 2500))
    assert await lines_of(place, bill) == [3000, 2000, 1000]
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_credit_lines_never_take_more_than_the_bill_asks(place):
    bill = await world.bill(place, 3000, -500, 1000)
    assert bill.total_minor == 3500
    await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 3500))
    assert await lines_of(place, bill) == [3000, 0, 500]
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_what_is_taken_back_leaves_the_last_line_first(place):
    bill = await world.bill(place, 3000, 2000)
    payment_id = await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 5000))
    async with place.scope():
        with pytest.raises(ValueError, match="5000"):
            await take_back(place.id, payment_id, new_id(), 5001)


async def test_more_than_is_left_stays_over(place):
    bill = await world.bill(place, 3000)
    payment_id = await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 1000))
    async with place.scope():
        done = await allocate(place.id, payment_id, {bill.id: 2500})
    assert (done.by_bill(), done.left_over_minor) == ({bill.id: 2000}, 500)
    async with place.scope():
        assert await Allocation.filter(tenant_id=place.id, payment_id=payment_id).count() == 2
