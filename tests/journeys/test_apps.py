"""Apps in a real browser that blocks third-party cookies: opened, used, and gone as soon as the bank says so."""

import json
import re
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser import chromium
from tests.journeys.live import Live
from tests.journeys.lobby import Lobby, lobby
from tests.journeys.someone import PATIENCE, Someone

STRICT = "--test-third-party-cookie-phaseout"
AT_ONCE = 5.0
"""Seconds after which nothing of a suspended app may be left."""


@pytest_asyncio.fixture(loop_scope="session")
async def strict(live: Live, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lobby]:
    """People whose browsers keep no cookie of a site inside another."""
    async with (
        chromium(STRICT) as browser,
        lobby(browser, live, lambda: tmp_path_factory.mktemp("apps")) as people,
    ):
        yield people


def app_url(live: Live, n: int) -> str:
    return f"http://127.0.0.1:{live.port + 100 + n}"


def keys_of(live: Live, name: str) -> dict[str, str]:
    """The app's own keys, as its vendor keeps them."""
    return dict(json.loads((live.data_dir / "apps" / f"{name}.json").read_text()))


async def open_app(who: Someone, name: str) -> None:
    await who.go("/t/tengah/apps")
    await who.page.locator(f'.app-card__link:text-is("{name}")').first.click()


async def test_staff_use_apps_inside_and_outside_of_our_pages_and_lose_them_within_seconds(
    strict: Lobby, live: Live
) -> None:
    chief = await strict.guest("goh")
    await chief.sign_in("op-goh", "company", "/t/tengah/apps")
    await inside(chief, live)
    await signed(chief, live)
    await forgets(strict, live)
    await taken_away(strict, chief)
    await cut_off(strict, chief, live)


async def inside(chief: Someone, live: Live) -> None:
    """The invoices show inside our page although the app could keep no cookie there."""
    await open_app(chief, "E-invoice")
    frame = chief.page.frame_locator("iframe")
    await expect(frame.get_by_text("91350100MA2XTENG0P")).to_be_visible(timeout=PATIENCE)
    await frame.get_by_role("link", name="Figures").click()
    await expect(frame.get_by_role("heading", name="Figures")).to_be_visible(timeout=PATIENCE)
    inner = chief.page.frame(url=re.compile(re.escape(app_url(live, 12))))
    assert inner is not None
    ask = "() => fetch('/', { credentials: 'include' }).then((answer) => answer.status)"
    assert await inner.evaluate(ask) == 200, (
        "its partitioned cookie is kept here, although others are blocked"
    )
    alone = await chief.context.new_page()
    answer = await alone.goto(f"{app_url(live, 12)}/")
    assert answer is not None
    assert answer.status == 401, "and a page of its own never sees it"
    await alone.close()


async def signed(chief: Someone, live: Live) -> None:
    """A contract is signed with the bank key, in a page of the app's own."""
    await open_app(chief, "E-contract")
    await chief.page.wait_for_url(f"{app_url(live, 11)}/**", timeout=PATIENCE)
    await chief.go(f"{app_url(live, 11)}/new")
    await chief.fill(partner="Clean and Co")
    await chief.press("Write the draft")
    await chief.sees("Tengah Town Estate Management Pte. Ltd.")
    await chief.press("Sign with my bank identity")
    await chief.press("Confirm at Harbour Bank")
    await chief.at_bank("op-goh")
    await chief.sees("Sealed", "Signed by Goh Siew Lan")


async def forgets(strict: Lobby, live: Live) -> None:
    """Signing out ends what the app keeps in this browser, by the frame on our page, and leads on to the bank."""
    who = await strict.guest("goh again")
    await who.sign_in("op-goh", "company", "/t/tengah/apps")
    await open_app(who, "E-contract")
    await who.page.wait_for_url(f"{app_url(live, 11)}/**", timeout=PATIENCE)
    await who.go("/t/tengah")
    await who.page.locator("summary").filter(has_text="Goh Siew Lan").click()
    await who.press("Sign out")
    await who.page.wait_for_url(f"{live.url}/", timeout=PATIENCE)
    assert (await who.go(f"{app_url(live, 11)}/")).status == 401


async def taken_away(strict: Lobby, chief: Someone) -> None:
    """A frame that is open when its version is suspended goes by itself, whatever the app would go on showing."""
    await open_app(chief, "E-invoice")
    await expect(chief.page.locator("iframe")).to_be_visible(timeout=PATIENCE)
    bank = await strict.guest("ong-invoice")
    await bank.sign_in("staff-ong", "staff", "/bank/harbour/apps?q=E-invoice")
    await bank.press("E-invoice")
    await bank.fill(reasons="It is looked at again: a number was given twice.")
    await bank.press("Suspend")
    gone = chief.page.locator("main").get_by_text("This app cannot be opened now").first
    await expect(gone).to_be_visible(timeout=AT_ONCE * 1000)
    await bank.press("Resume")
    await bank.sees_state("Listed")


async def cut_off(strict: Lobby, chief: Someone, live: Live) -> None:
    """The bank suspends the version: sign-ins, tokens and launches are gone within five seconds, measured."""
    bank = await strict.guest("ong")
    await bank.sign_in("staff-ong", "staff", "/bank/harbour/apps?q=E-contract")
    await bank.press("E-contract")
    await bank.fill(reasons="It is looked at again: a seal could not be checked.")
    began = time.monotonic()
    await bank.press("Suspend")
    async with httpx2.AsyncClient(trust_env=False) as outside:
        keys = keys_of(live, "contract")
        auth = (keys["client_id"], keys["client_secret"])
        refused = await outside.post(f"{live.url}/oauth/introspect", data={"token": "x"}, auth=auth)
        assert refused.json()["error"] == "invalid_client", "the app is nobody any more"
    while (await chief.go(f"{app_url(live, 11)}/")).status != 401:
        assert time.monotonic() - began < AT_ONCE, "the app still has a session"
    print(f"\n{time.monotonic() - began:.2f} s from the bank's click to the end of the app's own session")  # noqa: T201
    await chief.go("/t/tengah/apps")
    await chief.sees("Suspended by the bank")
    await open_app(chief, "E-contract")
    await chief.sees("This app cannot be opened now")
    await bank.press("Resume")
    await bank.sees_state("Listed")


async def test_an_app_reads_the_schools_roster_with_what_its_console_gave_it(live: Live) -> None:
    """OneRoster by REST at the demonstration's school, with nothing but the app's client id and secret."""
    keys, root = keys_of(live, "people"), f"{live.url}/api/oneroster/hillside"
    scope = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"
    asked = {"grant_type": "client_credentials", "scope": scope}
    async with httpx2.AsyncClient(trust_env=False) as outside:
        auth = (keys["client_id"], keys["client_secret"])
        given = await outside.post(f"{root}/token", data=asked, auth=auth)
        assert given.status_code == 200, given.text
        bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
        found = await outside.get(f"{root}/ims/oneroster/rostering/v1p2/students?limit=2", headers=bearer)
        assert found.headers["x-total-count"] == "1200"
        assert len(found.json()["users"]) == 2
        refused = await outside.post(f"{live.url}/api/oneroster/riverside/token", data=asked, auth=auth)
        assert refused.json()["error"] == "invalid_scope", "another school has not agreed"
