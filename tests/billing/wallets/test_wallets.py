"""Stored money comes in by any way to pay, is spent once for each cause, and goes back to where it came from."""

import asyncio
from types import SimpleNamespace

import asyncpg
import pytest

from billing.holds import ending
from billing.models import Hold, Refund, Wallet, WalletMovement, WalletTopUp
from billing.payments.service import reject_refund, request_refund
from billing.wallets.paying_out import pay_out
from billing.wallets.service import close_wallet, give_back, open_wallet, pay_bill, spend
from billing.wallets.topping_up import take_top_up, top_up
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world
from ui.errors import Conflict, Forbidden, Invalid, NotFound

CHANNELS = pytest.mark.parametrize("channel", ["stripe", "bank"])


async def ask(place, amount=5000, key=""):
    async with place.scope():
        payer = place.payer.within(place.id)
        return await top_up(payer, wallet_id=place.wallet.id, amount_minor=amount, key=key or new_id().hex)


async def filled(place, outside, amount=5000, channel="stripe"):
    asked = await ask(place, amount)
    started = await world.start(place, as_bill(asked), channel=channel)
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    return started


def as_bill(asked):
    return SimpleNamespace(id=asked.bill_id, total_minor=asked.amount_minor)


async def balance(place):
    async with place.scope():
        return (await Wallet.get(tenant_id=place.id, id=place.wallet.id)).balance_minor


async def buy(place, amount=1200, source=None, kind="sale"):
    async with place.scope():
        return await spend(
            place.system,
            wallet_id=place.wallet.id,
            amount_minor=amount,
            fee_item_id=place.lunch.id,
            source_kind=kind,
            source_id=source or new_id(),
        )


async def moves(place):
    async with place.scope():
        found = await WalletMovement.filter(tenant_id=place.id).order_by("created_at", "id")
    return [(each.kind, each.amount_minor, each.balance_minor) for each in found]


@CHANNELS
async def test_topped_up_by_any_channel(place, outside, wallet, channel):
    await filled(place, outside, channel=channel)
    assert await balance(place) == 5000
    assert await moves(place) == [("top_up", 5000, 5000)]
    assert await world.ledger_is_right(place)


async def test_topped_up_at_the_desk(place, outside, wallet):
    cashier = await make.staff(place.tenant, "cashier")
    with pytest.raises(Forbidden):
        await take_top_up(
            await make.staff(place.tenant, "reader"),
            wallet_id=wallet.id,
            amount_minor=2000,
            method="cash",
            key="k0",
        )
    paid = await take_top_up(cashier, wallet_id=wallet.id, amount_minor=2000, method="cash", key="k1")
    again = await take_top_up(cashier, wallet_id=wallet.id, amount_minor=2000, method="cash", key="k1")
    assert paid == again
    assert await balance(place) == 2000
    assert await world.ledger_is_right(place)


async def test_not_paid_in_time_it_never_happened(place, outside, wallet):
    asked = await ask(place)
    assert await world.ledger_is_right(place)
    async with place.scope():
        hold = await Hold.get(tenant_id=place.id, bill_id=asked.bill_id)
        with pytest.raises(Conflict):
            await close_wallet(place.system, wallet.id)
    await ending.cancel(place.system, hold.id)
    async with place.scope():
        assert (await WalletTopUp.get(tenant_id=place.id, id=asked.id)).status == "let_go"
        await close_wallet(place.system, wallet.id)
    assert await balance(place) == 0
    assert await world.ledger_is_right(place)


async def test_its_money_that_comes_late_is_stored_all_the_same(place, outside, wallet):
    asked = await ask(place)
    started = await world.start(place, as_bill(asked))
    attempt = await world.attempt(place, started)
    async with place.scope():
        hold = await Hold.get(tenant_id=place.id, bill_id=asked.bill_id)
    await ending.cancel(place.system, hold.id)
    outside.pay(attempt)
    await world.hurry(place, "billing.ask_attempt")
    assert await balance(place) == 5000
    assert await world.ledger_is_right(place)


async def test_bounds_and_amounts_say_what_is_wrong(place, outside, wallet):
    for amount, code in ((99, "wallet.bounds"), (5_000_001, "wallet.bounds"), (0, "wallet.amount")):
        with pytest.raises(Invalid) as wrong:
            await ask(place, amount)
        assert wrong.value.code == code
    with pytest.raises(NotFound):
        async with place.scope():
            await open_wallet(place.id, new_id(), "lunches")


async def test_spent_once_for_each_cause_and_never_more_than_there_is(place, outside, wallet):
    await filled(place, outside, 2000)
    source = new_id()
    first = await buy(place, 1200, source)
    assert (await buy(place, 1200, source)).id == first.id
    with pytest.raises(Conflict) as other:
        await buy(place, 1300, source)
    assert other.value.code == "wallet.reused"
    with pytest.raises(Conflict) as little:
        await buy(place, 801)
    assert little.value.code == "wallet.too_little"
    await buy(place, 800)
    assert await balance(place) == 0
    assert await world.ledger_is_right(place)


async def test_given_back_in_parts_never_more_than_was_spent(place, outside, wallet):
    await filled(place, outside, 2000)
    spent = await buy(place, 1200)

    async def back(amount, source):
        async with place.scope():
            return await give_back(
                place.system, movement_id=spent.id, source_kind="sale", source_id=source, amount_minor=amount
            )

    source = new_id()
    assert (await back(500, source)).id == (await back(500, source)).id
    with pytest.raises(Invalid):
        await back(701, new_id())
    with pytest.raises(Invalid, match="above zero"):
        await back(0, new_id())
    rest = new_id()
    assert (await back(None, rest)).amount_minor == 700
    assert (await back(None, rest)).amount_minor == 700
    with pytest.raises(Invalid):
        await back(None, new_id())
    assert await balance(place) == 2000
    assert await world.ledger_is_right(place)


async def test_it_pays_a_bill_and_a_refund_of_that_comes_back_into_it(place, outside, wallet):
    await filled(place, outside, 5000)
    bill = await world.bill(place, 3000)
    payer = place.payer.within(place.id)
    async with place.scope():
        paid = await pay_bill(payer, wallet_id=wallet.id, bill_id=bill.id, amount_minor=3000, key="b1")
        assert paid == await pay_bill(
            payer, wallet_id=wallet.id, bill_id=bill.id, amount_minor=3000, key="b1"
        )
    assert (await world.fresh(place, bill)).status == "paid"
    assert await balance(place) == 2000
    assert await world.count(place, "billing_receipt", f"payment_id = '{paid}'") == 1
    finance = await make.staff(place.tenant, "finance")
    async with place.scope():
        asked = await request_refund(
            finance, payment_id=paid, amount_minor=1000, seen_refundable_minor=3000, reason="x", key="r"
        )
        assert (await Refund.get(tenant_id=place.id, id=asked)).status == "succeeded"
    assert await balance(place) == 3000
    assert await world.ledger_is_right(place)
    other = await make.account(place.tenant)
    foreign = await world.bill(place, 100, account=other)
    with pytest.raises(NotFound):
        async with place.scope():
            await pay_bill(payer, wallet_id=wallet.id, bill_id=foreign.id, amount_minor=100, key="b2")


async def test_too_little_for_a_bill_changes_nothing(place, outside, wallet):
    bill = await world.bill(place, 3000)
    with pytest.raises(Conflict) as little:
        async with place.scope():
            await pay_bill(place.system, wallet_id=wallet.id, bill_id=bill.id, amount_minor=3000, key="b1")
    assert little.value.code == "wallet.too_little"
    assert (await world.fresh(place, bill)).status == "issued"
    assert await world.count(place, "billing_payment") == 0


async def out(place, actor, amount, key="o1", *, is_policy=False):
    async with place.scope():
        given = {"wallet_id": place.wallet.id, "amount_minor": amount, "reason": "leaves school"}
        return await pay_out(actor, **given, key=key, is_policy=is_policy)


@CHANNELS
async def test_paid_out_to_where_it_came_from(place, outside, wallet, channel):
    first = await filled(place, outside, 3000, channel)
    second = await filled(place, outside, 2000, channel)
    await buy(place, 1000)
    finance = await make.staff(place.tenant, "finance")
    made = await out(place, finance, 4000)
    assert made == await out(place, finance, 4000)
    assert await balance(place) == 0
    assert await world.ledger_is_right(place)
    await world.hurry(place, "billing.submit_refund")
    assert outside.refunded(place, await world.attempt(place, second)) == 2000
    assert outside.refunded(place, await world.attempt(place, first)) == 2000
    assert await world.ledger_is_right(place)
    with pytest.raises(Invalid):
        await out(place, finance, 1, "o2")


async def test_a_payout_that_is_refused_is_in_the_wallet_again(place, outside, wallet):
    await filled(place, outside, 3000)
    outside.fault("stripe", "refund_fail", "refunds", times=1)
    (made,) = await out(place, place.system, 3000, is_policy=True)
    assert await balance(place) == 0
    await world.hurry(place, "billing.submit_refund")
    outside.advance(6)
    await world.hurry(place, "billing.ask_refund")
    async with place.scope():
        refund = await Refund.get(tenant_id=place.id, id=made)
    assert (refund.status, refund.resolution) == ("failed", "taken_back")
    assert await balance(place) == 3000
    assert await world.ledger_is_right(place)


async def test_a_payout_above_the_limit_waits_for_another_person_who_may_refuse(place, outside, wallet):
    await filled(place, outside, 3000)
    asker = await make.staff(place.tenant, "administrator")
    with pytest.raises(Forbidden):
        await out(place, await make.staff(place.tenant, "reader"), 3000)
    (made,) = await out(place, asker, 3000)
    assert await balance(place) == 0
    async with place.scope():
        assert (await Refund.get(tenant_id=place.id, id=made)).status == "requested"
        await reject_refund(await make.staff(place.tenant, "finance"), refund_id=made, reason="not yet")
    assert await balance(place) == 3000
    assert await world.ledger_is_right(place)


async def test_a_top_up_is_not_refunded_past_its_wallet(place, outside, wallet):
    started = await filled(place, outside, 3000)
    finance = await make.staff(place.tenant, "finance")
    with pytest.raises(Conflict) as refused:
        async with place.scope():
            await request_refund(
                finance,
                payment_id=started.payment_id,
                amount_minor=3000,
                seen_refundable_minor=3000,
                reason="x",
                key="r",
            )
    assert refused.value.code == "wallet.refund"


async def test_many_tills_at_once_never_spend_below_the_floor(real_place, outside, real_wallet):
    await take_top_up(
        await make.staff(real_place.tenant, "cashier"),
        wallet_id=real_wallet.id,
        amount_minor=10_000,
        method="cash",
        key="k1",
    )
    source = new_id()
    same = [buy(real_place, 1000, source) for _ in range(5)]
    others = [buy(real_place, 1000) for _ in range(20)]
    answers = await asyncio.gather(*same, *others, return_exceptions=True)
    done = {answer.id for answer in answers if isinstance(answer, WalletMovement)}
    assert {answer.code for answer in answers if isinstance(answer, Conflict)} == {"wallet.too_little"}
    assert len(done) == 10
    assert await balance(real_place) == 0
    assert await world.ledger_is_right(real_place)


async def _unlocked(tenant_id, wallet_id):
    return await Wallet.get(tenant_id=tenant_id, id=wallet_id)


FLOOR = "billing_wallet_floor_check"


async def test_without_the_lock_postgresql_still_refuses(real_place, outside, real_wallet, monkeypatch):
    from billing.wallets import service  # noqa: PLC0415

    cashier = await make.staff(real_place.tenant, "cashier")
    await take_top_up(cashier, wallet_id=real_wallet.id, amount_minor=2000, method="cash", key="k1")
    monkeypatch.setattr(service, "lock", _unlocked)
    answers = await asyncio.gather(*(buy(real_place, 1000) for _ in range(8)), return_exceptions=True)
    assert any(isinstance(answer, asyncpg.CheckViolationError) for answer in answers), (
        "the last line of defence"
    )
    assert await balance(real_place) == 0


async def test_without_lock_and_check_more_would_be_spent_than_there_is(
    real_place, outside, real_wallet, monkeypatch, owner
):
    from billing.wallets import service  # noqa: PLC0415

    cashier = await make.staff(real_place.tenant, "cashier")
    await take_top_up(cashier, wallet_id=real_wallet.id, amount_minor=2000, method="cash", key="k1")
    monkeypatch.setattr(service, "lock", _unlocked)
    kept = await owner.fetchval(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = $1", FLOOR
    )
    await owner.execute(f"alter table billing_wallet drop constraint {FLOOR}")
    try:
        await asyncio.gather(*(buy(real_place, 1000) for _ in range(8)), return_exceptions=True)
        assert await balance(real_place) < 0
        async with real_place.scope():
            from billing import ledger  # noqa: PLC0415

            faults = {fault.check for fault in await ledger.verify_ledger(real_place.id)}
        assert "wallet is below its floor" in faults
        async with real_place.scope():
            from tenants.scope import execute  # noqa: PLC0415

            await execute(
                "update billing_wallet set floor_minor = balance_minor where tenant_id = $1", real_place.id
            )
    finally:
        await owner.execute(f"alter table billing_wallet add constraint {FLOOR} {kept}")


async def test_an_edited_balance_is_found(place, outside, wallet):
    from billing import ledger  # noqa: PLC0415
    from tenants.scope import execute  # noqa: PLC0415

    await filled(place, outside, 3000)
    async with place.scope():
        await execute("update billing_wallet set balance_minor = 3001 where tenant_id = $1", place.id)
        faults = {fault.check for fault in await ledger.verify_ledger(place.id)}
    assert faults == {"wallet is not its movements", "stored money in the journal is not what wallets hold"}


def test_the_readme_shows_how_a_top_up_lives():
    from pathlib import Path  # noqa: PLC0415

    from billing.payments.states import diagram, table  # noqa: PLC0415
    from billing.wallets import states  # noqa: PLC0415

    text = (Path(states.__file__).parent / "README.md").read_text()
    assert table(states.TOP_UP) in text
    assert diagram(states.TOP_UP) in text
