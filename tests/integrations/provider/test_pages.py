"""The pages a person sees on the way to an app, in a real browser: on a phone, in both languages, right for axe."""

import os
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest_asyncio
from playwright.async_api import Browser

from tenants import sessions
from tests import make
from tests.browser import ORIGIN, opened, overflow, violations, visit
from tests.integrations.provider.conftest import BACK
from tests.integrations.provider.test_signing_in import two_places

PHONE = {"width": 320, "height": 640}
SHOTS = os.environ.get("SHOTS", "")


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as running:
        yield running


async def test_every_page_on_the_way_to_an_app(world, bank, app, browser):
    await two_places(world, bank)
    token = await make.sign_in(world.client, world.staff.person_id)
    ask = world.asking
    addresses = {
        "choose": f"/oauth/authorize?{urlencode(ask())}",
        "refused": f"/oauth/authorize?{urlencode(ask(redirect_uri='https://evil.example/'))}",
        "leave": f"/oauth/logout?client_id={world.made.client_id}",
    }
    for locale, scheme in (("en", "light"), ("zh-CN", "dark")):
        async with visit(browser, app, viewport=PHONE, locale=locale, color_scheme=scheme) as page:
            await page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": ORIGIN}])
            for name, address in addresses.items():
                await page.goto(address)
                await look(page, f"{name}-{locale}")
            await page.goto(f"/oauth/authorize?{urlencode(ask(prompt='consent'))}")
            await page.locator("form[action='/sign-on/answers'] button").first.click()
            await page.locator("button[name=answer]").first.wait_for()
            await look(page, f"ask-{locale}")


async def look(page, name: str) -> None:
    assert await overflow(page) == 0, name
    assert await violations(page) == [], name
    assert [text for text in page.messages if "status of 400" not in text] == [], name
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png")


async def test_the_answer_by_a_form_sends_itself(world, app, browser):
    token = await make.sign_in(world.client, world.staff.person_id)
    wanted = urlencode(world.asking(response_mode="form_post"))
    for has_scripts in (True, False):
        async with visit(browser, app, viewport=PHONE, locale="en", java_script_enabled=has_scripts) as page:
            await page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": ORIGIN}])
            sent: list[str] = []
            page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))  # noqa: B023
            await page.goto(f"/oauth/authorize?{wanted}", wait_until="commit")
            if not has_scripts:
                await page.get_by_role("button", name="Go on").click(no_wait_after=True)
            for _ in range(50):
                if f"POST {BACK}" in sent:
                    break
                await page.wait_for_timeout(100)
            assert f"POST {BACK}" in sent, has_scripts
