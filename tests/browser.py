"""A real browser on the app in this process: every request of the page goes straight to ASGI, none to a network."""

import os
import shutil
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright
from playwright.async_api import Error as BrowserError
from starlette.types import ASGIApp

ORIGIN = "https://cloud.test"
_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # all else is counted, but not written out, which takes longest
}
NOT_LOOKED_AT = ("tbody tr:nth-child(n+7)",)
"""The further rows of a table, made by the loop that made the first six: they cost a third of the time."""
_LOOK = "([parts, rules]) => window.axe && axe.run(parts, rules).then(found => found.violations)"
_HOP = {"content-encoding", "content-length", "transfer-encoding", "connection"}


SHELL = "chromium-headless-shell"
"""Chromium without windows: it takes less of the machine, but keeps no cookies of answers that a test has made up."""


@asynccontextmanager
async def chromium(*switches: str, may_be_shell: bool = False) -> AsyncIterator[Browser]:
    """A headless Chromium: ``CHROMIUM`` names it, else the system's, else Playwright's own."""
    path = shutil.which(SHELL) if may_be_shell else None
    path = path or os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*_ARGS, *switches])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(*, may_be_shell: bool = False) -> AsyncIterator[Browser]:
    """Chromium, for a fixture: without it whoever asks for the fixture is skipped, but never in CI.

    A test whose app reads from the transaction of ``db`` opens one of its own after that: the browser asks the app in
    the context that it was opened in.
    """
    opening = chromium(may_be_shell=may_be_shell)
    try:
        found = await opening.__aenter__()
    except BrowserError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Chromium here: {str(error).splitlines()[0]}")
    try:
        yield found
    finally:
        await opening.__aexit__(None, None, None)


@asynccontextmanager
async def visit(browser: Browser, app: ASGIApp, **options: Any) -> AsyncIterator[Page]:
    """A page in a context of its own; ``page.messages`` are what the browser complained about.

    Options are those of a Playwright context (``viewport``, ``locale``, ``color_scheme``,
    ``java_script_enabled``).
    """
    context = await browser.new_context(base_url=ORIGIN, **options)
    await _serve(context, app)
    page = await context.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.messages = messages  # type: ignore[attr-defined]
    try:
        yield page
    finally:
        await context.close()


async def _serve(context: BrowserContext, app: ASGIApp) -> None:
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ORIGIN)

    async def answer(route: Route) -> None:
        request = route.request
        if not request.url.startswith(ORIGIN):
            await route.abort()
            return
        headers = await request.all_headers()
        sent = {name: value for name, value in headers.items() if not name.startswith(":")}
        got = await client.request(
            request.method,
            request.url,
            headers=sent,
            content=request.post_data_buffer or b"",
            follow_redirects=False,
        )
        client.cookies.clear()
        kept = [(name, value) for name, value in got.headers.multi_items() if name.lower() not in _HOP]
        joined: dict[str, str] = {}
        for name, value in kept:
            joined[name] = f"{joined[name]}\n{value}" if name in joined else value
        await route.fulfill(status=got.status_code, headers=joined, body=got.content)

    await context.route("**/*", answer)


async def violations(page: Page, *, but: Collection[str] = ()) -> list[str]:
    """Return what axe finds, one line for each rule; some rules may be left out."""
    rules = {"rules": {name: {"enabled": False} for name in but}}
    asked = [{"exclude": [*NOT_LOOKED_AT]}, _RULES | rules]
    found = await page.evaluate(_LOOK, asked)
    if found is None:
        await page.evaluate(AXE_SCRIPT)
        found = await page.evaluate(_LOOK, asked)
    return [
        f"{item['id']}: {item['help']} {[node['target'] for node in item['nodes']][:4]}" for item in found
    ]


async def carry_axe(context: BrowserContext) -> None:
    """Have every page of this context bring axe along: to send it anew takes a fifth of the time of a look."""
    await context.add_init_script(f"if (window === window.top) {{\n{AXE_SCRIPT}\n}}")


async def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    root = "document.documentElement"
    width: int = await page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
    return width
