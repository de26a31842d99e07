"""Paying and importing where scripts never run, and paying with no mouse."""

from tests.journeys import importing, paying
from tests.journeys.conftest import Guests
from tests.journeys.estate import Estate


async def test_a_bill_is_paid_by_card(estate: Estate, guests: Guests) -> None:
    payer = await guests("payer", java_script_enabled=False, viewport={"width": 320, "height": 640})
    await payer.go(await estate.pay_link())
    await payer.press("Pay")
    await paying.choose(payer, paying.CARD)
    await paying.by_card(payer, "63.50")
    await paying.is_paid(payer, "SGD 63.50")
    english, chinese = await paying.receipt(payer)
    assert "63.50" in english
    assert "63.50" in chinese


async def test_a_part_of_a_bill_is_paid_in_the_bank_app(estate: Estate, guests: Guests) -> None:
    payer = await guests("payer", java_script_enabled=False, viewport={"width": 320, "height": 640})
    link = await estate.pay_link()
    await payer.go(link)
    await payer.press("Pay")
    await payer.page.locator("summary", has_text="Pay a smaller amount").click()
    await payer.page.locator('input[name^="amount-"]').fill("3.50")
    await payer.press("Work out the total")
    await payer.sees("of SGD 63.50 to pay")
    await paying.choose(payer, paying.BANK_APP)
    await paying.by_bank_app(payer, "3.50")
    await paying.is_paid(payer, "SGD 3.50")
    await payer.go(link)
    await payer.sees("Still to pay", "SGD 60.00", "SGD 3.50 of SGD 63.50 is paid")


async def test_units_are_imported(estate: Estate, guests: Guests) -> None:
    clerk = await guests("clerk", java_script_enabled=False)
    await clerk.sign_in(estate.court.operator, "company", estate.court.root)
    await importing.bring_in_again(clerk, estate.court)


async def test_a_bill_is_paid_by_keyboard_alone(estate: Estate, guests: Guests) -> None:
    payer = await guests("payer")
    await payer.go(await estate.pay_link())
    await payer.tab_to("Pay")
    await payer.page.keyboard.press("Enter")
    await payer.heading("Pay Green Court")
    await payer.tab_to("Card or wallet")
    await payer.page.keyboard.press("Space")
    await payer.tab_to("Continue to pay")
    await payer.page.keyboard.press("Enter")
    await payer.page.wait_for_url(f"{payer.live.sandbox_url}/**")
    await payer.tab_to("Pay with test card")
    await payer.page.keyboard.press("Enter")
    await paying.is_paid(payer, "SGD 63.50")
