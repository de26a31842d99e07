"""The cashier's day, and a refund that two people have to want."""

import re

from tests.journeys import onboarding
from tests.journeys.onboarding import Institution
from tests.journeys.someone import PATIENCE, Someone


async def hire(administrator: Someone, court: Institution, name: str, role: str) -> tuple[str, str]:
    """Invite a colleague whom the bank knows as acting for the institution; return their number and address."""
    customer, email = f"op-{role}", f"{role}@{court.slug}.example"
    person = {"id": customer, "kind": "company", "name": name, "mandates": [court.mandate("maker")]}
    administrator.live.control("customers", {"bank": "harbour", "customers": [person]})
    await administrator.go(f"{court.root}/staff")
    await administrator.fill(name=name, email=email)
    await administrator.page.locator('select[name="role"]').select_option(role)
    await administrator.press("Invite")
    await administrator.confirm_if_asked(court.operator)
    await administrator.sees(email)
    return customer, email


async def start_work(colleague: Someone, court: Institution, customer: str, email: str) -> None:
    await onboarding.accept(colleague, customer, email, court.short_name)


async def take_cash(cashier: Someone, court: Institution, account: str, handed_over: str) -> str:
    """Find the account by its number alone and take cash for all that it owes; return the account's page."""
    await cashier.go(f"{court.root}/desk")
    await cashier.fill(q=account)
    async with cashier.page.expect_navigation(timeout=PATIENCE):
        await cashier.page.keyboard.press("Enter")
    await cashier.heading(re.compile(f"Take money for {re.escape(account)}", re.IGNORECASE))
    await cashier.fill(tendered=handed_over)
    address = cashier.page.url
    await cashier.press("Take the money")
    return address


async def close_day(cashier: Someone, court: Institution, counted: str) -> None:
    """Count wrongly first, which needs a reason; then rightly."""
    await cashier.go(f"{court.root}/desk/close")
    await cashier.fill_one("counted-cash", "1.00")
    await cashier.press("Close my day")
    assert await cashier.page.get_by_text("Your day is closed.").count() == 0
    await cashier.fill_one("counted-cash", counted)
    await cashier.press("Close my day")
    await cashier.sees("Your day is closed.")


async def ask_for_refund(cashier: Someone, amount: str, reason: str) -> str:
    """Ask on the payment's page; return the address of the refund, which now waits for somebody else."""
    await cashier.fill(amount=amount, reason=reason)
    await cashier.press("Ask for the refund")
    await cashier.heading_begins("Refund ")
    await cashier.sees("Another person has to decide")
    return cashier.page.url


async def approve_refund(administrator: Someone, court: Institution, address: str) -> None:
    await administrator.go(address)
    await administrator.press("Approve the refund")
    await administrator.confirm_if_asked(court.operator)
