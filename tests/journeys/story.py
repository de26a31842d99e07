"""What happens in the institution's first days: residents pay, the desk takes cash, one payment is refunded."""

import re
from dataclasses import dataclass

from tests.journeys import desk, managing, paying
from tests.journeys.estate import Estate
from tests.journeys.lobby import Lobby
from tests.journeys.someone import Someone

MINE, OTHER = "102 BEDOK RESERVOIR RD #01-01", "102 BEDOK RESERVOIR RD #01-02"
CASH = "102 BEDOK RESERVOIR RD #01-03"
RESIDENT = "p-yeo"


@dataclass
class Desk:
    """A cashier at work, and a payment that was refunded in part: its number and its refund's page."""

    cashier: Someone
    payment: str
    refund: str
    addresses: list[str]
    """Pages that the cashier came to on the way."""
    links: list[str]
    """And those of whoever paid by the link of a bill."""


async def move_in(people: Lobby, estate: Estate) -> Someone:
    """Sign a resident in, who is nobody yet, and confirm two flats with the codes on their printed bills."""
    resident = await people.guest("resident")
    person = {"id": RESIDENT, "kind": "personal", "name": "Yeo Kim Hock", "level": 2}
    people.live.control("customers", {"bank": "harbour", "customers": [person]})
    await resident.sign_in(RESIDENT, "personal")
    await resident.heading("Nothing is linked to you yet")
    await resident.press("Add my account")
    await resident.fill(code="7K3M-9QXR-2B4T")
    await resident.press("Add this account")
    assert await resident.page.locator("[aria-invalid=true]").input_value() == "7K3M-9QXR-2B4T"
    for account in (MINE, OTHER):
        await resident.go("/my/accounts")
        await resident.fill(code=managing.holder_code(await estate.paper(account)))
        await resident.press("Add this account")
        await resident.sees(account)
    await resident.go("/my")
    await resident.sees("SGD 93.00", MINE, OTHER, "Nothing is overdue")
    await _pay_one_by_card(resident)
    await _pay_part_by_bank_app(resident)
    return resident


async def _pay_one_by_card(resident: Someone) -> None:
    await resident.page.locator('input[name="bill"]').last.uncheck()
    await resident.press("Pay Green Court")
    await resident.sees("SGD 46.50", re.compile(f" · ({re.escape(MINE)}|{re.escape(OTHER)})", re.IGNORECASE))
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
    assert await resident.page.locator("[aria-invalid=true]").input_value() == "46.51"
    await resident.page.locator('input[name^="amount-"]').fill("20")
    await resident.press("Work out the total")
    await resident.sees("SGD 20.00", "of SGD 46.50 to pay")
    await paying.choose(resident, paying.BANK_APP)
    await paying.by_bank_app(resident, "20.00")
    await paying.is_paid(resident, "SGD 20.00")


async def open_desk(people: Lobby, estate: Estate) -> Desk:
    """Hire a cashier, take cash, close the day; give a card payment back in part, which takes two people."""
    court, administrator = estate.court, estate.administrator
    who = await desk.hire(administrator, court, "Siti Rahman", "cashier")
    cashier = await people.guest("cashier")
    await desk.start_work(cashier, court, *who)
    account = await desk.take_cash(cashier, court, CASH, "50")
    await cashier.sees("Give back in change", "SGD 3.50", "SGD 46.50")
    addresses = [account, cashier.page.url]
    number = (await cashier.page.get_by_role("heading", level=1).inner_text()).removeprefix("Receipt ")
    await desk.close_day(cashier, court, "46.50")
    payment, links = await paid_by_card(people, estate)
    await cashier.go(f"{court.root}/payments")
    await cashier.sees(number.replace("R", "P", 1))
    await cashier.press(payment)
    refund = await desk.ask_for_refund(cashier, "13.50", "The lift stood still for a week.")
    await desk.approve_refund(administrator, court, refund)
    await administrator.comes_to_see_state("Refunded")
    return Desk(cashier, payment, refund, addresses, links)


async def paid_by_card(people: Lobby, estate: Estate) -> tuple[str, list[str]]:
    """Pay a bill as the bearer of its link, who sees that bill and nothing else.

    Return the payment's number and the pages that led there.
    """
    stranger, link = await people.guest("stranger"), await estate.pay_link()
    await stranger.go(link)
    await stranger.sees("To pay", "SGD 63.50", "This page shows this one bill only.")
    await stranger.does_not_see("102 BEDOK", "Tan Mei Ling")
    await stranger.press("Pay")
    await paying.choose(stranger, paying.CARD)
    await paying.by_card(stranger, "63.50")
    await paying.is_paid(stranger, "SGD 63.50")
    number = (await stranger.page.title()).split(" ")[1]
    outcome = stranger.page.url
    await stranger.go(link)
    await stranger.sees("Paid in full")
    await stranger.go("/my")
    await stranger.heading("Sign in")
    return number, [outcome]
