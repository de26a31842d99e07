"""What people do to forms that no form expects: twice, too late, backwards, in two places at once."""

from tenants.sessions import COOKIE
from tests.journeys import paying
from tests.journeys.conftest import Guests
from tests.journeys.estate import Estate
from tests.journeys.live import Live
from tests.journeys.someone import Someone


async def test_a_double_click_pays_once(estate: Estate, guests: Guests) -> None:
    payer, link = await guests("payer"), await estate.pay_link()
    await payer.go(link)
    await payer.press("Pay")
    await paying.pick(payer, paying.CARD)
    await payer.page.get_by_role("button", name="Continue to pay", exact=True).dblclick()
    await paying.by_card(payer, "63.50")
    await paying.is_paid(payer, "SGD 63.50")
    await _was_paid_once(payer, link)


async def test_the_back_button_after_paying_takes_nothing_again(
    live: Live, estate: Estate, guests: Guests
) -> None:
    """One step back is the channel's page, which is done; the next our form, which leads on to the paid bill."""
    payer, link = await guests("payer"), await estate.pay_link()
    await payer.go(link)
    await payer.press("Pay")
    await paying.choose(payer, paying.CARD)
    await paying.by_card(payer, "63.50")
    await paying.is_paid(payer, "SGD 63.50")
    for page in (f"{live.sandbox_url}/stripe/pay/**", link):
        await payer.page.go_back(wait_until="commit")
        await payer.page.wait_for_url(page)
    await payer.sees("Nothing is left to pay.")
    await _was_paid_once(payer, link)


async def test_two_tabs_pay_one_bill_once(estate: Estate, guests: Guests) -> None:
    first, link = await guests("first"), await estate.pay_link()
    second = await guests("second")
    for tab in (first, second):
        await tab.go(link)
        await tab.press("Pay")
    await paying.choose(first, paying.CARD)
    await paying.choose(second, paying.CARD)
    await paying.by_card(first, "63.50")
    await paying.is_paid(first, "SGD 63.50")
    await second.go(link)
    await second.sees("Paid in full")
    await _was_paid_once(second, link)


async def _was_paid_once(payer: Someone, link: str) -> None:
    await payer.go(link)
    await payer.sees("Paid in full", "SGD 63.50")
    assert await payer.page.get_by_role("link", name="Receipt", exact=True).count() <= 1


async def test_a_form_sent_after_the_session_ended_is_not_lost(estate: Estate, guests: Guests) -> None:
    clerk = await guests("clerk")
    await clerk.sign_in(estate.court.operator, "company", f"{estate.court.root}/fees/new")
    await clerk.fill(name_en="Swimming pool", name_zh="泳池费")
    await clerk.fill(kind="charge", account_kinds="unit")
    cookies = {cookie["name"]: cookie["value"] for cookie in await clerk.context.cookies()}
    await clerk.live.let_session_run_out(cookies[COOKIE])
    await clerk.press("Add and write its rule")
    await clerk.sees("Nothing you typed was lost")
    await clerk.continue_at_bank(estate.court.operator, "company")
    await clerk.heading("Nothing you typed was lost")
    await clerk.sees("Swimming pool", "泳池费")
    await clerk.press("Send the form")
    await clerk.sees("The fee is added. Now write its rule.")
    await clerk.heading("Rule of Swimming pool")
