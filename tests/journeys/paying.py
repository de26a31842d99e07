"""Paying as a resident does: on our pages, then on the channel's, and back."""

import re

from tests.billing.pdf_text import pages
from tests.journeys.someone import Someone

CARD, BANK_APP = "stripe", "bank"


async def choose(payer: Someone, channel: str) -> None:
    """Choose the way to pay and go there."""
    await pick(payer, channel)
    await payer.press("Continue to pay")


async def pick(payer: Someone, channel: str) -> None:
    """Touch the label of a way to pay."""
    way = payer.page.locator(f'.way:has(input[name="channel"][value="{channel}"])')
    await way.locator("label").click()
    assert await way.locator("input").is_checked()


async def by_card(payer: Someone, amount: str, act: str = "card") -> None:
    """Pay on the hosted page of the sandbox's Stripe, which shows the same amount."""
    await payer.page.wait_for_url(f"{payer.live.sandbox_url}/stripe/pay/**")
    shown = await payer.page.locator(".amount").inner_text()
    assert _digits(shown) == _digits(amount), shown
    await payer.page.locator(f'button[value="{act}"]').click()
    await payer.page.wait_for_url(f"{payer.live.url}/**")


async def by_bank_app(payer: Someone, amount: str) -> None:
    """Open the bank's app as on this phone, pay there, come back."""
    await payer.heading("Scan to pay")
    await payer.press("On a phone? Open your bank here")
    await payer.page.wait_for_url(f"{payer.live.sandbox_url}/rail/cashier/**")
    assert _digits(await payer.page.locator(".amount").inner_text()) == _digits(amount)
    await payer.page.locator('button[value="pay"]').click()
    await payer.page.wait_for_load_state("domcontentloaded")
    if payer.page.url.startswith(payer.live.sandbox_url):
        await payer.page.locator(".after a").click()
    await payer.page.wait_for_url(f"{payer.live.url}/**")


async def is_paid(payer: Someone, amount: str) -> None:
    """Come to see it: at once, or when the page has heard from the channel."""
    await payer.page.wait_for_load_state("domcontentloaded")
    while await payer.page.get_by_role("link", name="I have paid", exact=True).count():
        await payer.press("I have paid")
    await payer.heading("Thank you, it is paid")
    await payer.sees(amount, "Open the receipt")


async def receipt(payer: Someone) -> tuple[str, str]:
    """Open the receipt as page and as both papers; return the words of the English and the Chinese one."""
    await payer.press("Open the receipt")
    await payer.heading("Receipt")
    await payer.sees("Code to check it", "Total")
    links = payer.page.get_by_role("link", name=re.compile("PDF"))
    papers = []
    for number in range(2):
        href = await links.nth(number).get_attribute("href")
        answer = await payer.context.request.get(payer.live.url + str(href))
        assert answer.headers["content-type"] == "application/pdf"
        papers.append("\n".join(pages(await answer.body())))
    return papers[0], papers[1]


def _digits(text: str) -> str:
    return re.sub(r"[^\d.]", "", text)
