"""A scenario in miniature: seats that are kept while they are being paid for, and what it was told of them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from billing.holds import ending
from billing.holds.service import place as place_hold
from billing.models import Hold
from billing.plans.single import Charge
from tenants.ids import new_id
from tenants.scope import execute
from tests.billing.payments import world

STARTED = {"status": "pending"}


class Seats:
    """What the scenario heard, in order; ``is_free`` is its answer to late money."""

    def __init__(self):
        self.heard: list[tuple[str, UUID]] = []
        self.is_free = True
        self.fails = 0

    async def kept(self, hold):
        if self.fails:
            self.fails -= 1
            await execute("select 1 / 0")
        self.heard.append(("kept", hold.subject_id))

    async def let_go(self, hold, why):
        self.heard.append((why, hold.subject_id))

    async def came_late(self, hold, payment):
        del payment
        self.heard.append(("late", hold.subject_id))
        return self.is_free

    async def returned(self, hold, amount_minor):
        self.heard.append((f"returned {amount_minor}", hold.subject_id))

    def page(self, hold):
        return f"/seats/{hold.subject_id}"

    def what(self):
        return [word for word, _ in self.heard]


async def take(place, *, amount=3000, minutes=15, subject=None, key="", actor=None):
    """Take a seat and keep it for ``minutes``."""
    async with place.scope():
        return await place_hold(
            actor or place.system,
            kind="seat",
            subject_id=subject or new_id(),
            account_id=place.account.id,
            charges=[Charge(amount, "Seat 7"), Charge(500, names={"en": "Cushion", "zh_CN": "坐垫"})],
            until=datetime.now(UTC) + timedelta(minutes=minutes),
            key=key or new_id().hex,
        )


def bill_of(hold, amount=3500):
    """What the helpers for payments need of a bill."""
    return SimpleNamespace(id=hold.bill_id, total_minor=amount)


async def over(place, hold):
    """Let the hold's time be over."""
    async with place.scope():
        for table, column, row_id in (
            ("billing_hold", "until", hold.id),
            ("billing_bill", "held_until", hold.bill_id),
        ):
            await execute(
                f"update {table} set {column} = now() - interval '1 second' where tenant_id = $1 and id = $2"
                f" and {column} is not null",
                place.id,
                row_id,
            )


async def end(place, hold):
    await ending.end(place.system, hold.id)


async def fresh(place, hold):
    async with place.scope():
        return await Hold.get(tenant_id=place.id, id=hold.id)


async def bill(place, hold):
    return await world.fresh(place, bill_of(hold))
