"""Whatever happens in whatever order, every cent is in one place and every row in a state it may be in."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.channels import CHANNELS
from billing.channels.contract import Capabilities, ChannelSilent, Outcome, RefundOutcome
from billing.models import Attempt, Payment, PaymentPart, Refund, Suspense
from billing.payments.asking import ask, conclude, withdraw
from billing.payments.refunding import settle_refund, submit_refund
from billing.payments.service import refund_suspense, refundable_minor, request_refund
from billing.payments.settling import settle
from billing.payments.states import ATTEMPT, LIVE, PAYMENT, REFUND
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world
from ui.errors import AppError
from ui.i18n import t


@dataclass
class Fake:
    """A channel that keeps its own truth, and answers only while it is awake."""

    key: str = "bank"
    name: object = field(default_factory=lambda: t("Bank app (QR code)"))
    capabilities: Capabilities = field(default_factory=Capabilities)
    orders: dict[UUID, Any] = field(default_factory=dict)
    refunds: dict[UUID, Any] = field(default_factory=dict)
    is_awake: bool = True
    answers: bool = True

    def is_open_to(self, _destination):
        return True

    def _answer(self, value):
        if not (self.is_awake and self.answers):
            raise ChannelSilent("asleep")
        return value

    def _of(self, order):
        known = self.orders.get(order.attempt_id)
        if known is None:
            return Outcome(state="absent")
        return Outcome(
            state=known,
            reference=str(order.attempt_id),
            redirect_url="http://pay.test",
            amount_minor=order.amount_minor,
            currency=order.currency,
        )

    async def start(self, order):
        if self.is_awake:
            self.orders.setdefault(order.attempt_id, "pending")
        return self._answer(self._of(order))

    async def query(self, order):
        return self._answer(self._of(order))

    async def cancel(self, order):
        if self.is_awake and self.orders.get(order.attempt_id) == "pending":
            self.orders[order.attempt_id] = "cancelled"
        return self._answer(self._of(order))

    async def refund(self, order):
        if self.is_awake:
            self.refunds.setdefault(order.refund_id, "pending")
        return self._answer(await self.query_refund(order))

    async def query_refund(self, order):
        state = self.refunds.get(order.refund_id, "absent")
        return self._answer(RefundOutcome(state=state, reference=str(order.refund_id)))


ACTS = (
    "start", "start_other", "pay_there", "fail_there", "ask", "conclude", "withdraw", "webhook", "stale_webhook",
    "sleep", "deafen", "wake", "cash", "refund", "submit", "refund_ok", "refund_bad", "refund_webhook", "suspense",
)  # fmt: skip


class Story:
    """One institution, one payer, two bills, and a channel."""

    def __init__(self, place, bills, channel, officer, cashier) -> None:
        self.place, self.bills, self.channel = place, bills, channel
        self.officer, self.cashier = officer, cashier

    async def rows(self, model):
        async with self.place.scope():
            return await model.filter(tenant_id=self.place.id).order_by("created_at", "id")

    async def chosen(self, model, n, channel="bank"):
        found = [r for r in await self.rows(model) if getattr(r, "channel", channel) == channel]
        return found[n % len(found)] if found else None

    async def act(self, name, n) -> None:
        try:
            await getattr(self, f"do_{name}")(n)
        except (AppError, ChannelSilent):
            return

    async def do_start(self, n):
        bill = self.bills[n % 2]
        await world.start(self.place, bill, amount=500 + n % 3 * 500, channel="bank")

    async def do_start_other(self, _n):
        await world.start(self.place, *self.bills, amount=1000, channel="bank")

    async def do_pay_there(self, n):
        attempt = await self.chosen(Attempt, n)
        if attempt and attempt.id in self.channel.orders and self.channel.orders[attempt.id] != "failed":
            self.channel.orders[attempt.id] = "succeeded"

    async def do_fail_there(self, n):
        attempt = await self.chosen(Attempt, n)
        if attempt and self.channel.orders.get(attempt.id) == "pending":
            self.channel.orders[attempt.id] = "failed"

    async def do_ask(self, n):
        if attempt := await self.chosen(Attempt, n):
            await ask(self.place.system, attempt.id)

    async def do_conclude(self, n):
        if attempt := await self.chosen(Attempt, n):
            await world.age(self.place, attempt.id, hours=1)
            await conclude(self.place.system, attempt.id)

    async def do_withdraw(self, n):
        if attempt := await self.chosen(Attempt, n):
            await withdraw(self.place.system, attempt.id)

    async def do_webhook(self, n):
        if (attempt := await self.chosen(Attempt, n)) and attempt.id in self.channel.orders:
            outcome = Outcome(state=self.channel.orders[attempt.id], amount_minor=attempt.amount_minor)
            await self._settle(attempt, replace(outcome, currency=attempt.currency))

    async def do_stale_webhook(self, n):
        if attempt := await self.chosen(Attempt, n):
            await self._settle(attempt, Outcome(state=("pending", "processing")[n % 2]))

    async def _settle(self, attempt, outcome):
        async with self.place.scope():
            await settle(self.place.system, attempt.id, outcome)

    async def do_sleep(self, _n):
        self.channel.is_awake = False

    async def do_deafen(self, _n):
        self.channel.answers = False

    async def do_wake(self, _n):
        self.channel.is_awake = self.channel.answers = True

    async def do_cash(self, n):
        await world.take(self.place, self.cashier, (self.bills[n % 2], 700))

    async def do_refund(self, n):
        payment = await self.chosen(Payment, n)
        if payment is None:
            return
        async with self.place.scope():
            left = await refundable_minor(self.place.id, payment.id)
            await request_refund(
                self.officer,
                payment_id=payment.id,
                amount_minor=max(1, left // (1 + n % 2)),
                seen_refundable_minor=left,
                reason="Because",
                key=new_id().hex,
            )

    async def do_submit(self, n):
        refunds = [r for r in await self.rows(Refund) if r.status in {"approved", "submitted"}]
        if refunds:
            refund = refunds[n % len(refunds)]
            async with self.place.scope():
                if refund.sent_at:
                    await Refund.filter(id=refund.id).update(sent_at=world.long_ago())
            await submit_refund(self.place.system, refund.id)

    async def do_refund_ok(self, n):
        self._end_refund(n, "succeeded")

    async def do_refund_bad(self, n):
        self._end_refund(n, "failed")

    def _end_refund(self, n, state):
        if self.channel.refunds:
            refund_id = list(self.channel.refunds)[n % len(self.channel.refunds)]
            if (self.channel.refunds[refund_id], state) != ("failed", "succeeded"):
                self.channel.refunds[refund_id] = state

    async def do_refund_webhook(self, n):
        if (refund := await self.chosen(Refund, n)) and refund.id in self.channel.refunds:
            async with self.place.scope():
                outcome = RefundOutcome(state=self.channel.refunds[refund.id])
                await settle_refund(self.place.system, refund.id, outcome)

    async def do_suspense(self, n):
        if held := await self.chosen(Suspense, n):
            async with self.place.scope():
                await refund_suspense(self.officer, suspense_id=held.id, reason="Back", key=new_id().hex)

    async def end(self):
        """Let everything come to rest: the channel awake, all questions asked."""
        await self.do_wake(0)
        for attempt in await self.rows(Attempt):
            if self.channel.orders.get(attempt.id) == "processing":
                self.channel.orders[attempt.id] = "succeeded"
            await world.age(self.place, attempt.id, hours=1)
            await conclude(self.place.system, attempt.id)
        for refund_id, state in self.channel.refunds.items():
            self.channel.refunds[refund_id] = "succeeded" if state == "pending" else state
        for refund in await self.rows(Refund):
            if refund.status == "submitted":
                async with self.place.scope():
                    await Refund.filter(id=refund.id).update(sent_at=world.long_ago())
                await submit_refund(self.place.system, refund.id)

    async def check(self):
        assert await world.ledger_is_right(self.place)
        for payment in await self.rows(Payment):
            assert payment.status in PAYMENT.states
            assert 0 <= payment.refunded_minor + payment.refunding_minor <= payment.amount_minor
        assert all(a.status in ATTEMPT.states for a in await self.rows(Attempt))
        assert all(r.status in REFUND.states for r in await self.rows(Refund))
        for bill in self.bills:
            now = await world.fresh(self.place, bill)
            assert 0 <= now.paid_minor <= now.total_minor

    async def check_end(self):
        await self.check()
        attempts = [a for a in await self.rows(Attempt) if a.channel == "bank"]
        assert not [a for a in attempts if a.status in LIVE and a.status != "processing"]
        paid_there = {i for i, state in self.channel.orders.items() if state == "succeeded"}
        assert paid_there <= {a.id for a in attempts if a.status == "succeeded"}
        assert not [
            p for p in await self.rows(PaymentPart) if p.is_live and not self._is_processing(p, attempts)
        ]

    @staticmethod
    def _is_processing(part, attempts):
        return any(a.payment_id == part.payment_id and a.status == "processing" for a in attempts)


@pytest.fixture
def channel(outside, monkeypatch):
    fake = Fake()
    monkeypatch.setitem(CHANNELS, "bank", fake)
    return fake


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 11)), min_size=5, max_size=40))
async def test_any_story_ends_well(db, bank, channel, script):
    channel.__dict__.update(Fake().__dict__)
    place = await world.build(bank, is_connected=False)
    bills = [await world.bill(place, 1500, 500), await world.bill(place, 1000)]
    officer, cashier = await make.staff(place.tenant, "finance"), await make.staff(place.tenant, "cashier")
    story = Story(place, bills, channel, officer, cashier)
    for name, n in script:
        await story.act(name, n)
        await story.check()
    await story.end()
    await story.check_end()
