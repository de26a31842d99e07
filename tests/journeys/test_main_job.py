"""The whole job in real browsers: from the bank's desk to a receipt, a closed day and a refund.

The opening, up to the first issued bills, is the fixture ``estate``, which the other journeys start from as well.
"""

from tests.journeys import desk, managing, paying
from tests.journeys.conftest import Guests
from tests.journeys.estate import Estate
from tests.journeys.live import Live
from tests.journeys.someone import Someone

MINE, OTHER = "102 BEDOK RESERVOIR RD #01-01", "102 BEDOK RESERVOIR RD #01-02"
CASH = "102 BEDOK RESERVOIR RD #01-03"


async def test_a_resident_confirms_sees_and_pays(live: Live, estate: Estate, guests: Guests) -> None:
    resident = await guests("resident")
    await resident.sign_in("p-tan", "personal")
    await resident.heading("Nothing is linked to you yet")
    await resident.press("Add my account")
    for account in (MINE, OTHER):
        await resident.go("/my/accounts")
        await resident.fill(code=managing.holder_code(await estate.paper(account)))
        await resident.press("Add this account")
        await resident.sees(account)
    await resident.go("/my")
    await resident.sees("SGD 93.00", MINE, OTHER, "Nothing is overdue")
    await _pay_one_by_card(resident)
    await _pay_part_by_bank_app(resident)
    await resident.go("/my/payments")
    await resident.sees("SGD 46.50", "SGD 20.00", "Card or wallet", "Bank app (QR code)")


async def _pay_one_by_card(resident: Someone) -> None:
    await resident.page.locator('input[name="bill"]').last.uncheck()
    await resident.press("Pay Green Court")
    await resident.sees("SGD 46.50", "1 bill")
    await paying.choose(resident, paying.CARD)
    await paying.by_card(resident, "46.50")
    await paying.is_paid(resident, "SGD 46.50")
    english, chinese = await paying.receipt(resident)
    assert "Green Court Management Pte Ltd" in english
    assert "46.50" in english
    assert "46.50" in chinese
    assert "收据" in chinese
    await resident.go("/my")
    await resident.sees("SGD 46.50")


async def _pay_part_by_bank_app(resident: Someone) -> None:
    await resident.press("Pay Green Court")
    await resident.page.locator("summary", has_text="Pay a smaller amount").click()
    await resident.page.locator('input[name^="amount-"]').fill("46.51")
    await paying.choose(resident, paying.BANK_APP)
    assert await resident.page.locator("[aria-invalid=true]").count() == 1
    await resident.page.locator('input[name^="amount-"]').fill("20")
    await resident.press("Work out the total")
    await resident.sees("SGD 20.00", "of SGD 46.50 to pay")
    await paying.choose(resident, paying.BANK_APP)
    await paying.by_bank_app(resident, "20.00")
    await paying.is_paid(resident, "SGD 20.00")
    await resident.go("/my")
    await resident.sees("SGD 26.50", "part paid")


async def test_a_pay_link_shows_that_bill_and_nothing_else(
    live: Live, estate: Estate, guests: Guests
) -> None:
    stranger = await guests("stranger")
    link = await estate.pay_link()
    await stranger.go(link)
    await stranger.sees("To pay", "SGD 63.50", "This page shows this one bill only.")
    await stranger.does_not_see("102 BEDOK", "Tan Mei Ling")
    await stranger.press("Pay")
    await paying.choose(stranger, paying.CARD)
    await paying.by_card(stranger, "63.50")
    await paying.is_paid(stranger, "SGD 63.50")
    await stranger.go(link)
    await stranger.sees("Paid in full")
    await stranger.go("/my")
    await stranger.heading("Sign in")


async def test_the_desk_takes_cash_and_a_refund_needs_two(live: Live, estate: Estate, guests: Guests) -> None:
    court, administrator = estate.court, estate.administrator
    who = await desk.hire(administrator, court, "Siti Rahman", "cashier")
    cashier = await guests("cashier")
    await desk.start_work(cashier, court, *who)
    await desk.take_cash(cashier, court, CASH, "50")
    await cashier.sees("Give back in change", "SGD 3.50", "SGD 46.50")
    number = (await cashier.page.get_by_role("heading", level=1).inner_text()).removeprefix("Receipt ")
    await desk.close_day(cashier, court, "46.50")
    await _refund(cashier, administrator, estate, number)


async def _refund(cashier: Someone, administrator: Someone, estate: Estate, number: str) -> None:
    stranger = await _paid_by_card(estate, cashier)
    await cashier.go(f"{estate.court.root}/payments")
    await cashier.sees(number.replace("R", "P", 1))
    await cashier.press(stranger)
    refund = await desk.ask_for_refund(cashier, "13.50", "The lift stood still for a week.")
    await desk.approve_refund(administrator, estate.court, refund)
    await administrator.comes_to_see_state("Paid back")
    await administrator.go(f"{estate.court.root}/payments?q={stranger}")
    await administrator.sees_state("Partly given back")
    await administrator.go(estate.court.root)
    await administrator.sees("Taken today", "Collected")


async def _paid_by_card(estate: Estate, cashier: Someone) -> str:
    """Pay a bill by its link in the cashier's own browser, as a resident at the counter would."""
    await cashier.go(await estate.pay_link())
    await cashier.press("Pay")
    await paying.choose(cashier, paying.CARD)
    await paying.by_card(cashier, "63.50")
    await paying.is_paid(cashier, "SGD 63.50")
    title = await cashier.page.title()
    return title.split(" ")[1]
