"""In a real browser, on a phone's width: several institutions paid at once, and a dispute answered."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from billing.checkouts import service
from billing.models import Payment
from tenants import sessions
from tests import make
from tests.billing.checkouts.test_checkouts import attempt_in
from tests.billing.disputes.test_disputes import paid
from tests.billing.disputes.test_pages import tell
from tests.billing.payments import world
from tests.browser import ORIGIN, opened, overflow, violations, visit

PHONE = {"width": 320, "height": 700}


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as running:
        yield running


async def check(page) -> None:
    assert await overflow(page) == 0
    assert await violations(page) == []
    assert page.messages == []


@pytest.fixture
async def two(place, school):
    return place, school


async def test_a_payer_pays_two_institutions_with_one_code(two, outside, client, app, browser):
    place, school = two
    bills = await world.bill(place, 3000), await world.bill(school, 700)
    token = await make.sign_in(client, place.person.id)
    async with visit(browser, app, viewport=PHONE, locale="en") as page:
        await page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": ORIGIN}])
        await page.goto("/my")
        await page.get_by_role("link", name="Pay all of it together").click()
        assert await page.get_by_text("SGD 37.00").count()
        await check(page)
        await page.get_by_role("button", name="Continue to pay").click()
        await page.get_by_role("heading", name="Scan to pay").wait_for()
        await check(page)
        async with place.scope():
            (made,) = await Payment.filter(tenant_id=place.id)
        outside.pay(await attempt_in(school, made.checkout_id))
        for at in two:
            await world.wait_since_sending(at, (await attempt_in(at, made.checkout_id)).id, 30)
        await page.get_by_role("link", name="I have paid").click()
        await page.get_by_role("heading", name="Thank you, all is paid").wait_for()
        await check(page)
    assert (await service.progress(place.payer, made.checkout_id)).is_done
    assert [(await world.fresh(at, b)).status for at, b in zip(two, bills, strict=True)] == [
        "paid",
        "paid",
    ]


async def test_finance_answers_a_dispute_from_the_worklist(place, client, app, browser):
    _, started = await paid(place)
    dispute = await tell(place, started.attempt_id, "evidence_due")
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    token = await make.sign_in(client, officer.person_id)
    async with visit(browser, app, viewport=PHONE, locale="en") as page:
        await page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": ORIGIN}])
        await page.goto(f"/t/{place.tenant.slug}/worklist?kind=dispute")
        await page.get_by_role("link", name=dispute.number).click()
        await page.get_by_role("heading", level=1, name=dispute.number).wait_for()
        await page.wait_for_load_state("load")
        await check(page)
        await page.get_by_role("textbox", name="Your answer").fill("They live here and signed in.")
        await page.get_by_role("button", name="Hand in the answer").click()
        await page.get_by_text("On its way to the channel").wait_for()
        await check(page)
