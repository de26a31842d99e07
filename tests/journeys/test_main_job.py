"""The whole job in real browsers: from the bank's desk to a receipt, a closed day and a refund.

What people do is in the fixtures ``estate``, ``resident`` and ``desk``, each step with what must be seen after it,
so that the other journeys start where these have arrived. Here is what everybody sees at the end.
"""

import re

from tests.journeys import managing
from tests.journeys.estate import Estate
from tests.journeys.someone import Someone
from tests.journeys.story import MINE, OTHER, Desk


async def test_the_resident_sees_what_is_paid_and_what_is_left(resident: Someone) -> None:
    await resident.go("/my")
    await resident.sees("SGD 26.50", "part paid", OTHER)
    await resident.does_not_see(MINE)
    await resident.go("/my/payments")
    await resident.sees("SGD 46.50", "SGD 20.00", "Card or wallet", "Bank app (QR code)")
    await resident.press("My accounts")
    await resident.sees(MINE, OTHER)


async def test_the_desk_has_its_closed_day(desk: Desk, estate: Estate) -> None:
    cashier = desk.cashier
    await cashier.go(f"{estate.court.root}/desk/closes")
    await cashier.sees("Siti Rahman", "SGD 46.50", "SGD 0.00")
    await cashier.go(f"{estate.court.root}/desk/close")
    await cashier.sees("You have closed this day already")
    answer = await cashier.go(f"{estate.court.root}/runs")
    assert answer.status == 403


async def test_the_manager_sees_the_money_and_each_bill_its_story(
    resident: Someone, desk: Desk, estate: Estate
) -> None:
    manager, root = estate.administrator, estate.court.root
    await manager.go(f"{root}/payments?q={desk.payment}")
    await manager.sees_state("Partly refunded")
    await manager.go(root)
    await manager.sees("Taken today", "Billed and paid")
    await manager.does_not_see("Bring in your accounts")
    await manager.press("All months")
    await manager.sees(re.compile(r"\d+(\.\d+)?\s?%"), "2,968.00")
    await manager.go(f"{root}/reports/takings")
    await manager.sees("Card or wallet", "Bank app (QR code)")
    await manager.go(f"{root}/reports/arrears")
    await manager.go(f"{root}/bills?q={OTHER.replace('#', '%23')}")
    await manager.sees_state("Partly paid")
    await managing.address_of_bill(manager, estate.court, OTHER)
    await manager.sees("Still owed", "SGD 26.50", "What happened")
    await manager.press("Send a reminder")
    assert estate.live.mail_to("tan.meiling@mail.example", "26.50")


async def test_the_bank_sees_its_institution_but_not_its_residents(estate: Estate) -> None:
    await estate.manager.go("/bank/harbour/tenants")
    await estate.manager.press(estate.court.legal_name)
    await estate.manager.sees("Residents, bills and payments of the institution are not visible to the bank.")
    answer = await estate.manager.go(f"{estate.court.root}/bills")
    assert answer.status == 404
