"""Signing out: every app of the session is told, and an app may ask for it."""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from joserfc import jws

from integrations.provider import ending, id_tokens, keys, logout
from integrations.provider.models import Grant
from tenants import jobs, sessions
from tenants.models import Membership, Outbox
from tenants.outbound import Answer, OutboundError
from tenants.scope import open_scope, tenant_scope
from tests.integrations.provider.conftest import HERE, install, listed, query_of
from tests.page import inspect
from ui.i18n import t

BYE = "https://app.example/bye"


@pytest_asyncio.fixture(loop_scope="session")
async def heard(monkeypatch) -> list[dict[str, Any]]:
    """What apps are told, instead of a call over the network."""
    calls: list[dict[str, Any]] = []

    async def call(method, url, *, form, **_):
        if url.endswith("/down"):
            raise OutboundError(t("down"))
        calls.append({"url": url, "token": form["logout_token"]})
        return Answer(200, {}, b"")

    monkeypatch.setattr(logout, "call", call)
    return calls


async def work(world, job: str = ending.JOB) -> None:
    """Run what waits, as the worker would."""
    async with open_scope(tenant_scope(world.tenant.id)):
        waiting = await Outbox.filter(job=job, done_at=None)
    for row in waiting:
        await jobs.run(world.tenant.id, row.id)


async def test_every_app_of_the_session_is_told_in_its_own_words(world, bank, heard):
    other = await listed(bank)
    await install(other, world.tenant)
    mine, theirs = await world.tokens(), await world.tokens(other)
    await world.tokens()
    await world.client.post("/sign-out")
    await work(world)
    assert len(heard) == 2, "once for each app, however often it was opened"
    by_app = {}
    for each in heard:
        header = jws.extract_compact(each["token"].encode()).headers()
        assert header["typ"] == "logout+jwt"
        claims = await world.claims(each["token"])
        assert claims["iss"] == HERE
        assert claims["exp"] - claims["iat"] == 120
        assert claims["events"] == {id_tokens.EVENT: {}}
        assert claims["jti"]
        assert "nonce" not in claims
        by_app[claims["aud"]] = claims
    for tokens, made in ((mine, world.made), (theirs, other)):
        first = await world.claims(tokens["id_token"])
        for name in ("sub", "sid"):
            assert by_app[made.client_id][name] == first[name]
        assert (await world.userinfo(tokens["access_token"])).status_code == 401
        assert (await world.refresh(tokens["refresh_token"], made)).json()["error"] == "invalid_grant"
    async with open_scope(tenant_scope(world.tenant.id)):
        assert all(grant.told_at for grant in await Grant.filter(person_id=world.staff.person_id))


async def test_an_app_that_is_down_is_told_later(world, bank, heard):
    made = await listed(bank, backchannel_logout_uri="https://app.example/down")
    await install(made, world.tenant)
    await world.tokens(made)
    await world.client.post("/sign-out")
    await work(world)
    async with open_scope(tenant_scope(world.tenant.id)):
        (row,) = await Outbox.filter(job=ending.JOB)
    assert row.done_at is None
    assert row.tries == 1
    assert row.error == "OutboundError: down"
    assert heard == []


async def test_an_app_without_an_address_is_simply_cut(world, bank, heard):
    made = await listed(bank, backchannel_logout_uri="")
    await install(made, world.tenant)
    tokens = await world.tokens(made)
    await world.client.post("/sign-out")
    await work(world)
    assert heard == []
    assert (await world.userinfo(tokens["access_token"])).status_code == 401


async def test_ending_another_browser_from_the_sessions_page_ends_its_apps(world, heard):
    tokens = await world.tokens()
    await world.sign_in()
    await world.client.post("/sessions/others/ending")
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
    await work(world)
    assert len(heard) == 1


async def test_who_leaves_has_their_apps_told(world, heard):
    """Access ended with the membership; this is the app's news of it."""
    await world.tokens()
    async with open_scope(tenant_scope(world.tenant.id)):
        await Membership.filter(person_id=world.staff.person_id).update(ended_at=datetime.now(UTC))
        await jobs.publish("membership.ended", {"person_id": str(world.staff.person_id)})
    await work(world, logout.LEFT)
    await work(world)
    assert len(heard) == 1
    async with open_scope(tenant_scope(world.tenant.id)):
        assert (await Grant.get(person_id=world.staff.person_id)).end_reason == "no role"


async def ask(world, **given: str):
    return await world.client.get(f"/oauth/logout?{urlencode(given)}")


async def test_an_app_that_shows_whom_signs_them_out_at_once(world):
    tokens = await world.tokens()
    answer = await ask(world, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s t")
    assert answer.headers["location"] == f"{BYE}?state=s+t"
    assert query_of(answer.headers["location"]) == {"state": "s t"}
    assert not world.client.cookies.get(sessions.COOKIE)
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
    assert (await world.authorize(prompt="none")).headers["location"].count("login_required") == 1


@pytest.mark.parametrize("address", ["https://app.example/bye/", "https://evil.example/", "javascript:x"])
async def test_nobody_is_sent_to_an_address_that_is_not_registered(world, address):
    tokens = await world.tokens()
    answer = await ask(world, id_token_hint=tokens["id_token"], post_logout_redirect_uri=address)
    assert answer.headers["location"] == "/"


async def test_without_a_hint_the_person_is_asked(world):
    tokens = await world.tokens()
    page = await ask(world, client_id=world.made.client_id, post_logout_redirect_uri=BYE)
    assert page.status_code == 200
    assert (await world.userinfo(tokens["access_token"])).status_code == 200, "nothing has happened yet"
    form = inspect(page.text).find(".//form[@action='/sign-on/leaving']")
    sent = {field.get("name"): field.get("value") for field in form.iter("input")}
    answer = await world.client.post("/sign-on/leaving", data=sent)
    assert answer.headers["location"] == "/"
    assert (await world.userinfo(tokens["access_token"])).status_code == 401


async def test_another_site_cannot_press_the_button(world):
    answer = await world.client.post("/sign-on/leaving", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


async def test_the_hint_of_another_session_ends_nothing_here_unasked(world):
    old = await world.tokens()
    await world.sign_in()
    fresh = await world.tokens()
    page = await ask(world, id_token_hint=old["id_token"])
    assert page.status_code == 200
    assert (await world.userinfo(fresh["access_token"])).status_code == 200


@pytest.mark.parametrize("change", [{"iss": "https://other.example"}, {"aud": "somebody"}])
async def test_a_hint_of_another_issuer_or_app_is_refused(world, change):
    claims = await world.claims((await world.tokens())["id_token"])
    forged = await keys.sign(claims | change, "RS256")
    answer = await ask(world, id_token_hint=forged, client_id=world.made.client_id)
    assert answer.status_code == 400
    inspect(answer.text)


async def test_an_old_hint_is_still_a_hint(world):
    claims = await world.claims((await world.tokens())["id_token"])
    old = await keys.sign(claims | {"exp": int(time.time()) - 9000, "iat": int(time.time()) - 9999}, "RS256")
    answer = await ask(world, id_token_hint=old, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE


@pytest.mark.parametrize("hint", ["x", "a.b.c", "ä", 'q"q'])
async def test_garbage_is_refused_calmly(world, hint):
    assert (await ask(world, id_token_hint=hint)).status_code == 400


async def test_whoever_is_signed_out_already_goes_on(world):
    tokens = await world.tokens()
    world.client.cookies.clear()
    answer = await ask(world, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
