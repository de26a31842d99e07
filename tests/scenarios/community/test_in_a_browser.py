"""In a real browser, on a phone: a round of readings, and work that is finished, in a cellar without network."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from scenarios.community.meters import installing
from scenarios.community.meters.installing import Plate
from scenarios.community.models import MeterReading, WorkNote, WorkOrder
from scenarios.community.service import orders
from tenants import sessions
from tests import make
from tests.browser import ORIGIN, opened, overflow, violations, visit
from tests.scenarios.community.estate import month_back
from tests.scenarios.community.test_away import planned
from tests.scenarios.community.test_pages import picture

PHONE = {"width": 320, "height": 700}


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as running:
        yield running


async def test_a_technician_walks_a_round_without_network(place, app, client, browser):
    async with place.scope():
        for number, flat in enumerate(place.flats):
            plate = Plate("water", f"W-{number}", month_back(2))
            await installing.install(place.chief, plate, account_id=flat.id, building_id=None)
    technician = await make.staff(place.tenant, "technician", "Raj")
    token = await make.sign_in(client, technician.person_id)

    async def readings() -> list[float]:
        async with place.scope():
            found = await MeterReading.filter(tenant_id=place.tenant.id, status="accepted").order_by("value")
        return [float(one.value) for one in found]

    async with visit(browser, app, viewport=PHONE, locale="en", service_workers="block") as page:
        await page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": ORIGIN}])
        await page.goto(f"{place.root}/meters/round")
        assert await overflow(page) == 0
        assert await violations(page) == []
        told = page.locator("[data-offline-told]")
        assert not await told.is_visible()
        is_away = True

        async def cellar(route) -> None:
            if is_away and route.request.method == "POST":
                await route.abort("internetdisconnected")
            else:
                await route.fallback()

        await page.context.route("**/meters/round**", cellar)
        fields = page.locator('input[name^="value-"]')
        for number in range(3):
            await fields.nth(number).fill(str(10 + number))
        await page.get_by_role("button", name="Send the readings").click()
        await told.wait_for(state="visible")
        assert await violations(page) == []
        assert await readings() == []
        await page.reload()
        assert await fields.nth(2).input_value() == "12", "what was typed is still there"
        is_away = False
        # Here the answer to what is sent gets lost on its way (a redirect leaves this test's network), as it may in a
        # cellar's door: the page sends the round again, and it still counts once.
        async with page.expect_response(lambda answer: answer.status == 303):
            await page.evaluate("window.dispatchEvent(new Event('online'))")
        await page.wait_for_timeout(500)
        await page.goto(f"{place.root}/meters/round")
        assert await page.get_by_text("Nothing left to read here").count()
        assert await readings() == [10, 11, 12]


async def test_a_technician_finishes_work_without_network(place, app, client, browser):
    made = await planned(place, "Close the valve", "Change the seal")
    technician = await make.staff(place.tenant, "technician", "Raj")
    async with place.scope():
        await orders.assign(place.chief, made.id, person_id=technician.person_id)
    token = await make.sign_in(client, technician.person_id)
    async with visit(browser, app, viewport=PHONE, locale="en", service_workers="block") as page:
        await page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": ORIGIN}])
        await page.goto(f"{place.root}/work/mine")
        assert await overflow(page) == 0
        assert await violations(page) == []
        tries = []

        async def cellar(route) -> None:
            tries.append(route.request.url)
            await (route.abort("internetdisconnected") if len(tries) == 1 else route.fallback())

        await page.context.route("**/reports", cellar)
        for step in ("Close the valve", "Change the seal"):
            await page.get_by_label(step).check()
        photo = {"name": "seal.png", "mimeType": "image/png", "buffer": picture()}
        await page.get_by_label("Photos").set_input_files(photo)
        await page.get_by_role("button", name="It is done").click()
        await page.get_by_text("Kept on this device; it is sent").wait_for()
        assert not await page.get_by_role("button", name="It is done").is_visible()
        assert await violations(page) == []
        await page.reload()
        await page.get_by_text("Sent. The order is done.").wait_for()
        async with place.scope():
            assert (await WorkOrder.get(id=made.id)).status == "done"
            (told,) = await WorkNote.filter(order_id=made.id, act="finish")
        assert [one["filename"] for one in told.files] == ["seal.png"]
