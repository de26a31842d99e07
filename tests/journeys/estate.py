"""An institution from its application to its first issued bills, and what tests take from it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.journeys import importing, managing, onboarding
from tests.journeys.live import Live
from tests.journeys.lobby import Lobby
from tests.journeys.onboarding import Institution
from tests.journeys.someone import Someone

MONTH = f"{datetime.now(ZoneInfo('Asia/Singapore')):%Y-%m}"
TOTAL = "SGD 2,968.00"
"""For the 48 flats by hand: 14 × 46.50 + 2 × 66.50 + 23 × 63.50 + 3 × 79.00 + 5 × 79.50 + 1 × 89.00."""


def _fresh() -> Iterator[str]:
    doors = itertools.chain(range(1, 8), range(9, 16))
    return (f"113 Lengkong Tiga #{(door - 1) // 6 + 1:02d}-{(door - 1) % 6 + 1:02d}" for door in doors)


@dataclass
class Estate:
    """The institution with its administrator, and accounts that no test has touched yet.

    All of them are reduced 4-room flats, so that each owes SGD 63.50.
    """

    live: Live
    court: Institution
    administrator: Someone
    manager: Someone
    """The bank's relationship manager."""
    reviewer: Someone
    addresses: list[str]
    """Pages that were come to on the way: the returned application first."""
    fresh: Iterator[str] = field(default_factory=_fresh)

    async def paper(self, account: str = "") -> str:
        """Return the printed bill of an account, of a fresh one unless told."""
        return await managing.printed_bill(self.administrator, self.court, account or next(self.fresh))

    async def pay_link(self) -> str:
        """Return the pay-link of a bill that nobody has paid yet."""
        return managing.pay_link(await self.paper())


async def open_estate(people: Lobby) -> Estate:
    """Open the institution in the browser, as its people would."""
    court = onboarding.institution("green-court", "Green Court")
    manager, reviewer = await people.guest("relationship-manager"), await people.guest("reviewer")
    await onboarding.apply(manager, court)
    await onboarding.approve(reviewer, court)
    other = onboarding.institution("hill-view", "Hill View")
    returned = await onboarding.send_back(manager, reviewer, other)
    onboarding.register_operator(people.live, court)
    administrator = await people.guest("administrator")
    await onboarding.accept(administrator, court.operator, court.operator_email, court.short_name)
    await administrator.sees(
        "What to do next", "Bring in your accounts", "Put your fees into force", "Not live yet"
    )
    await onboarding.go_live(reviewer, administrator, court)
    await administrator.go(court.root)
    await importing.bring_in(administrator, court)
    columns = await importing.bring_in_again(administrator, court)
    await managing.remind_at_any_hour(administrator, court)
    await managing.set_the_charge(administrator, court)
    await managing.activate_the_charge(administrator, court)
    addresses = [returned, columns, *await _first_bills(administrator, court)]
    return Estate(people.live, court, administrator, manager, reviewer, addresses)


async def _first_bills(administrator: Someone, court: Institution) -> list[str]:
    drafted = await managing.draft(administrator, court, MONTH)
    await administrator.sees(TOTAL, f"Issue {importing.FLATS} bills")
    await managing.issue(administrator, court)
    printed = await managing.print_all(administrator)
    empty = await managing.draft(administrator, court, MONTH)
    await administrator.sees("There is nothing to bill")
    return [drafted, f"{drafted}/printing", f"{empty}/issuing", f"{empty}/cancelling", printed]
