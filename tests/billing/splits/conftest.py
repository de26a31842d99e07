"""An institution whose fee is shared with two merchants of the rail."""

from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from billing.channels.contract import Outcome
from billing.ledger import trial_balance
from billing.models import Receiver, Share, ShareReturn, SplitRule
from billing.payments.service import approve_refund, refundable_minor, request_refund
from billing.payments.settling import settle
from billing.splits import receivers, rules
from billing.splits.documents import SplitDocument
from tenants.actor import Actor
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world
from tests.billing.payments.conftest import outside, place, sandbox
from tests.billing.payments.world import Outside, Place
from tests.jobs import run_due

__all__ = ["outside", "place", "sandbox"]


@dataclass
class Market:
    """The institution, its finance officer and administrator, two merchants and the rule between them."""

    place: Place
    outside: Outside
    writer: Actor
    decider: Actor
    baker: Receiver
    grocer: Receiver
    rule: SplitRule

    async def paid(self, *amounts: int):
        """A payment through the rail that has arrived and been shared; its payment, bill and attempt."""
        bill = await world.bill(self.place, *amounts)
        started = await world.start(self.place, bill, channel="bank")
        attempt = await world.attempt(self.place, started)
        self.outside.pay(attempt)
        async with self.place.scope():
            paid = Outcome(state="succeeded", amount_minor=attempt.amount_minor, currency=attempt.currency)
            await settle(self.place.system, attempt.id, paid)
        await run_due(self.place.id)
        return await world.payment(self.place, started.payment_id), bill, attempt

    async def refund(self, payment, amount: int):
        async with self.place.scope():
            refund_id = await request_refund(
                self.writer,
                payment_id=payment.id,
                amount_minor=amount,
                seen_refundable_minor=await refundable_minor(self.place.id, payment.id),
                reason="Moved out",
                key=new_id().hex,
            )
            if amount > self.writer.refund_limit_minor:
                await approve_refund(self.decider, refund_id=refund_id)
        await run_due(self.place.id)
        return refund_id

    async def shares(self, **which: Any) -> list[Share]:
        async with self.place.scope():
            return await Share.filter(tenant_id=self.place.id, **which).order_by("created_at", "amount_minor")

    async def returns(self, **which: Any) -> list[ShareReturn]:
        async with self.place.scope():
            return await ShareReturn.filter(tenant_id=self.place.id, **which).order_by("created_at", "id")

    async def nets(self) -> list[int]:
        """What the two merchants hold, by the books."""
        async with self.place.scope():
            found = {b.ledger: b.balance_minor for b in await trial_balance(self.place.id)}
        return [found.get(f"share:{each.id}", 0) for each in (self.baker, self.grocer)]

    def close(self, receiver: Receiver, *, is_closed: bool = True) -> None:
        self.outside.post(
            "merchants", id=receiver.rail_merchant, name=receiver.name, is_closed=is_closed, currency="SGD"
        )


async def add(there: Outside, actor: Actor, name: str) -> Receiver:
    merchant = f"mch_{new_id().hex[-10:]}"
    there.post("merchants", id=merchant, name=name, currency="SGD")
    return await receivers.add(actor, name=name, kind="merchant", rail_merchant=merchant)


async def open_market(at: Place, there: Outside) -> Market:
    writer, decider = (
        await make.staff(at.tenant, "finance"),
        await make.staff(at.tenant, "administrator", "Ada Ong"),
    )
    async with at.scope():
        baker, grocer = await add(there, writer, "Baker"), await add(there, writer, "Grocer")
        document = SplitDocument.model_validate(
            {
                "parts": [
                    {"receiver": baker.id, "kind": "percent", "rate": 3000},
                    {"receiver": grocer.id, "kind": "amount", "amount_minor": 500},
                ]
            }
        )
        rule = await rules.draft(writer, fee_item_id=at.fee.id, document=document)
        rule = await rules.activate(decider, rule.id, effective_from=make.today())
    return Market(at, there, writer, decider, baker, grocer, rule)


@pytest_asyncio.fixture(loop_scope="session")
async def market(place: Place, outside: Outside) -> Market:
    return await open_market(place, outside)
