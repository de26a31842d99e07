"""A mother of three on an old phone, without script: what waits, a trip booked and signed for, her part, the year."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser import overflow, violations
from tests.journeys.live import Live
from tests.journeys.lobby import lobby
from tests.journeys.someone import Someone

PHONE = {"width": 320, "height": 640}


async def looks_right(who: Someone) -> None:
    """Hold a page to what every page has to satisfy, on a phone and without script."""
    wide = await overflow(who.page)
    assert wide <= 0, (who.page.url, wide)


async def test_a_mother_of_three_pays_signs_and_looks_back(
    live: Live, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Callable[[], Path] = lambda: tmp_path_factory.mktemp("education")  # noqa: E731
    async with lobby(browser, live, folder) as people:
        mother = await people.guest("mother", java_script_enabled=False, viewport=PHONE)
        await mother.sign_in("p-chen", "personal", "/my/school")
        page = mother.page
        assert await page.get_by_role("heading", level=2).count() == 3, "two schools, three children"
        await looks_right(mother)
        await mother.press("Everything about Chen Jia Yi")
        await mother.press("A day at the zoo")
        await looks_right(mother)
        await page.locator('[name="has_signed"]').check()
        await mother.press("Book it")
        await mother.sees_state("Being paid")
        await mother.go("/my/school")
        await mother.press("Everything about Chen Jun Hao")
        await mother.press("Share the bills with the other parent")
        assert "60 %" in await page.locator("main").inner_text(), "what both have agreed"
        await looks_right(mother)
        await mother.go("/my/school")
        await mother.press("What we paid this year")
        await looks_right(mother)
        assert "Chen Li Ting" in await page.locator("main").inner_text(), "the other school's child as well"
        eyes = await people.guest("eyes of the mother", storage_state=await mother.context.storage_state())
        await eyes.go("/my/school")
        assert not await violations(eyes.page)
