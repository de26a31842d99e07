"""Every page, for whoever may open it: axe finds nothing, it fits a phone, and the browser has nothing to say."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.journeys.estate import Estate
from tests.journeys.live import Live
from tests.journeys.lobby import Lobby, lobby
from tests.journeys.someone import Someone
from tests.journeys.story import Desk
from tests.journeys.walk import Walk, pages_of

NO_PAGES = (
    r"/static/.*", r"/brand/.*", r"/healthz", r"/readyz", r"/metrics", r"/docs/pictures/.*",
    r"/.*/pdf", r"/.*/blank", r"/.*/rejected", r"/.*/file", r"/.*/documents/\{document\}",
    r"/t/\{tenant\}/payments/\{id\}/receipt",
)  # fmt: skip
"""Files and figures for machines."""
ELSEWHERE = (
    r"/styleguide.*",  # tests/ui looks at it in every face, language and scheme
    r"/sign-in/callback",  # where the bank sends people: it only leads on
    r"/sign-in/confirm",  # every journey with a step-up goes through it
    r"/resume/\{token\}",  # test_bad_input comes to it
)


Everybody = tuple[Live, Estate, Someone, Desk, str, Callable[[], Path]]


@pytest_asyncio.fixture(loop_scope="session")
async def everybody(
    live: Live, estate: Estate, resident: Someone, desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> Everybody:
    """Return everybody who has pages to look at, an unpaid bill's link, and where to leave what went wrong."""
    return live, estate, resident, desk, await estate.pay_link(), lambda: tmp_path_factory.mktemp("walk")


async def test_every_page_is_accessible_and_fits(everybody: Everybody, browser: Browser) -> None:
    live, estate, resident, desk, link, folder = everybody
    walk = Walk(live, pages_of(live), (*NO_PAGES, *ELSEWHERE))
    root = estate.court.root
    async with lobby(browser, live, folder) as people:
        await walk.go(people, estate.administrator, [root, desk.refund.removeprefix(live.url)])
        await walk.go(people, desk.cashier, [f"{root}/desk", f"{root}/desk/close"])
        await walk.go(people, resident, ["/my", "/home"])
        await walk.go(people, estate.manager, ["/bank/harbour"])
        await walk.go(people, estate.reviewer, ["/bank/harbour"])
        await walk.go(people, None, ["/", "/docs", link.removeprefix(live.url), "/verify"])
        await _letters(walk, people)
    assert not walk.problems, "\n".join(["pages are wrong:", *walk.problems])
    assert not walk.missed, "\n".join(["nobody comes to:", *walk.missed])


async def _letters(walk: Walk, people: Lobby) -> None:
    """Open the links that came by mail."""
    texts = [message["text"] for message in walk.live.control("mail")["messages"]]
    found = [link for text in texts for link in re.findall(r"http\S+", text)]
    await walk.go(people, None, [link.removeprefix(walk.live.url) for link in found])
