"""A visitor on a phone without script, and a gate keeper whose network dies."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser import overflow, violations
from tests.journeys.live import Live
from tests.journeys.lobby import lobby
from tests.journeys.someone import PATIENCE, Someone

PHONE, NARROW = {"width": 360, "height": 740}, {"width": 320, "height": 640}


async def buy(visitor: Someone) -> tuple[str, str]:
    """Order a child's ticket, which costs nothing; return where it was ordered and what its code says."""
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    await visitor.go(f"/visit/palace?month={day:%Y-%m}")
    await visitor.page.locator(f'a[href="/visit/palace/{day.isoformat()}"]').click()
    await visitor.press("Choose", exact=False)
    await visitor.page.locator('select[name$="-child"]').first.select_option("1")
    await visitor.press("Continue")
    review = visitor.page.url
    await visitor.fill(
        **{"visitors-0-name": "Tan Xiao Ming", "visitors-0-document": "E7654321Z", "is_agreed": "1"},
        contact="family@mail.example",
    )
    await visitor.press("Order")
    await visitor.sees_state("Valid")
    await visitor.page.locator("summary").get_by_text("The code as text").click()
    return review, await visitor.page.locator("code").inner_text()


async def look(who: Someone) -> None:
    """Hold a page that the walk cannot reach to what every page has to satisfy."""
    found = await violations(who.page)
    found += [f"{more} px too wide" for more in [await overflow(who.page)] if more > 0]
    assert not found, (who.page.url, found)


async def add_device(director: Someone) -> str:
    """Add a phone to a gate and return the link that makes it the device."""
    await director.go("/t/palace-museum/gates")
    await director.press("Meridian Gate")
    await director.fill(device="Phone of the journey")
    await director.press("Add the device")
    return await director.page.locator("main code").inner_text()


async def says(keeper: Someone, code: str, word: str) -> None:
    await keeper.page.fill('[name="code"]', code)
    await keeper.page.get_by_role("button", name="Check").click()
    await expect(keeper.page.locator("[data-told]")).to_contain_text(word, timeout=PATIENCE)


async def left(keeper: Someone, count: int) -> None:
    await expect(keeper.page.locator("[data-gate]")).to_have_attribute(
        "data-left", str(count), timeout=PATIENCE
    )


async def test_a_visitor_buys_on_a_phone_and_a_gate_goes_on_without_its_network(
    live: Live, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Callable[[], Path] = lambda: tmp_path_factory.mktemp("tourism")  # noqa: E731
    async with lobby(browser, live, folder) as people:
        visitor = await people.guest("visitor", java_script_enabled=False, viewport=PHONE)
        review, code = await buy(visitor)
        eyes = await people.guest(
            "eyes", storage_state=await visitor.context.storage_state(), viewport=NARROW
        )
        order = visitor.page.url.removeprefix(live.url)
        await eyes.go(order)
        pass_on = await eyes.page.get_by_role("link", name="Pass this ticket on").get_attribute("href")
        for path in (review, order, f"{order}/give-back", f"{order}/move", str(pass_on)):
            await eyes.go(path)
            await look(eyes)
        director = await people.guest("director")
        await director.sign_in("op-palace-director", "company", "/t/palace-museum/gates")
        link = await add_device(director)
        keeper = await people.guest("keeper", viewport=PHONE)
        await keeper.go(link)
        await look(keeper)
        await keeper.press("Use this device")
        await expect(keeper.page.locator("[data-state]")).to_have_text("Connected", timeout=PATIENCE)
        await look(keeper)
        await says(keeper, code, "Not valid yet")
        await keeper.page.evaluate("navigator.serviceWorker.ready")
        await without_network(keeper, code)
        await director.go("/t/palace-museum/scans?mode=offline&verdict=rejected")
        await director.sees("Not valid yet", "We do not know this code")


async def starts_again(keeper: Someone, code: str) -> None:
    """The phone restarts in the tunnel: the page comes back from what was kept, with everything that waits."""
    await keeper.page.reload(wait_until="domcontentloaded")
    entry = "performance.getEntriesByType('navigation')[0].workerStart > 0"
    assert await keeper.page.evaluate(entry), "the page did not come from the service worker"
    await left(keeper, 3)
    await expect(keeper.page.locator("[data-ready]")).to_have_count(1, timeout=PATIENCE)
    await says(keeper, code, "Not valid yet")
    await left(keeper, 4)


async def without_network(keeper: Someone, code: str) -> None:
    """The page judges by itself, keeps what it scanned, and sends everything once it can."""
    await keeper.context.set_offline(True)
    try:
        await says(keeper, code, "Not valid yet")
        await left(keeper, 1)
        await says(keeper, code[:-4] + "AAAA", "We do not know this code")
        await left(keeper, 2)
        await says(keeper, "4711471147", "A typed number needs the network")
        await left(keeper, 3)
        await starts_again(keeper, code)
        plain = await keeper.page.evaluate(
            "async code => { const list = JSON.parse(localStorage.getItem('gate-list'));"
            " const raw = signedCode.fromBase64(code.slice(3)); const facts = raw.subarray(0, 36);"
            " const key = signedCode.fromBase64(list.key); const seal = raw.subarray(36);"
            " const good = await signedCode.verifyPlainly(key, seal, facts); const bad = facts.slice(); bad[20] ^= 1;"
            " return [good, await signedCode.verifyPlainly(key, seal, bad)]; }",
            code,
        )
        assert plain == [True, False], "the arithmetic for browsers without Ed25519"
        keeper.complaints.clear()  # a browser complains of every address that it cannot reach
    finally:
        await keeper.context.set_offline(False)
    await keeper.page.evaluate("window.dispatchEvent(new Event('online'))")
    await left(keeper, 0)
