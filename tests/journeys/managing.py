"""A property manager's first month: the charge, the bill run, the printed bill."""

import re
from urllib.parse import quote

from tests.billing.pdf_text import pages
from tests.journeys.onboarding import Institution
from tests.journeys.someone import PATIENCE, Someone

CHARGE = "Service and conservancy charge"


async def remind_at_any_hour(administrator: Someone, court: Institution) -> None:
    """Let reminders leave when they are asked for, whatever the hour is at which the tests run."""
    await administrator.go(f"{court.root}/settings/terms/reminders")
    await administrator.fill(quiet_from="5", quiet_until="5")
    await administrator.press("Save")


async def set_the_charge(administrator: Someone, court: Institution) -> None:
    """Read the published tariff back, change one cell, see it applied, put it into force."""
    page = administrator.page
    await administrator.go(f"{court.root}/fees")
    await administrator.press(CHARGE)
    await administrator.sees("Nothing is charged until a rule is in force.")
    await administrator.press("Review the draft")
    await administrator.press("Change the draft")
    four_room = page.get_by_role("row").filter(has_text=re.compile(r"^\s*4-room(?! DBSS)"))
    reduced, normal = await four_room.locator("input:visible").all()
    assert [await reduced.input_value(), await normal.input_value()] == ["63.50", "79.00"]
    await reduced.fill("6x")
    await administrator.press("Keep as draft")
    assert await page.locator("[aria-invalid=true]").count() == 1
    await reduced.fill("64.50")
    await administrator.sees(re.compile(r"4-room: 64\.50 reduced, 79\.00 normal"))
    await reduced.fill("63.50")
    await administrator.sees(re.compile(r"4-room: 63\.50 reduced, 79\.00 normal"))
    await administrator.sees("On three accounts")
    await administrator.press("Keep as draft")
    await administrator.sees("The draft is kept.")


async def activate_the_charge(administrator: Someone, court: Institution) -> None:
    """Put it into force from this year on; the bank is asked again who does that."""
    await administrator.press("Put into force")
    await administrator.confirm_if_asked(court.operator)
    await administrator.sees("The rule is set. Bill runs for its months use it.", "4-room")


async def draft(administrator: Someone, court: Institution, month: str) -> str:
    """Draft a month and wait for its figures; return the run's page."""
    page = administrator.page
    await administrator.go(f"{court.root}/runs")
    await administrator.press("New bill run")
    await administrator.sees(CHARGE)
    await administrator.fill(period=month)
    await administrator.press("Draft the bills")
    ready, nothing = page.get_by_role("heading", name="By fee"), page.get_by_text("There is nothing to bill")
    await ready.or_(nothing).first.wait_for()
    return page.url


async def issue(administrator: Someone, court: Institution) -> None:
    """Issue what has been drafted, after one more question, and see it done."""
    await administrator.press("Issue", exact=False)
    await administrator.sees("Holders see and can pay their bills from then on.")
    await administrator.press("Issue the bills")
    await administrator.confirm_if_asked(court.operator)
    await administrator.sees_state("Issued")


async def print_all(administrator: Someone) -> str:
    """Have all bills of the issued run put into one file; return the address of its page."""
    await administrator.press("Print the bills")
    await administrator.press("Make the file")
    await administrator.page.wait_for_url("**/files/**", timeout=3 * PATIENCE)
    return administrator.page.url


async def address_of_fee(administrator: Someone, court: Institution, name: str) -> str:
    await administrator.go(f"{court.root}/fees")
    await administrator.press(name)
    return administrator.page.url


async def address_of_bill(administrator: Someone, court: Institution, account: str) -> str:
    await administrator.go(f"{court.root}/bills?q={quote(account)}")
    async with administrator.page.expect_navigation(timeout=PATIENCE):
        await administrator.page.locator("tbody a").first.click()
    return administrator.page.url


async def printed_bill(administrator: Someone, court: Institution, account: str) -> str:
    """Print an account's bill from its page; return the words on the paper."""
    await address_of_bill(administrator, court, account)
    await administrator.sees("How it was worked out")
    href = await administrator.page.get_by_role("link", name="Print", exact=True).get_attribute("href")
    answer = await administrator.context.request.get(administrator.live.url + str(href))
    assert answer.headers["content-type"] == "application/pdf"
    return "\n".join(pages(await answer.body()))


def pay_link(paper: str) -> str:
    """Return the address printed under the code to scan; long ones are broken over lines."""
    found = re.search(r"http\S+/pay/\S+(?:\n[\w-]+$)*", paper, re.MULTILINE)
    assert found, paper
    return found[0].replace("\n", "")


def holder_code(paper: str) -> str:
    """Return the code by which a holder confirms that the account is theirs."""
    found = re.search(r"^[A-Z0-9]{4}(?:-[A-Z0-9]{4})+$", paper, re.MULTILINE)
    assert found, paper
    return found[0]
