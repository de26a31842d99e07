"""A person at a browser of their own, and what their browser complained about."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    Dialog,
    FilePayload,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

from tests.journeys.live import Live

PATIENCE = 20_000
"""Milliseconds that anything may take on a busy machine before it counts as broken."""
APPS = (111, 112, 113, 114, 115)
"""How far above the product's port the demonstration's apps are."""
LOOK_AGAIN = 200
"""Milliseconds between two looks at a page: whoever is waited for needs the machine too."""
_ANSWERS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""Chromium says this of every page whose answer is not 200; the tests look at the pages themselves."""


_FOCUSED = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const isSeen = style.outlineStyle !== "none" || at.matches("input");
  return isSeen ? [at.innerText, ...[...(at.labels || [])].map(label => label.innerText)].join(" ") : "";
}"""
"""What the focused element is called; nothing where nobody could see that it has the focus."""


@dataclass
class Someone:
    """One browser context with a page; ``complaints`` must be empty at the end of a test."""

    name: str
    live: Live
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)

    async def go(self, path: str) -> Response:
        """Open a path of the product (or any address)."""
        url = path if path.startswith("http") else self.live.url + path
        answer = await self.page.goto(url, wait_until="domcontentloaded")
        assert answer is not None
        return answer

    async def press(self, name: str, *, exact: bool = True, nth: int = 0) -> None:
        """Press the button with this name, or follow the link that looks like one, to the page it leads to."""
        button = self.page.get_by_role("button", name=name, exact=exact)
        link = self.page.get_by_role("link", name=name, exact=exact)
        async with self.page.expect_navigation(wait_until="domcontentloaded", timeout=PATIENCE):
            await button.or_(link).nth(nth).click()

    async def fill(self, **fields: str) -> None:
        """Fill the fields of this name; choose where there is a choice."""
        for name, text in fields.items():
            await self.fill_one(name, text)

    async def fill_one(self, name: str, text: str) -> None:
        box = self.page.locator(f'[name="{name}"]:visible').first
        kind = await box.evaluate("e => e.tagName + ':' + e.type")
        if kind.startswith("SELECT"):
            await box.select_option(text)
        elif kind in {"INPUT:radio", "INPUT:checkbox"}:
            await self.page.locator(f'[name="{name}"][value="{text}"]').check()
        else:
            await box.fill(text)

    async def attach(self, name: str, content_type: str, content: bytes) -> None:
        """Choose a file of this name in the page's file field."""
        paper = FilePayload(name=name, mimeType=content_type, buffer=content)
        await self.page.locator('input[type="file"]').set_input_files(paper)

    async def sees(self, *words: str | re.Pattern[str]) -> None:
        """Fail unless the page shows all of these, soon."""
        for word in words:
            await expect(self.page.locator("main").get_by_text(word).first).to_be_visible(timeout=PATIENCE)

    async def sees_state(self, word: str) -> None:
        """Fail unless the page's badge says this, soon."""
        badge = self.page.locator("main .badge").get_by_text(word, exact=True).first
        await expect(badge).to_be_visible(timeout=PATIENCE)

    async def comes_to_see_state(self, word: str) -> None:
        """Look at the page again until its badge says this: something is under way elsewhere."""
        badge = self.page.locator("main .badge").get_by_text(word, exact=True)
        end = time.monotonic() + PATIENCE / 1000
        while not await badge.count():
            assert time.monotonic() < end, f"{word!r} is not reached: {await self.text()}"
            await self.page.wait_for_timeout(LOOK_AGAIN)
            await self.page.reload(wait_until="domcontentloaded")

    async def does_not_see(self, *words: str) -> None:
        text = (await self.text()).casefold()
        assert [word for word in words if word.casefold() in text] == []

    async def is_at(self, path: str | re.Pattern[str]) -> None:
        url = path if isinstance(path, re.Pattern) else self.live.url + path
        await expect(self.page).to_have_url(url, timeout=PATIENCE)

    async def heading(self, words: str | re.Pattern[str]) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(words, timeout=PATIENCE)

    async def heading_begins(self, words: str) -> None:
        await self.heading(re.compile(f"^{re.escape(words)}"))

    async def text(self) -> str:
        """Return the words of the page's own part, white space run together."""
        return " ".join((await self.page.locator("main").inner_text()).split())

    async def tab_to(self, name: str, most: int = 40) -> None:
        """Press Tab until what has the focus is called this, with the focus to be seen."""
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            if name in await self.page.evaluate(_FOCUSED):
                return
        raise AssertionError(f"{name!r} is not reached with {most} tabs on {self.page.url}")

    async def sign_in(self, customer: str, kind: str, target: str = "/home") -> None:
        """Come in through the bank's page as this customer, as ``personal``, ``company`` or ``staff``."""
        await self.go(f"/sign-in?next={target}")
        await self.continue_at_bank(customer, kind)

    async def continue_at_bank(self, customer: str, kind: str) -> None:
        """Go from our sign-in page to the bank's and back."""
        chosen = self.page.locator(f'button[name="kind"][value="{kind}"]')
        if not await chosen.count():
            await self._leave_by(self.page.locator('a[href*="bank=harbour"]'))
        await self._leave_by(chosen)
        if self.page.url.startswith(self.live.sandbox_url):
            await self.at_bank(customer)

    async def at_bank(self, customer: str) -> None:
        """Sign in on the bank's page, with the bank key where it asks for it."""
        await self.page.wait_for_url(f"{self.live.sandbox_url}/**")
        await self._search(customer)
        await self._leave_by(self.page.locator(f'button[name="customer"][value="{customer}"]').first)
        await self.finish_at_bank()

    async def _leave_by(self, button: Locator) -> None:
        async with self.page.expect_navigation(wait_until="domcontentloaded", timeout=PATIENCE):
            await button.click()

    async def _search(self, customer: str) -> None:
        if not await self.page.locator(f'button[name="customer"][value="{customer}"]').count():
            await self.page.locator('input[name="q"]').fill(customer)
            async with self.page.expect_navigation(wait_until="domcontentloaded", timeout=PATIENCE):
                await self.page.locator('input[name="q"]').press("Enter")

    async def finish_at_bank(self) -> None:
        """Use the bank key where the bank asks for it, until it sends us back."""
        while self.page.url.startswith(self.live.sandbox_url):
            await self._leave_by(self.page.locator('button[value="key"], button[name="enterprise"]').first)

    async def confirm_if_asked(self, customer: str) -> None:
        """Prove oneself anew where an act that moves money or rights asks for it, and send the form that waits."""
        if "/sign-in/confirm" not in self.page.url:
            return
        await self.heading("Confirm that it is you")
        await self.press("Confirm at Harbour Bank")
        chosen = self.page.locator(f'button[name="customer"][value="{customer}"]')
        if self.page.url.startswith(self.live.sandbox_url) and await chosen.count():
            await self._leave_by(chosen.first)
        await self.finish_at_bank()
        if "/resume/" in self.page.url:
            await self.press("Send the form")


async def arrive(browser: Browser, live: Live, name: str, **options: Any) -> Someone:
    """Open a browser of its own for somebody, in English and wide unless ``options`` say otherwise."""
    given = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | options
    context = await browser.new_context(**given)
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    someone = Someone(name, live, context, page)
    watch(someone)
    return someone


def watch(someone: Someone) -> None:
    """Collect what no page may do: complain, fail in a script, ask a third party, break the policy.

    The demonstration's apps are no third parties: institutions have agreed to them.
    """
    complaints = someone.complaints
    ours = {urlsplit(someone.live.url).netloc, urlsplit(someone.live.sandbox_url).netloc}
    ours |= {f"127.0.0.1:{someone.live.port + more}" for more in APPS}

    def heard(message: Any) -> None:
        if message.type in {"error", "warning"} and not _ANSWERS.search(message.text):
            complaints.append(f"{someone.page.url}: {message.text}")

    def asked(request: Request) -> None:
        host = urlsplit(request.url).netloc
        if host and host not in ours:
            complaints.append(f"{someone.page.url}: asked {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 500:
            complaints.append(f"{response.request.method} {response.url} answered {response.status}")

    async def refused(dialog: Dialog) -> None:
        complaints.append(f"{someone.page.url}: a dialog: {dialog.message}")
        await dialog.dismiss()

    someone.page.on("framenavigated", lambda frame: someone.visited.append(frame.url))
    someone.context.on("console", heard)
    someone.context.on("weberror", lambda error: complaints.append(f"{someone.page.url}: {error.error}"))
    someone.context.on("request", asked)
    someone.context.on("response", answered)
    someone.context.on("dialog", refused)


def all_complaints(people: Iterable[Someone]) -> list[str]:
    return [f"{one.name} at {complaint}" for one in people for complaint in one.complaints]
