"""The whole job in real browsers: from the bank's desk to a receipt, a closed day and a refund."""

from tests.journeys import onboarding
from tests.journeys.conftest import Guests
from tests.journeys.founding import Founding
from tests.journeys.live import Live


async def test_the_whole_job(live: Live, founding: Founding, guests: Guests) -> None:
    court = onboarding.institution("green-court", "Green Court")
    manager, reviewer = await guests("relationship-manager"), await guests("reviewer")
    await onboarding.apply(manager, court, founding)
    await onboarding.approve(reviewer, court, founding)
    onboarding.register_operator(live, court)
    administrator = await guests("administrator")
    await onboarding.accept(administrator, court.operator, court.operator_email, court.short_name)
