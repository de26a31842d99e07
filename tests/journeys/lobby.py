"""Where people get their browsers: opened for a test or for all of them, looked over and closed at the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page
from playwright.async_api import Error as BrowserError

from tests.journeys.live import Live
from tests.journeys.someone import Someone, all_complaints, arrive


@dataclass
class Lobby:
    """Opens browsers and remembers whose they are."""

    browser: Browser
    live: Live
    people: list[Someone] = field(default_factory=list)

    async def guest(self, name: str, **options: Any) -> Someone:
        self.people.append(await arrive(self.browser, self.live, name, **options))
        return self.people[-1]

    async def keep(self, folder: Path) -> None:
        """Leave what somebody needs who was not there: a picture of every open page, and the logs."""
        for someone in self.people:
            for number, page in enumerate(someone.context.pages):
                with suppress(BrowserError):  # a page that cannot be drawn must not hide what went wrong
                    await self._keep_page(page, folder / f"{someone.name}-{number}")
        (folder / "logs.txt").write_text(self.live.logs(400))
        print(f"\nPictures, pages and logs: {folder}")  # noqa: T201 - pytest shows it with the failure
        print("\n".join(f"{one.name}: {one.page.url}" for one in self.people))  # noqa: T201

    async def _keep_page(self, page: Page, stem: Path) -> None:
        await page.screenshot(path=stem.with_suffix(".png"), full_page=True)
        stem.with_suffix(".html").write_text(f"<!-- {page.url} -->\n{await page.content()}")


@asynccontextmanager
async def lobby(browser: Browser, live: Live, folder: Callable[[], Path]) -> AsyncIterator[Lobby]:
    """Keep a lobby open; whoever complained while there fails the block, and any failure leaves its traces."""
    opened = Lobby(browser, live)
    try:
        yield opened
    except BaseException:
        await opened.keep(folder())
        raise
    finally:
        complaints = all_complaints(opened.people)
        if complaints:
            await opened.keep(folder())
        for someone in opened.people:
            await someone.context.close()
    assert not complaints, "\n".join(["browsers complained:", *complaints])
