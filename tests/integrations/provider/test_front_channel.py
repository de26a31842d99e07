"""Signing out in the browser: apps of the session are opened in frames, so that each forgets what it keeps there."""

from urllib.parse import urlencode, urlsplit

import pytest

from integrations.provider.front import named
from tenants.scope import bank_scope, open_scope
from tests.integrations.provider.conftest import HERE, install, listed, query_of
from tests.page import inspect

BYE = "https://app.example/bye"
GONE = "https://app.example/signed-out"


def frames(answer) -> list[str]:
    return [str(frame.get("src")) for frame in inspect(answer.text).iter("iframe")]


async def with_front(world, **given):
    made = await listed(world.bank, **{"frontchannel_logout_uri": GONE} | given)
    await install(made, world.tenant)
    return made


async def test_discovery_says_what_we_do(world):
    told = (await world.get("/.well-known/openid-configuration")).json()
    assert told["frontchannel_logout_supported"] is True
    assert told["frontchannel_logout_session_supported"] is True


async def test_the_page_frames_every_app_of_the_session_by_its_own_name_for_it_and_nobody_else(world):
    first = await with_front(world)
    other = await with_front(world, frontchannel_logout_uri="https://two.example/out?keeps=this")
    unused = await with_front(world, frontchannel_logout_uri="https://three.example/out")
    mine, theirs = await world.tokens(first), await world.tokens(other)
    await world.tokens(first)
    await world.tokens()  # this one has no address for the browser
    answer = await world.client.post("/sign-out")
    found = sorted(frames(answer))
    sids = [(await world.claims(tokens["id_token"]))["sid"] for tokens in (mine, theirs)]
    assert [query_of(url) for url in found] == [
        {"iss": HERE, "sid": sids[0]},
        {"keeps": "this", "iss": HERE, "sid": sids[1]},
    ]
    assert sids[0] != sids[1]
    policy = answer.headers["content-security-policy"]
    (rule,) = [rule for rule in policy.split("; ") if rule.startswith("frame-src")]
    assert sorted(rule.split()[1:]) == ["https://app.example", "https://two.example"]
    assert urlsplit(unused.version.frontchannel_logout_uri).netloc not in policy
    assert (await world.userinfo(mine["access_token"])).status_code == 401
    assert "refresh" not in answer.text, "the page waits for its frames"


async def test_an_app_asks_and_the_others_are_framed_before_the_way_leads_back(world):
    asking, other = (
        await with_front(world),
        await with_front(world, frontchannel_logout_uri="https://two.example/o"),
    )
    tokens = await world.tokens(asking)
    await world.tokens(other)
    told = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE, "state": "s"}
    answer = await world.client.get(f"/oauth/logout?{urlencode(told)}")
    assert len(frames(answer)) == 2
    (onward,) = [a for a in inspect(answer.text).iter("a") if a.get("data-next") is not None]
    assert onward.get("href") == f"{BYE}?state=s"
    assert (await world.client.get("/home")).headers["location"].startswith("/sign-in")


async def test_a_suspended_app_is_not_framed_any_more(world):
    made = await with_front(world)
    await world.tokens(made)
    async with open_scope(bank_scope(world.bank.id)):
        await type(made.app).filter(id=made.app.id).update(status="suspended")
    answer = await world.client.post("/sign-out")
    assert answer.status_code == 303
    assert "frame-src" not in answer.headers["content-security-policy"]


async def test_somebody_elses_session_is_not_named(world):
    """Signing out twice, or with an old cookie, tells nobody what a session was called."""
    await world.tokens(await with_front(world))
    kept = dict(world.client.cookies)
    assert len(frames(await world.client.post("/sign-out"))) == 1
    world.client.cookies.update(kept)
    assert (await world.client.post("/sign-out")).status_code == 303


@pytest.mark.parametrize("url", ["https://a.example/x", "https://a.example/x?y=1"])
def test_what_is_added_never_ends_what_was_there(url):
    assert query_of(named(url, "s&id=1"))["sid"] == "s&id=1"
