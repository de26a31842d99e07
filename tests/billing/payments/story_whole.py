"""Stories with all that money may go through besides: disputes, shares of partners, instalments, credit notes.

The rail keeps its own truth of shares, returns and disputes too; what the books say at the end must be the same.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from billing import ledger
from billing.channels.contract import ChannelSilent
from billing.channels.rail_shares import ShareOutcome
from billing.disputes import deciding
from billing.disputes.news import News
from billing.disputes.settling import take_news
from billing.models import (
    Attempt,
    Bill,
    Credit,
    CreditNote,
    Dispute,
    InstalmentPlan,
    Payment,
    Refund,
    Share,
    ShareReturn,
    Suspense,
)
from billing.plans import credit_notes, service
from billing.plans.jobs import follow_all
from billing.plans.service import Proposal
from billing.splits import receivers, returning, rules, sharing
from billing.splits.documents import SplitDocument
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world
from tests.billing.payments.fake_channel import Fake
from tests.billing.payments.story import ACTS, Story

WHOLE_ACTS = (
    *ACTS, "pay_there", "message", "share", "share", "share", "close_partner", "open_partner", "mend", "bear",
    "dispute", "dispute", "dispute_news", "dispute_news", "lose_dispute", "win_dispute", "decide", "decide", "plan",
    "break_plan", "follow", "credit_note", "credit_note", "refund", "submit",
)  # fmt: skip
FIRST, OTHERS = timedelta(days=5), ("month", "week")


@dataclass
class Rail(Fake):
    """The same channel, with what it keeps of shares and disputes; a partner's account may be closed."""

    shares: dict[str, int] = field(default_factory=dict)
    returns: dict[str, int] = field(default_factory=dict)
    disputes: dict[str, Any] = field(default_factory=dict)
    is_closed: bool = False

    async def pay_share(self, _to, *, number, amount_minor, **_more):
        return self._moved(self.shares, number, amount_minor)

    async def take_share_back(self, _to, *, number, amount_minor, **_more):
        return self._moved(self.returns, number, amount_minor)

    def _moved(self, kept: dict[str, int], number: str, amount: int):
        if self.is_closed and number not in kept:
            return self._answer(ShareOutcome("failed", number, "closed"))
        if self.is_awake:
            kept.setdefault(number, amount)
        return self._answer(ShareOutcome("done", number))

    async def query_share(self, _to, number):
        return self._answer(ShareOutcome("done" if number in self.shares else "absent", number))

    async def query_return(self, _to, number):
        return self._answer(ShareOutcome("done" if number in self.returns else "absent", number))

    async def fee_of_order(self, _to, _attempt_id):
        if not (self.is_awake and self.answers):
            raise ChannelSilent("asleep")
        return 3

    def withdrawn(self) -> int:
        """What payers' banks have taken back and not returned."""
        return sum(each["amount"] for each in self.disputes.values() if each["state"] != "won")


class WholeStory(Story):
    """One institution whose fee is shared with two partners, and whose payers dispute and pay by instalments."""

    async def prepare(self) -> None:
        administrator = await make.staff(self.place.tenant, "administrator", "Ada Ong")
        async with self.place.scope():
            parts = []
            for name, part in (("Baker", {"rate": 3333}), ("Grocer", {"rate": 1200, "cap_minor": 90})):
                partner = await receivers.add(
                    self.officer, name=name, kind="merchant", rail_merchant=f"mch_{name}"
                )
                parts.append({"receiver": partner.id, "kind": "percent", **part})
            document = SplitDocument.model_validate({"parts": parts})
            rule = await rules.draft(self.officer, fee_item_id=self.place.fee.id, document=document)
            await rules.activate(administrator, rule.id, effective_from=make.today())

    async def do_share(self, _n):
        """What background work does about shares, whenever it comes to it."""
        for job in ("billing.split_payment", "billing.%share%"):
            await world.hurry(self.place, job)

    async def do_close_partner(self, _n):
        self.channel.is_closed = True

    async def do_open_partner(self, _n):
        self.channel.is_closed = False

    async def do_mend(self, n):
        share, back = await self._stuck(n)
        async with self.place.scope():
            if share:
                await sharing.try_again(self.officer, share.id)
            elif back:
                await returning.try_again(self.officer, back.id)

    async def do_bear(self, n):
        share, back = await self._stuck(n)
        async with self.place.scope():
            if back:
                await returning.bear(self.officer, back.id)
            elif share:
                await sharing.keep(self.officer, share.id)

    async def _stuck(self, n):
        found = [
            [each for each in await self.rows(model) if each.status == "failed"]
            for model in (Share, ShareReturn)
        ]
        return [each[n % len(each)] if each else None for each in found]

    async def do_dispute(self, n):
        """The payer's bank takes back what the channel has not given back already."""
        attempt = await self.chosen(Attempt, n)
        if attempt is None or self.channel.orders.get(attempt.id) != "succeeded":
            return
        refunds = [r for r in await self.rows(Refund) if r.payment_id == attempt.payment_id]
        sent = ("succeeded", "pending")
        left = attempt.amount_minor - sum(
            r.amount_minor for r in refunds if self.channel.refunds.get(r.id) in sent
        )
        known = [d for d in self.channel.disputes.values() if d["attempt"] == attempt.id]
        amount = left if n % 2 else left // 2
        if amount > 0 and not known:
            found = {"attempt": attempt.id, "amount": amount, "state": "evidence_due"}
            self.channel.disputes[f"dp_{attempt.id}"] = found

    async def do_lose_dispute(self, n):
        if found := self._dispute(n, "evidence_due"):
            found["state"] = "lost"

    async def do_win_dispute(self, n):
        """Won, or won after it had been lost."""
        if found := self._dispute(n, "evidence_due", "lost"):
            found["state"] = "won"

    def _dispute(self, n, *states):
        found = [each for each in self.channel.disputes.values() if each["state"] in states]
        return found[n % len(found)] if found else None

    async def do_dispute_news(self, n):
        if self.channel.disputes:
            await self._tell_of(list(self.channel.disputes)[n % len(self.channel.disputes)])

    async def _tell_of(self, reference: str) -> None:
        known = self.channel.disputes[reference]
        news = News(
            reference=reference,
            payment=str(known["attempt"]),
            amount_minor=known["amount"],
            currency="SGD",
            state=known["state"],
            is_withdrawn=True,
        )
        async with self.place.scope():
            await take_news(self.place.system, known["attempt"], news)

    async def do_decide(self, n):
        lost = [d for d in await self.rows(Dispute) if d.status == "lost" and not d.decision]
        if lost:
            async with self.place.scope():
                await deciding.decide(
                    self.officer,
                    dispute_id=lost[n % len(lost)].id,
                    decision=("owed", "borne")[n % 2],
                    reason="So it is",
                )

    async def do_plan(self, n):
        bills = [each.id for each in self.bills][n % 2 :]
        proposal = Proposal(bills, make.today() + FIRST, 2 + n % 3, OTHERS[n % 2], ("first", "last")[n % 2])
        async with self.place.scope():
            await service.agree(self.officer, proposal)

    async def do_break_plan(self, n):
        if plan := await self.chosen(InstalmentPlan, n):
            async with self.place.scope():
                await service.break_off(self.officer, plan.id, reason="Not kept")

    async def do_follow(self, _n):
        async with self.place.scope():
            await follow_all(self.place.system)

    async def do_credit_note(self, n):
        async with self.place.scope():
            await credit_notes.write(
                self.officer,
                bill_id=self.bills[n % len(self.bills)].id,
                line_id=None,
                amount_minor=150 + 50 * n,
                reason="Charged twice",
                key=new_id().hex,
            )

    async def end(self):
        """Mend what is stuck, hear all news, and let every piece of background work come to its end."""
        await self.do_wake(0)
        self.channel.is_closed = False
        await super().end()
        for reference in self.channel.disputes:
            await self._tell_of(reference)
        for _ in range(3):
            await self.do_share(0)
            while any(await self._stuck(0)):
                await self.do_mend(0)
                await self.do_share(0)
        await super().end()
        await self.do_share(0)
        await self.do_follow(0)

    async def reached(self) -> set[str]:
        """What has become of anything in this story, for a test that sees to it that stories go everywhere."""
        models = (Payment, Refund, Share, ShareReturn, Dispute, InstalmentPlan)
        found = {f"{model.__name__} {row.status}" for model in models for row in await self.rows(model)}
        found |= {f"decided {row.decision}" for row in await self.rows(Dispute) if row.decision}
        return found | {"credit note" for _ in await self.rows(CreditNote)}

    async def check_end(self):
        await super().check_end()
        await self._check_plans()

    async def _check_plans(self):
        async with self.place.scope():
            for plan in await InstalmentPlan.filter(tenant_id=self.place.id):
                parts = await service.parts_of(plan)
                assert sum(part.amount_minor for part in parts) == plan.total_minor
                assert all(0 <= part.covered_minor <= part.amount_minor for part in parts)
                if plan.status != "broken":
                    left = min(await service.left_of(plan), plan.total_minor)
                    assert sum(part.left_minor for part in parts) == left
                    assert (plan.status == "completed") == (left == 0)

    async def _check_oracle(self, attempts):
        """Every cent that came in is with the institution, a partner, a payer's bank, or has gone back."""
        there = sum(a.amount_minor for a in attempts if self.channel.orders.get(a.id) == "succeeded")
        refunds = await self.rows(Refund)
        back = sum(r.amount_minor for r in refunds if self.channel.refunds.get(r.id) == "succeeded")
        async with self.place.scope():
            balances = {b.ledger: b.balance_minor for b in await ledger.trial_balance(self.place.id)}
            bills = await Bill.filter(tenant_id=self.place.id)
            held = await Suspense.filter(tenant_id=self.place.id, status__in=("open", "refunding"))
            credit = await Credit.filter(tenant_id=self.place.id)
        partners = sum(self.channel.shares.values()) - sum(self.channel.returns.values())
        assert _sum(balances, "share:") == partners
        assert balances.get("clearing:bank", 0) == there - back - partners - self.channel.withdrawn()
        kept = sum(_sum(balances, name) for name in ("clearing:", "share:", "disputed", "charged_back"))
        owed = sum(b.paid_minor for b in bills) + sum(s.amount_minor for s in held)
        owed += sum(c.left_minor for c in credit)
        assert owed == kept + _sum(balances, "dispute_losses")
        await self._check_partners(balances)

    async def _check_partners(self, balances):
        """Whoever gave a payment back whole has left nothing of it with a partner, unless somebody bore it."""
        borne = {each.payment_id for each in await self.rows(ShareReturn) if each.status == "borne"}
        shares, backs = await self.rows(Share), await self.rows(ShareReturn)
        for payment in await self.rows(Payment):
            if payment.status == "refunded" and payment.id not in borne:
                got = sum(s.amount_minor for s in shares if s.payment_id == payment.id and s.status == "paid")
                gave = sum(
                    b.amount_minor
                    for b in backs
                    if b.payment_id == payment.id and b.status in {"returned", "undone"}
                )
                assert got == gave, (payment.id, got, gave, balances)


def _sum(balances: dict[str, int], start: str) -> int:
    return sum(amount for name, amount in balances.items() if name.startswith(start))
