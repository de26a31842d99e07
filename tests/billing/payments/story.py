"""Any story of one institution's money, told act by act against a channel that keeps its own truth.

What the channel knows is the oracle: at the end the books must say the same, whatever happened on the way. A process
may die before or after any of the steps in ``CRASHES``; messages come late, twice, out of order, and stale.
"""

import pkgutil
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from tortoise.exceptions import DoesNotExist

from billing import ledger
from billing.channels.contract import ChannelSilent, Outcome, RefundOutcome
from billing.charges import bills as charges
from billing.models import Attempt, Bill, Entry, Payment, PaymentPart, Refund, SettlementAccount, Suspense
from billing.payments import inbox
from billing.payments.asking import ask, conclude, withdraw
from billing.payments.inbox import Incoming
from billing.payments.refunding import settle_refund, submit_refund
from billing.payments.service import apply_suspense, refund_suspense, refundable_minor, request_refund
from billing.payments.settling import settle
from billing.payments.states import ATTEMPT, LIVE, PAYMENT, REFUND
from tenants.ids import new_id
from tenants.scope import execute, open_scope, queue_scope
from tests import make
from tests.billing.payments import world
from ui.errors import AppError


class Killed(BaseException):
    """What no ``except Exception`` sees, as a process that is gone."""


CRASHES = (
    "billing.payments.settling.open_payment", "billing.payments.settling.land", "billing.payments.settling._book",
    "billing.payments.settling._tell", "billing.payments.starting.hold", "billing.payments.refunding.take_back",
    "billing.payments.refunding.book_refund", "billing.payments.inbox.notes.act", "channel.start", "channel.refund",
    "channel.cancel",
)  # fmt: skip

MERCHANT, MOST_BILLS = "mch_story", 4


def _place(name: str) -> tuple[Any, str]:
    module, _, attribute = name.rpartition(".")
    return pkgutil.resolve_name(module), attribute


ACTS = (
    "start", "start_other", "pay_there", "fail_there", "ask", "conclude", "withdraw", "webhook", "stale_webhook",
    "sleep", "deafen", "wake", "cash", "refund", "submit", "refund_ok", "refund_bad", "refund_webhook", "suspense",
    "message", "message", "replay", "refund_message", "sweep", "issue", "void", "apply", "crash_before",
    "crash_after",
)  # fmt: skip


class Story:
    """One institution, one payer, two bills, and a channel."""

    def __init__(self, place, bills, channel, officer, cashier) -> None:
        self.place, self.bills, self.channel = place, bills, channel
        self.officer, self.cashier = officer, cashier
        self.sent: list[Incoming] = []
        self.crash: tuple[str, bool] | None = None

    async def prepare(self) -> None:
        """Set up what the institution needs besides, before anything happens."""

    async def rows(self, model):
        async with self.place.scope():
            return await model.filter(tenant_id=self.place.id).order_by("created_at", "id")

    async def chosen(self, model, n, channel="bank"):
        found = [r for r in await self.rows(model) if getattr(r, "channel", channel) == channel]
        return found[n % len(found)] if found else None

    async def act(self, name, n) -> None:
        crash, self.crash = self.crash, None
        try:
            with self._deadly(crash):
                await getattr(self, f"do_{name}")(n)
        except (AppError, ChannelSilent, Killed, DoesNotExist):
            return

    @contextmanager
    def _deadly(self, crash):
        """Let the process die before or after the named step, should the next act come to it."""
        if crash is None:
            yield
            return
        name, is_after = crash
        target, step = (self.channel, name.partition(".")[2]) if name.startswith("channel.") else _place(name)
        real = getattr(target, step)

        async def die(*args, **given):
            if is_after:
                await real(*args, **given)
            raise Killed(name)

        with mock.patch.object(target, step, die):
            yield

    async def do_crash_before(self, n):
        self.crash = (CRASHES[n % len(CRASHES)], False)

    async def do_crash_after(self, n):
        self.crash = (CRASHES[n % len(CRASHES)], True)

    async def do_message(self, n):
        if (attempt := await self.chosen(Attempt, n)) and attempt.id in self.channel.orders:
            await self._send(self._about(attempt))

    async def do_replay(self, n):
        if self.sent:
            await inbox.receive(self.sent[n % len(self.sent)])

    async def do_sweep(self, _n):
        async with open_scope(queue_scope()):
            await execute("update billing_inbox_event set due_at = now() where tenant_id = $1", self.place.id)
        await inbox.sweep()

    async def _send(self, message):
        self.sent.append(message)
        await inbox.receive(message)

    def _about(self, attempt):
        state = self.channel.orders[attempt.id]
        data = {
            "order_id": str(attempt.id),
            "merchant_order_no": str(attempt.id),
            "status": "closed" if state == "cancelled" else state,
            "paid_at": "2026-01-01T00:00:00+00:00" if state == "succeeded" else None,
            "amount_minor": attempt.amount_minor,
            "currency": attempt.currency,
        }
        return self._incoming(f"order.{state}", data)

    def _incoming(self, kind, data):
        payload = {"merchant": MERCHANT, "data": data}
        return Incoming("bank", f"{self.place.id}:{new_id().hex}", kind, payload, self.place.id)

    async def do_refund_message(self, n):
        if (refund := await self.chosen(Refund, n)) and refund.id in self.channel.refunds:
            await self._send(self._about_refund(refund))

    def _about_refund(self, refund):
        state = self.channel.refunds[refund.id]
        status = "processing" if state == "pending" else state
        data = {"refund_id": str(refund.id), "merchant_refund_no": str(refund.id), "status": status}
        return self._incoming(f"refund.{status}", data)

    async def do_issue(self, n):
        if len(self.bills) < MOST_BILLS:
            self.bills.append(await world.bill(self.place, 600 + n * 100))

    async def do_void(self, n):
        async with self.place.scope():
            await charges.void(self.officer, self.bills[n % len(self.bills)].id, reason="Wrong")

    async def do_apply(self, n):
        if held := await self.chosen(Suspense, n):
            async with self.place.scope():
                bill = self.bills[n % len(self.bills)]
                await apply_suspense(
                    self.officer, suspense_id=held.id, bill_id=bill.id, reason="His", key=new_id().hex
                )

    async def do_start(self, n):
        bill = self.bills[n % len(self.bills)]
        await world.start(self.place, bill, amount=500 + n % 3 * 500, channel="bank")

    async def do_start_other(self, _n):
        await world.start(self.place, *self.bills[:2], amount=1000, channel="bank")

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
        await world.take(self.place, self.cashier, (self.bills[n % len(self.bills)], 700))

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
        await self.do_sweep(0)
        for refund in await self.rows(Refund):
            if refund.id in self.channel.refunds:
                await self._send(self._about_refund(refund))
        await self.do_sweep(0)

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
        await self._check_oracle(attempts)
        assert not [
            p for p in await self.rows(PaymentPart) if p.is_live and not self._is_processing(p, attempts)
        ]

    async def _check_oracle(self, attempts):
        """No payment lost, none applied twice: the books hold what the channel and the till hold, to the cent."""
        there = sum(a.amount_minor for a in attempts if self.channel.orders.get(a.id) == "succeeded")
        refunds = await self.rows(Refund)
        back = sum(r.amount_minor for r in refunds if self.channel.refunds.get(r.id) == "succeeded")
        counter = [p for p in await self.rows(Payment) if p.channel == "counter"]
        async with self.place.scope():
            balances = {b.ledger: b.balance_minor for b in await ledger.trial_balance(self.place.id)}
            booked = await Entry.filter(tenant_id=self.place.id, kind="payment.succeeded")
            bills = await Bill.filter(tenant_id=self.place.id)
            held = await Suspense.filter(tenant_id=self.place.id, status__in=("open", "refunding"))
        assert balances.get("clearing:bank", 0) == there - back
        assert balances.get("clearing:counter", 0) == sum(p.amount_minor - p.refunded_minor for p in counter)
        received = [a.id for a in attempts if self.channel.orders.get(a.id) == "succeeded"]
        assert sorted(e.source_id for e in booked if e.source_id in set(received)) == sorted(received)
        kept = sum(v for name, v in balances.items() if name.startswith("clearing:"))
        assert sum(b.paid_minor for b in bills) + sum(s.amount_minor for s in held) == kept

    @staticmethod
    def _is_processing(part, attempts):
        return any(a.payment_id == part.payment_id and a.status == "processing" for a in attempts)


async def told(bank, channel, script, *, is_checked_often=True, kind: type[Story] = Story) -> Story:
    """Tell a story from its beginning to where everything has come to rest, and check it against the oracle."""
    channel.__dict__.update(type(channel)().__dict__)
    place = await world.build(bank, is_connected=False)
    async with place.scope():
        await SettlementAccount.filter(tenant_id=place.id).update(rail_merchant=MERCHANT)
    bills = [await world.bill(place, 1500, 500), await world.bill(place, 1000)]
    officer, cashier = await make.staff(place.tenant, "finance"), await make.staff(place.tenant, "cashier")
    story = kind(place, bills, channel, officer, cashier)
    await story.prepare()
    for name, n in script:
        await story.act(name, n)
        if is_checked_often:
            await story.check()
    await story.end()
    await story.check_end()
    return story
