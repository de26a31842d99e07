"""Many at once, and a process that dies anywhere, with real commits."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from billing.channels.contract import Outcome
from billing.charges import numbering
from billing.holds import ending, keeping, late
from billing.holds.service import place as place_hold
from billing.models import Bill, Hold, Refund, Suspense
from billing.payments.settling import settle
from billing.plans import writing
from billing.plans.single import Charge
from tenants.ids import new_id
from tenants.scope import rows
from tests.billing.holds import seats as seating
from tests.billing.payments import world
from ui.errors import AppError, Conflict

STOCK, WISHES = 5, 50


class Full(Exception):
    """No seat is left."""


async def book(place, *, lock: str):
    """As a scenario does it: count what is taken under the lock of what is counted, then keep one more."""
    async with place.scope():
        await rows(
            f"select 1 from tenants_account where tenant_id = $1 and id = $2 {lock}",
            place.id,
            place.account.id,
        )
        taken = await Hold.filter(tenant_id=place.id, kind="seat", status__in=("held", "kept")).count()
        if taken >= STOCK:
            raise Full
        await place_hold(
            place.system,
            kind="seat",
            subject_id=new_id(),
            account_id=place.account.id,
            charges=[Charge(1000, "Seat")],
            until=datetime.now(UTC) + timedelta(minutes=15),
            key=new_id().hex,
        )


async def test_fifty_at_once_never_take_more_than_there_is(real_place, seats):
    answers = await asyncio.gather(
        *(book(real_place, lock="for update") for _ in range(WISHES)), return_exceptions=True
    )
    assert [answer for answer in answers if answer is not None and not isinstance(answer, Full)] == []
    assert await world.count(real_place, "billing_hold", "status = 'held'") == STOCK
    assert await world.ledger_is_right(real_place)


async def test_without_the_lock_they_would(real_place, seats):
    await asyncio.gather(*(book(real_place, lock="") for _ in range(WISHES)), return_exceptions=True)
    assert await world.count(real_place, "billing_hold", "status = 'held'") > STOCK


async def test_the_same_thing_is_held_once_however_many_ask(real_place, seats):
    subject = new_id()
    tries = (seating.take(real_place, subject=subject, key="form-1") for _ in range(8))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    made = {answer.id for answer in answers if isinstance(answer, Hold)}
    assert len(made) == 1
    assert await world.count(real_place, "billing_hold") == 1


async def while_another_is_being_written(place, seconds):
    """Place a hold while the transaction of another one is open; give up where it has to wait for that."""
    is_written = asyncio.Event()

    async def other():
        await is_written.wait()
        async with asyncio.timeout(seconds):
            return await seating.take(place)

    task = asyncio.create_task(other())  # made out here, so that it has a transaction of its own
    async with place.scope():
        await seating.take(place)
        is_written.set()
        return await task


async def given_up(place):
    async with place.scope():
        await seating.take(place)
        raise Full


async def test_nobody_waits_for_the_number_of_somebody_elses_bill(real_place, seats):
    """Numbers stay counted without a gap: in several books, of which each writer has one."""
    await asyncio.gather(*(seating.take(real_place) for _ in range(30)))
    await while_another_is_being_written(real_place, 10)
    with pytest.raises(Full):
        await given_up(real_place)
    await seating.take(real_place)
    async with real_place.scope():
        numbers = sorted([one.number for one in await Bill.filter(tenant_id=real_place.id)])
    books: dict[str, list[int]] = {}
    for number in numbers:
        book, _, counted = number.rpartition("-")
        books.setdefault(book, []).append(int(counted))
    assert len(numbers) == 33
    assert 1 < len(books) <= numbering.BOOKS
    assert all(counted == list(range(1, len(counted) + 1)) for counted in books.values())


async def test_counted_in_one_book_they_would(real_place, seats, monkeypatch):
    monkeypatch.setattr(writing, "held_books_of", numbering.books_of)
    with pytest.raises(TimeoutError):
        await while_another_is_being_written(real_place, 1)


async def land(place, attempt_id):
    async with place.scope():
        await settle(place.system, attempt_id, Outcome(state="succeeded"))


async def fate(place, hold):
    """Return what became of the money and of the place: both sides of the same story."""
    found = await seating.fresh(place, hold)
    async with place.scope():
        renewed = await Hold.get_or_none(tenant_id=place.id, renews_id=hold.id)
        back = await Refund.filter(tenant_id=place.id).count()
        open_money = await Suspense.filter(tenant_id=place.id, status="open").count()
    return found.status, renewed is not None, back, open_money


@pytest.mark.parametrize("is_free", [True, False])
async def test_money_in_the_last_second_is_kept_or_refunded_never_neither(
    real_place, outside, seats, is_free
):
    """The end and the money meet: whoever comes second finds what the first has written."""
    seats.is_free = is_free
    hold = await seating.take(real_place)
    started = await world.start(real_place, seating.bill_of(hold))
    await seating.over(real_place, hold)
    outside.pay(await world.attempt(real_place, started))

    async def close():
        async with real_place.scope():
            await ending._close(real_place.system, hold.id, hold.bill_id, "expired")

    sides = [land(real_place, started.attempt_id) for _ in range(3)] + [close() for _ in range(3)]
    await asyncio.gather(*sides)
    await world.hurry(real_place)
    status, is_renewed, back, open_money = await fate(real_place, hold)
    assert open_money == 0
    assert [status == "kept", is_renewed, back == 1].count(True) == 1
    assert await world.ledger_is_right(real_place)


async def test_a_payment_that_begins_while_the_end_closes_is_refused_or_waited_for(
    real_place, outside, seats
):
    for _ in range(5):
        hold = await seating.take(real_place)

        async def begin(one=hold):
            return await world.start(real_place, seating.bill_of(one))

        answers = await asyncio.gather(
            begin(), ending.cancel(real_place.system, hold.id), return_exceptions=True
        )
        assert all(isinstance(answer, AppError) for answer in answers if isinstance(answer, Exception)), (
            answers
        )
        live = await world.count(
            real_place, "billing_payment_part", f"is_live and bill_id = '{hold.bill_id}'"
        )
        status = (await seating.fresh(real_place, hold)).status
        assert (status, live) in {("held", 1), ("let_go", 0)}, "never let go while somebody is paying"


class Killed(BaseException):
    """What no ``except Exception`` sees, as a process that is gone."""


def die(*_args, **_given):
    raise Killed


END = [(ending, "withdraw"), (ending, "take_back"), (ending, "let_go"), (keeping, "publish")]


@pytest.mark.parametrize("step", END, ids=[name for _, name in END])
async def test_killed_at_the_end_it_ends_later(real_place, outside, seats, monkeypatch, step):
    hold = await seating.take(real_place)
    await world.start(real_place, seating.bill_of(hold))
    await seating.over(real_place, hold)
    monkeypatch.setattr(*step, die)
    with pytest.raises(Killed):
        await seating.end(real_place, hold)
    monkeypatch.undo()
    assert (await seating.fresh(real_place, hold)).status == "held"
    assert (await seating.bill(real_place, hold)).status == "issued"
    await seating.end(real_place, hold)
    assert (await seating.fresh(real_place, hold)).status == "let_go"
    assert await world.ledger_is_right(real_place)


async def test_killed_while_the_money_lands_it_lands_later_and_once(real_place, outside, seats, monkeypatch):
    hold = await seating.take(real_place)
    started = await world.start(real_place, seating.bill_of(hold))
    monkeypatch.setattr(keeping, "publish", die)
    with pytest.raises(Killed):
        await land(real_place, started.attempt_id)
    monkeypatch.undo()
    assert (await seating.fresh(real_place, hold)).status == "held"
    await land(real_place, started.attempt_id)
    await land(real_place, started.attempt_id)
    assert (await seating.fresh(real_place, hold)).status == "kept"
    assert await world.count(real_place, "billing_entry", "kind = 'payment.succeeded'") == 1


LATE = [(late, "allocate"), (late, "keep"), (late, "create")]


@pytest.mark.parametrize("step", LATE, ids=[name for _, name in LATE])
async def test_killed_while_late_money_is_decided_it_is_decided_once(
    real_place, outside, seats, monkeypatch, step
):
    seats.is_free = step[1] != "create"
    hold = await seating.take(real_place)
    started = await world.start(real_place, seating.bill_of(hold))
    async with real_place.scope():
        await settle(real_place.system, started.attempt_id, Outcome(state="expired"))
    await ending.cancel(real_place.system, hold.id)
    await land(real_place, started.attempt_id)
    async with real_place.scope():
        money = await Suspense.get(tenant_id=real_place.id)

    async def decide():
        async with real_place.scope():
            await late.came_late(real_place.system, money.id, hold.bill_id)

    monkeypatch.setattr(*step, die)
    with pytest.raises(Killed):
        await decide()
    monkeypatch.undo()
    await asyncio.gather(*(decide() for _ in range(4)))
    _, is_renewed, back, open_money = await fate(real_place, hold)
    assert (is_renewed, back, open_money) == ((True, 0, 0) if seats.is_free else (False, 1, 0))
    assert await world.ledger_is_right(real_place)


async def test_a_closed_thing_says_so(real_place, outside, seats):
    hold = await seating.take(real_place)
    await ending.cancel(real_place.system, hold.id)
    with pytest.raises(Conflict):
        await world.start(real_place, seating.bill_of(hold))
