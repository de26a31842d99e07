"""Holds and stored money in the money core's own stories: whatever happens, place and money never part.

The channel's truth is the oracle, as in ``tests/billing/payments/test_model.py``; what the scenario heard is another.
``MONEY_EXAMPLES`` says how many stories are told.
"""

import os
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import billing.wallets.paying_out  # noqa: F401 - registers what it watches
from billing.channels import CHANNELS
from billing.holds import ending
from billing.holds.kinds import HOLD_KINDS, HoldKind, register_hold
from billing.holds.refunding import refund, returnable_minor
from billing.holds.service import place as place_hold
from billing.models import Bill, FeeItem, Hold, Refund, SettlementAccount, Suspense, Wallet, WalletMovement
from billing.payments.watching import LATE
from billing.plans.single import Charge
from billing.wallets.kinds import WALLET_KINDS, WalletKind, register_wallet
from billing.wallets.paying_out import pay_out
from billing.wallets.service import give_back, open_wallet, pay_bill, spend
from billing.wallets.topping_up import top_up
from tenants.ids import new_id
from tests import make
from tests.billing.holds import seats as seating
from tests.billing.holds.seats import Seats
from tests.billing.payments import world
from tests.billing.payments.fake_channel import Fake
from tests.billing.payments.story import ACTS, MERCHANT, Story
from tests.jobs import run_due

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "10"))
OWN = (
    *("hold", "hold", "start_whole", "start_whole", "end_hold", "cancel_hold", "late", "refund_hold", "gone"),
    *("top_up", "spend", "give_back", "wallet_bill", "pay_out"),
)
MOST_HOLDS = 5


class Keeping(Story):
    """A story of an institution that keeps seats, and stores money for lunches."""

    seats: Seats
    wallet: Wallet
    lunch: FeeItem

    async def act(self, name, n):
        try:
            await super().act(name, n)
        except Exception as error:
            raise AssertionError(f"{name}({n})") from error

    async def do_hold(self, _n):
        if len(await self.rows(Hold)) >= MOST_HOLDS:
            return
        async with self.place.scope():
            made = await place_hold(
                self.place.system,
                kind="seat",
                subject_id=new_id(),
                account_id=self.place.account.id,
                charges=[Charge(800, "Seat")],
                until=datetime.now(UTC) + timedelta(minutes=10),
                key=new_id().hex,
            )
            self.bills.append(await Bill.get(tenant_id=self.place.id, id=made.bill_id))

    async def do_start_whole(self, n):
        held = [hold for hold in await self.rows(Hold) if hold.status == "held"]
        if held:
            async with self.place.scope():
                bill = await Bill.get(tenant_id=self.place.id, id=held[n % len(held)].bill_id)
            await world.start(self.place, bill, channel="bank")

    async def do_end_hold(self, n):
        if hold := await self.chosen(Hold, n):
            await seating.over(self.place, hold)
            await seating.end(self.place, hold)

    async def do_cancel_hold(self, n):
        if hold := await self.chosen(Hold, n):
            await ending.cancel(self.place.system, hold.id)

    async def do_late(self, _n):
        await world.hurry(self.place, "billing.hold_came_late")

    async def do_refund_hold(self, n):
        if hold := await self.chosen(Hold, n):
            async with self.place.scope():
                left = await returnable_minor(hold)
                given = {"amount_minor": max(1, left // (1 + n % 2)), "reason": "Tier", "key": new_id().hex}
                if hold.kind == "seat":
                    await refund(self.place.system, hold_id=hold.id, is_policy=True, **given)

    async def do_gone(self, _n):
        self.seats.is_free = not self.seats.is_free

    async def do_top_up(self, n):
        if len(await self.rows(Hold)) < MOST_HOLDS:
            async with self.place.scope():
                await top_up(
                    self.place.system, wallet_id=self.wallet.id, amount_minor=500 + n * 100, key=new_id().hex
                )

    async def do_spend(self, n):
        async with self.place.scope():
            await spend(
                self.place.system,
                wallet_id=self.wallet.id,
                amount_minor=100 + n * 50,
                fee_item_id=self.lunch.id,
                source_kind="sale",
                source_id=new_id(),
            )

    async def do_give_back(self, n):
        spent = [move for move in await self.rows(WalletMovement) if move.kind == "spend"]
        if spent:
            async with self.place.scope():
                movement = spent[n % len(spent)].id
                await give_back(
                    self.place.system,
                    movement_id=movement,
                    source_kind="sale",
                    source_id=new_id(),
                    amount_minor=60,
                )

    async def do_wallet_bill(self, n):
        async with self.place.scope():
            given = {"wallet_id": self.wallet.id, "bill_id": self.bills[n % len(self.bills)].id}
            await pay_bill(self.place.system, amount_minor=300, key=new_id().hex, **given)

    async def do_pay_out(self, n):
        async with self.place.scope():
            given = {"wallet_id": self.wallet.id, "amount_minor": 100 + n * 50, "reason": "Leaves"}
            await pay_out(self.place.system, key=new_id().hex, is_policy=True, **given)

    async def end(self):
        await super().end()
        for hold in await self.rows(Hold):
            if hold.status == "held":
                await seating.over(self.place, hold)
                await seating.end(self.place, hold)
        await world.hurry(self.place, "billing.hold_came_late")
        await world.hurry(self.place, "billing.tell_hold_kept")
        await run_due(self.place.id)
        await super().end()

    async def check_end(self):
        await super().check_end()
        holds = await self.rows(Hold)
        assert {hold.status for hold in holds} <= {"kept", "let_go"}
        refunds = {each.suspense_id: each for each in await self.rows(Refund)}
        for money in await self.rows(Suspense):
            if money.reason == LATE and money.status == "open":
                assert refunds[money.id].status == "failed", "decided, and the channel would not give it back"
        self._check_heard([hold for hold in holds if hold.kind == "seat"])
        async with self.place.scope():
            wallet = await Wallet.get(tenant_id=self.place.id, id=self.wallet.id)
        assert wallet.balance_minor >= wallet.floor_minor

    def _check_heard(self, holds):
        """The scenario was told of each end, once and in order: kept, or let go and perhaps kept after all."""
        for subject in {hold.subject_id for hold in holds}:
            heard = [
                what for what, of in self.seats.heard if of == subject and not what.startswith("returned")
            ]
            ends = [what for what in heard if what != "late"]
            own = [hold.status for hold in holds if hold.subject_id == subject]
            assert [("kept" if what == "kept" else "let_go") for what in ends] == own, (heard, own)

    async def _check_oracle(self, attempts):
        """As ever, but money that is stored pays bills without moving outside."""
        await super()._check_oracle(attempts)


async def told(bank, channel, seats, script, *, is_checked_often=True):
    channel.__dict__.update(Fake().__dict__)
    place = await world.build(bank, is_connected=False)
    async with place.scope():
        await SettlementAccount.filter(tenant_id=place.id).update(rail_merchant=MERCHANT)
        wallet = await open_wallet(place.id, place.account.id, "lunches")
    bills = [await world.bill(place, 1500, 500), await world.bill(place, 1000)]
    officer, cashier = await make.staff(place.tenant, "finance"), await make.staff(place.tenant, "cashier")
    story = Keeping(place, bills, channel, officer, cashier)
    story.seats, story.wallet, story.lunch = seats, wallet, place.fee
    seats.heard.clear()
    seats.is_free = True
    for name, n in script:
        await story.act(name, n)
        if is_checked_often:
            await story.check()
    await story.end()
    await story.check_end()


@pytest.fixture
def channel(outside, monkeypatch):
    fake = Fake()
    monkeypatch.setitem(CHANNELS, "bank", fake)
    return fake


@pytest.fixture
def keeping(db):
    seats = Seats()
    register_hold(HoldKind("seat", seats.kept, seats.let_go, seats.came_late, seats.page, seats.returned))
    register_wallet(WalletKind("lunches", {"en": "Lunches", "zh_CN": "午餐"}, "community"))
    yield seats
    del HOLD_KINDS["seat"], WALLET_KINDS["lunches"]


CHOICE = st.one_of(st.sampled_from(OWN), st.sampled_from((*ACTS, *OWN)))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(st.tuples(CHOICE, st.integers(0, 11)), min_size=5, max_size=40))
async def test_any_story_of_what_is_kept_ends_well(db, bank, channel, keeping, script):
    await told(bank, channel, keeping, script)


async def _nothing(*_args, **_given):
    """A mechanism that does not do its work."""


BROKEN = {
    "a paid hold is not kept": "billing.payments.settling.tell_paid",
    "late money is not decided": "billing.holds.late.came_late",
    "what goes back stays owed": "billing.payments.refunding.tell_returned",
    "stored money is not booked": "billing.wallets.moving._book",
}


@pytest.mark.parametrize("mechanism", BROKEN)
async def test_a_broken_mechanism_is_found_out(bank, channel, keeping, monkeypatch, mechanism):
    monkeypatch.setattr(BROKEN[mechanism], _nothing)
    chance = random.Random(7)  # noqa: S311 - the same stories each time
    for _ in range(8):
        names = (
            "hold",
            "start_whole",
            "withdraw",
            "end_hold",
            "pay_there",
            "message",
            "top_up",
            "hold",
            "start_whole",
        )
        script = [(name, 0) for name in names]
        script += [(name, 1) for name in ("pay_there", "message", "refund_hold", "submit", "refund_ok")]
        script += [(chance.choice((*ACTS, *OWN, *OWN)), chance.randrange(12)) for _ in range(12)]
        try:
            await told(bank, channel, keeping, script, is_checked_often=mechanism.startswith("a paid"))
        except Exception:  # noqa: BLE001 - found out, by whatever noticed first
            return
    raise AssertionError(f"nobody noticed that {mechanism}")
