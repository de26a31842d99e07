"""A channel for stories of money: what it knows is the truth that the books are held against."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from billing.channels.contract import Capabilities, ChannelSilent, Outcome, RefundOutcome
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
