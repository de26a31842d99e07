from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from starlette.applications import Starlette

from tests.browser import chromium, overflow, violations, visit

_LETTERS = """() => [...document.querySelectorAll(".chart-text")].filter(text => text.checkVisibility())
  .map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
@pytest.mark.parametrize("face", ["console", "payer", "public", "print"])
async def test_every_component_is_accessible_and_fits(
    browser: Browser, site: Starlette, face: str, scheme: str, width: int
) -> None:
    view = {"width": width, "height": 900}
    async with visit(browser, site, viewport=view, color_scheme=scheme, locale="en") as page:
        await page.goto(f"/styleguide?face={face}")
        assert await violations(page) == []
        assert await overflow(page) == 0
        assert page.messages == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/nowhere", "/confirm", "/progress?done=10"])
async def test_whole_pages_are_accessible_in_chinese(browser: Browser, site: Starlette, path: str) -> None:
    async with visit(browser, site, viewport={"width": 320, "height": 700}, locale="zh-CN") as page:
        await page.goto(path)
        assert await violations(page) == []
        assert await overflow(page) == 0


@pytest.mark.parametrize("width", [320, 480, 768, 1280])
async def test_charts_can_be_read_at_every_width(browser: Browser, site: Starlette, width: int) -> None:
    async with visit(browser, site, viewport={"width": width, "height": 900}) as page:
        await page.goto("/styleguide?face=console")
        sizes = await page.evaluate(_LETTERS)
    assert len(sizes) > 20
    assert min(sizes) >= 11.99, "letters of a chart are too small"


async def test_sorting_swaps_the_list_alone_and_keeps_the_address(browser: Browser, site: Starlette) -> None:
    async with visit(browser, site, viewport={"width": 1280, "height": 900}) as page:
        await page.goto("/styleguide")
        await page.evaluate("document.title = 'same document'")
        await page.locator("#bills .sort", has_text="Holder").click()
        await expect(page.locator("#bills th[aria-sort=ascending]")).to_have_text("Holder")
        assert page.url.endswith("/styleguide?sort=holder")
        assert await page.evaluate("document.title") == "same document"
        assert await page.locator("#bills").count() == 1
        assert page.messages == []  # type: ignore[attr-defined]


async def test_choosing_a_filter_shows_the_list(browser: Browser, site: Starlette) -> None:
    async with visit(browser, site, viewport={"width": 1280, "height": 900}) as page:
        await page.goto("/styleguide?sort=-unit")
        await page.select_option("#filter-status", "paid")
        await page.wait_for_url("**/styleguide?**status=paid**")
        assert "sort=-unit" in page.url
        await expect(page.locator("#bills th[aria-sort=descending]")).to_have_text("Unit")


async def test_errors_have_the_focus(browser: Browser, site: Starlette) -> None:
    async with visit(browser, site) as page:
        await page.goto("/styleguide")
        assert await page.evaluate("document.activeElement.id") == "errors"
        await page.click("#errors a >> nth=1")
        assert await page.evaluate("document.activeElement.id") == "amount_minor"


async def test_keys_have_a_list_and_can_be_switched_off(browser: Browser, site: Starlette) -> None:
    async with visit(browser, site, viewport={"width": 1280, "height": 900}) as page:
        await page.goto("/styleguide")
        await page.keyboard.press("/")
        assert await page.evaluate("document.activeElement.id") == "q"
        await page.keyboard.press("Escape")
        await page.locator("#main").focus()
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        assert await violations(page) == []
        await page.click("label[for=keys-on]")
        await page.click("#keys button")
        await page.locator("#main").focus()
        await page.keyboard.press("/")
        assert await page.evaluate("document.activeElement.id") == "main"


async def test_first_tab_stop_leads_past_the_menus(browser: Browser, site: Starlette) -> None:
    async with visit(browser, site) as page:
        await page.goto("/confirm")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"


async def test_language_menu_and_table_work_without_script(browser: Browser, site: Starlette) -> None:
    view = {"width": 320, "height": 900}
    async with visit(browser, site, viewport=view, java_script_enabled=False, locale="en") as page:
        await page.goto("/styleguide")
        assert not await page.locator(".rail__body").is_visible()
        await page.click(".rail__toggle")
        await expect(page.locator(".rail__body")).to_be_visible()
        await page.click("button[value=zh_CN]")
        await expect(page.locator("h1")).to_have_text("样式指南")
        await page.click("#bills a[rel=next]")
        assert page.url.endswith("/styleguide?page=2")


async def test_a_form_is_sent_once(browser: Browser, site: Starlette) -> None:
    async with visit(browser, site) as page:
        await page.goto("/styleguide")
        sent = await page.evaluate(
            """() => {
                let count = 0;
                const form = document.querySelector('form[data-unsaved]');
                document.addEventListener('submit', (event) => {
                    if (!event.defaultPrevented) { count += 1; }
                    event.preventDefault();
                });
                form.requestSubmit(); form.requestSubmit();
                return count;
            }"""
        )
        assert sent == 1
