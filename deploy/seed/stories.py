"""Today's stories, one for each thing that can become of a payment, played by the product's own services.

Each can be told again after an interruption: what was done is found by its key or by its state.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from billing.charges import bills, reminders
from billing.charges.periods import months_after
from billing.disputes.news import stripe_news
from billing.disputes.settling import take_news
from billing.models import Attempt, Bill, Dispute, Payment, PaymentPart
from billing.payments.asking import ask
from billing.payments.refunding import SUBMIT_JOB
from billing.payments.service import (
    StartedPayment,
    cancel_payment,
    pay_out_refund,
    refundable_minor,
    reject_refund,
    request_refund,
    start_payment,
    take_payment,
)
from deploy.seed.cast import RESIDENTS
from deploy.seed.months import months
from deploy.seed.outside import Outside
from deploy.seed.past import habit_of
from deploy.seed.work import work_off
from tenants.actor import Actor, system_actor
from tenants.models import Account, Holder, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope
from ui.errors import Conflict

_REMINDED = range(12, 18)
_DAYS = timedelta(days=30)
"""How long what is on its way stays so."""
_SHOP = "1 Market St #01-06"
"""Its monthly charge is above what a finance officer may give back alone."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One institution's people, and accounts that have paid nothing so far, always the same ones."""

    tenant: Tenant
    outside: Outside
    finance: Actor
    cashier: Actor
    debtors: list[UUID]

    async def bill(self, place: int, *, back: int = 0) -> Bill:
        """Return a debtor's bill of the running month, or of one before."""
        this = months(self.tenant.timezone)[-1].first
        async with open_scope(self.finance.scope()):
            return await Bill.get(
                tenant_id=self.tenant.id, account_id=self.debtors[place], period=months_after(this, -back)
            )

    async def pay(self, place: int, channel: str) -> StartedPayment:
        """Begin to pay a debtor's latest bill by its printed link."""
        bill = await self.bill(place)
        bearer = Actor(kind="link", name=bill.account_number, tenant_id=self.tenant.id, bill_id=bill.id)
        return await start_payment(
            bearer,
            tenant_id=self.tenant.id,
            bills=[(bill.id, bill.total_minor)],
            channel=channel,
            key=f"demonstration-{bill.number}-{channel}",
            return_url=f"{runtime().public_url}/",
        )

    async def attempt(self, started: StartedPayment) -> Attempt:
        """Return the try as it stands."""
        async with open_scope(self.finance.scope()):
            return await Attempt.get(tenant_id=self.tenant.id, id=started.attempt_id)

    async def ask(self, started: StartedPayment) -> None:
        """Find out what became of it."""
        await ask(system_actor(self.tenant.id), started.attempt_id)


async def set_stage(tenant: Tenant, outside: Outside, finance: Actor, cashier: Actor) -> Stage:
    """Return a stage with its debtors in the order of their doors."""
    known = {door.number for one in RESIDENTS for door in one.doors}
    async with open_scope(finance.scope()):
        found = await Account.filter(tenant_id=tenant.id).order_by("sort_key").values_list("id", "number")
    debtors = [key for key, number in found if number not in known and habit_of(number) == "never"]
    return Stage(tenant, outside, finance, cashier, debtors)


async def waiting(stage: Stage) -> None:
    """Somebody has the channel's page open, one by card, one by QR code."""
    await stage.pay(0, "stripe")
    await stage.pay(1, "bank")


async def declined(stage: Stage) -> None:
    """The payer's bank said no."""
    started = await stage.pay(2, "bank")
    if started.status == "pending":
        order = (await stage.attempt(started)).channel_reference
        await stage.outside.tell(f"rail/orders/{order}", {"act": "decline"})
        await stage.ask(started)


async def stopped(stage: Stage) -> None:
    """The payer thought better of it."""
    started = await stage.pay(3, "stripe")
    bill = await stage.bill(3)
    bearer = Actor(kind="link", name=bill.account_number, tenant_id=stage.tenant.id, bill_id=bill.id)
    await cancel_payment(bearer, started.payment_id)


async def unanswered(stage: Stage) -> None:
    """The bank's rail did not answer, nor does it answer questions about it: nobody knows yet."""
    fault = {"surface": "rail", "kind": "error_before"}
    await stage.outside.tell("faults", fault | {"operation": "orders.create", "times": 1})
    started = await stage.pay(4, "bank")
    await stage.outside.tell("faults", fault | {"operation": "orders.*", "about": str(started.attempt_id)})


async def on_its_way(stage: Stage) -> None:
    """The payer is done; their way of paying takes days until the money is there."""
    started = await stage.pay(10, "stripe")
    attempt = await stage.attempt(started)
    if attempt.status == "pending":
        act = {"act": "process", "seconds": _DAYS.total_seconds()}
        await stage.outside.tell(f"stripe/sessions/{attempt.channel_reference}", act)
        await stage.ask(started)


async def disputed(stage: Stage) -> None:
    """Three payers went to their bank: one waits for an answer, one has won, one has lost."""
    await _dispute(stage, 11, "product_not_received")
    await _dispute(stage, 18, "fraudulent", "lost")
    await _dispute(stage, 19, "duplicate", "won")


async def _dispute(stage: Stage, place: int, reason: str, end: str = "") -> None:
    """Have a card payment disputed and, where an end is given, decided; nothing where that was done before."""
    attempt = await _paid_by_card(stage, place)
    async with open_scope(stage.finance.scope()):
        if await Dispute.exists(tenant_id=stage.tenant.id, attempt_id=attempt.id):
            return
    case = await stage.outside.tell(
        "stripe/disputes", {"payment_intent": attempt.channel_payment, "reason": reason}
    )
    told = (
        [case]
        if not end
        else [case, await stage.outside.tell(f"stripe/disputes/{case['id']}", {"status": end})]
    )
    async with open_scope(stage.finance.scope()):
        for each in told:
            await take_news(system_actor(stage.tenant.id), attempt.id, stripe_news("", each))


async def _paid_by_card(stage: Stage, place: int) -> Attempt:
    started = await stage.pay(place, "stripe")
    attempt = await stage.attempt(started)
    if attempt.status != "succeeded":
        await stage.outside.tell(f"stripe/sessions/{attempt.channel_reference}", {"act": "pay"})
        await stage.ask(started)
    return await stage.attempt(started)


async def paid_twice(stage: Stage) -> None:
    """Paid at the desk while the card payment was under way, which then succeeded after all: unassigned money."""
    started = await stage.pay(5, "stripe")
    await at_desk(stage, 5, "cash")
    attempt = await stage.attempt(started)
    if attempt.status != "succeeded":
        await stage.outside.tell(f"stripe/sessions/{attempt.channel_reference}", {"act": "pay"})
        await stage.ask(started)


async def at_desk(stage: Stage, place: int, method: str) -> None:
    """The cashier takes a debtor's latest bill."""
    bill = await stage.bill(place)
    async with open_scope(stage.cashier.scope()):
        holder = await Holder.filter(tenant_id=stage.tenant.id, account_id=bill.account_id).first()
    await take_payment(
        stage.cashier,
        bills=[(bill.id, bill.total_minor)],
        method=method,
        key=f"demonstration-{bill.number}-desk",
        reference="" if method == "cash" else f"{bill.number[-6:]}",
        tendered_minor=-(-bill.total_minor // 1000) * 1000 if method == "cash" else None,
        payer_name=holder.name if holder else "",
    )


async def morning(stage: Stage) -> None:
    """What the desk has taken today and not closed yet."""
    for place, method in ((6, "cash"), (7, "card"), (8, "transfer")):
        await at_desk(stage, place, method)


async def given_back(stage: Stage) -> None:
    """A card payment in full, part of a QR payment, and cash at the desk: handed over, or waiting for it."""
    await _refund(stage, stage.finance, "stripe", 0, "Paid for the wrong flat.")
    await _refund(stage, stage.finance, "bank", 0, "Charged twice for the access card.", part=2000)
    handed_over = await _refund(
        stage, stage.finance, "counter", 0, "Moved out before the month began.", part=2500
    )
    await _refund(stage, stage.finance, "counter", 1, "Paid by standing order as well.", part=1500)
    await _refund(stage, stage.cashier, "counter", 2, "Overpaid at the desk.", part=1000)
    await work_off(stage.tenant.id, SUBMIT_JOB)
    if handed_over:
        async with open_scope(stage.cashier.scope()):
            await pay_out_refund(stage.cashier, refund_id=handed_over)


async def refused(stage: Stage) -> None:
    """A refund that a colleague refused, one that its channel refused, and one that is on its way for days."""
    asked = await _refund(stage, stage.cashier, "counter", 3, "Says that he has paid at the bank.", part=1200)
    if asked:
        with suppress(Conflict):  # refused before
            async with open_scope(stage.finance.scope()):
                reason = "The bank has no such payment; ask for proof."
                await reject_refund(stage.finance, refund_id=asked, reason=reason)
    fail = {"surface": "rail", "operation": "refund", "kind": "refund_fail", "times": 1}
    await _submit(stage, ("bank", 1, "Paid for the flat above."), fail)
    slow = {"surface": "stripe", "operation": "refunds", "kind": "refund_pending", "times": 1}
    await _submit(
        stage,
        ("stripe", 1, "Paid by two people of the household."),
        slow | {"seconds": _DAYS.total_seconds()},
    )


async def _submit(stage: Stage, what: tuple[str, int, str], fault: dict[str, Any]) -> None:
    channel, place, reason = what
    if await _refund(stage, stage.finance, channel, place, reason, part=1000):
        await stage.outside.tell("faults", fault)
        await work_off(stage.tenant.id, SUBMIT_JOB)


async def _refund(
    stage: Stage, asker: Actor, channel: str, place: int, reason: str, *, part: int = 0
) -> UUID | None:
    """Ask for money back in a scope of its own."""
    async with open_scope(asker.scope()):
        return await ask_back(stage.tenant, asker, (channel, place), reason, part=part)


async def ask_back(
    tenant: Tenant, asker: Actor, which: tuple[str, int], reason: str, *, part: int = 0
) -> UUID | None:
    """Ask for money back of one of a channel's first payments; ``None`` when that was done before."""
    channel, place = which
    received = Payment.filter(tenant_id=tenant.id, channel=channel, succeeded_at__not_isnull=True)
    payment = (await received.order_by("created_at", "id").offset(place).limit(1))[0]
    if payment.refunded_minor or payment.refunding_minor:
        return None
    left = await refundable_minor(tenant.id, payment.id)
    return await _ask_back(asker, payment, part or left, left, reason)


async def _ask_back(asker: Actor, payment: Payment, amount: int, left: int, reason: str) -> UUID:
    return await request_refund(
        asker,
        payment_id=payment.id,
        amount_minor=amount,
        seen_refundable_minor=left,
        reason=reason,
        key=f"demonstration-{payment.number}-refund",
    )


async def reminded(stage: Stage) -> None:
    """Some who are behind have had a letter."""
    for place in _REMINDED:
        bill = await stage.bill(place, back=1)
        if bill.reminded_at is None:
            with suppress(Conflict):  # somebody without an address
                async with open_scope(stage.finance.scope()):
                    await reminders.remind_one(stage.finance, bill.id)


async def voided(stage: Stage) -> None:
    """A bill that should not have been made."""
    bill = await stage.bill(9)
    if bill.status == "issued":
        async with open_scope(stage.finance.scope()):
            await bills.void(
                stage.finance, bill.id, reason="The flat was handed back to the council last month."
            )


STORIES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    waiting,
    declined,
    stopped,
    unanswered,
    paid_twice,
    morning,
    on_its_way,
    disputed,
    given_back,
    refused,
    reminded,
    voided,
)


async def tell(stage: Stage) -> None:
    """Tell all stories of a town."""
    for story in STORIES:
        await story(stage)


async def tell_of_shop(stage: Stage) -> None:
    """A large payment that its payer wants back: more than the finance officer may decide alone."""
    async with open_scope(stage.finance.scope()):
        shop = await Account.get(tenant_id=stage.tenant.id, number=_SHOP)
        bill = await Bill.filter(tenant_id=stage.tenant.id, account_id=shop.id).order_by("-period").first()
        part = await PaymentPart.filter(tenant_id=stage.tenant.id, bill_id=bill.id if bill else None).first()
        if part is None:
            return
        payment = await Payment.get(tenant_id=stage.tenant.id, id=part.payment_id)
        if payment.status == "succeeded" and not payment.refunding_minor:
            left = await refundable_minor(stage.tenant.id, payment.id)
            await _ask_back(stage.finance, payment, left, left, "Paid from the wrong company's account.")
