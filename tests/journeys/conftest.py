"""One running product, one browser and one institution for all journeys; a failure leaves pictures and logs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import opened
from tests.conftest import Seeded
from tests.journeys import story
from tests.journeys.estate import Estate, open_estate
from tests.journeys.live import Live, running
from tests.journeys.lobby import lobby
from tests.journeys.someone import Someone

Guests = Callable[..., Awaitable[Someone]]
_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium. Without it journeys are skipped, but never in CI."""
    async with opened(may_be_shell=True) as found:
        yield found


@pytest.fixture(scope="session")
def live(browser: Browser, seeded: Seeded) -> Iterator[Live]:
    """Everything with its demonstration; asked after the browser, so that nothing starts without one."""
    with running(seeded.folder, port=seeded.port) as product:
        yield product


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def estate(
    browser: Browser, live: Live, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Estate]:
    """An institution in its first month, opened in the browser: approved, imported, its bills issued."""
    async with lobby(browser, live, lambda: tmp_path_factory.mktemp("estate")) as people:
        yield await open_estate(people)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def resident(
    browser: Browser, live: Live, estate: Estate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Someone]:
    """Somebody who has confirmed two flats, paid one bill and a part of the other."""
    async with lobby(browser, live, lambda: tmp_path_factory.mktemp("resident")) as people:
        yield await story.move_in(people, estate)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(
    browser: Browser, live: Live, estate: Estate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[story.Desk]:
    """A cashier after a closed day, and a refund that was asked for, approved and made."""
    async with lobby(browser, live, lambda: tmp_path_factory.mktemp("desk")) as people:
        yield await story.open_desk(people, estate)


@pytest_asyncio.fixture(loop_scope="session")
async def guests(
    browser: Browser, live: Live, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Guests]:
    """Open browsers for people; none of them may have complained when the test ends."""
    async with lobby(browser, live, lambda: tmp_path_factory.mktemp(request.node.name)) as people:
        yield people.guest
        if request.node.stash.get(_FAILED, False):
            await people.keep(tmp_path_factory.mktemp(request.node.name))
