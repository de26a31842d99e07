"""What the office decides in a month: what is let off, credited, spread out and closed, by the product's own services.

Each can be done again after an interruption: it is found by its key, or by what is there already.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from billing.adjustments.service import Ask, request_adjustment
from billing.adjustments.standing import Lasting, approve_standing, request_standing
from billing.charges.periods import months_after
from billing.ledger import periods
from billing.models import FeeItem, InstalmentPlan, Period, Receiver, StandingAdjustment
from billing.plans import credit_notes
from billing.plans.service import Proposal, agree
from billing.splits import receivers, rules
from billing.splits.documents import Part, SplitDocument
from deploy.seed.months import months
from deploy.seed.stories import Stage
from tenants.actor import Actor
from tenants.scope import open_scope

_ADJUSTED = (
    (20, "waiver", 1500, "The lift stood still for nine days."),
    (21, "aid", 2000, "Entitled to support from the welfare fund."),
    (22, "write_off", 0, "Left the country; letters come back."),
)
"""Debtor, kind, minor units (0: all of the bill) and reason; the last is more than a finance officer decides alone."""
_GARDENERS = "mch_gardeners"


async def adjusted(stage: Stage, chief: Actor) -> None:
    """Two sums let off, and one that waits for somebody with a higher limit."""
    del chief
    for place, kind, amount, reason in _ADJUSTED:
        bill = await stage.bill(place)
        ask = Ask(bill.id, kind, amount or bill.total_minor, reason)
        async with open_scope(stage.finance.scope()):
            await request_adjustment(stage.finance, ask=ask, key=f"demonstration-{bill.number}-{kind}")


async def lasting(stage: Stage, chief: Actor) -> None:
    """A discount for a year, agreed to by the administrator, and one that nobody has looked at yet."""
    this = months(stage.tenant.timezone)[-1].first
    for place, is_agreed in ((23, True), (24, False)):
        bill = await stage.bill(place)
        ask = Lasting(
            account_id=bill.account_id,
            kind="discount",
            effective_from=this,
            effective_until=months_after(this, 12),
            percent=Decimal(10),
            reason="Keeps the garden of the block.",
        )
        async with open_scope(stage.finance.scope()):
            made = await request_standing(stage.finance, ask=ask, key=f"demonstration-{bill.number}-lasting")
            waits = await StandingAdjustment.get(tenant_id=stage.tenant.id, id=made)
        if is_agreed and waits.decided_at is None:
            async with open_scope(chief.scope()):
                await approve_standing(chief, standing_id=made)


async def credited(stage: Stage, chief: Actor) -> None:
    """A credit note for a charge that was too high."""
    del chief
    bill = await stage.bill(25)
    async with open_scope(stage.finance.scope()):
        await credit_notes.write(
            stage.finance,
            bill_id=bill.id,
            line_id=None,
            amount_minor=1200,
            reason="Charged for the larger flat type since the reconstruction.",
            key=f"demonstration-{bill.number}-credit-note",
        )


async def spread_out(stage: Stage, chief: Actor) -> None:
    """Two months of arrears in three instalments."""
    del chief
    bills = [await stage.bill(26, back=back) for back in (1, 0)]
    async with open_scope(stage.finance.scope()):
        if await InstalmentPlan.exists(tenant_id=stage.tenant.id, account_id=bills[0].account_id):
            return
        await agree(
            stage.finance,
            Proposal(
                bill_ids=[bill.id for bill in bills],
                first_on=months_after(months(stage.tenant.timezone)[-1].first, 1),
                count=3,
                step="month",
                remainder="last",
                note="Lost work in the summer.",
            ),
        )


async def closed(stage: Stage, chief: Actor) -> None:
    """The first month's books closed by two people, and the next one asked for."""
    first, second, *_ = (month.first for month in months(stage.tenant.timezone))
    async with open_scope(stage.finance.scope()):
        if await Period.exists(tenant_id=stage.tenant.id):
            return
        asked = await periods.ask_closing(stage.finance, first)
    async with open_scope(chief.scope()):
        await periods.approve(chief, asked.id)
    async with open_scope(stage.finance.scope()):
        await periods.ask_closing(stage.finance, second)


async def shared(stage: Stage, chief: Actor) -> None:
    """A partner who is to get a part of each charge, once somebody else puts that into force."""
    del chief
    told = {"id": _GARDENERS, "name": "Green Thumb Gardeners Pte Ltd", "currency": stage.tenant.currency}
    await stage.outside.tell("merchants", told)
    async with open_scope(stage.finance.scope()):
        if await Receiver.exists(tenant_id=stage.tenant.id, rail_merchant=_GARDENERS):
            return
        made = await receivers.add(stage.finance, name=told["name"], kind="partner", rail_merchant=_GARDENERS)
        fee = await FeeItem.filter(tenant_id=stage.tenant.id, kind="charge").order_by("position").first()
        assert fee is not None  # noqa: S101 - provisioning made it
        part = Part(receiver=made.id, kind="percent", rate=250, base="after_fees", cap_minor=300)
        await rules.draft(stage.finance, fee_item_id=fee.id, document=SplitDocument(parts=(part,)))


DECISIONS: tuple[Callable[[Stage, Actor], Awaitable[None]], ...] = (
    adjusted,
    lasting,
    credited,
    spread_out,
    closed,
    shared,
)


async def decide(stage: Stage, chief: Actor) -> None:
    """Make all decisions of a month; ``chief`` is the administrator, who agrees to what finance asks."""
    for decision in DECISIONS:
        await decision(stage, chief)
