"""What codes and tokens are good for, how often, for whom, and how it ends."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from integrations.apps.models import App
from integrations.apps.tenant_models import Installation
from integrations.provider.ending import end_grants
from integrations.provider.models import Grant, Token
from tenants.models import Membership
from tenants.scope import bank_scope, open_scope, queue_scope, tenant_scope
from tenants.sessions import hash_of
from tests.integrations.provider.conftest import install, listed


async def test_a_code_pays_once_and_its_replay_ends_what_it_paid(world):
    code = await world.code()
    first = await world.redeem(code)
    again = await world.redeem(code)
    assert (first.status_code, again.status_code) == (200, 400)
    assert again.json()["error"] == "invalid_grant"
    assert (await world.userinfo(first.json()["access_token"])).status_code == 401
    assert (await world.refresh(first.json()["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"code_verifier": "w" * 50}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "https://app.example/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_try_pays_nothing_and_spoils_nothing(world, other, error):
    code = await world.code()
    wrong = await world.redeem(**({"code": code} | other))
    assert wrong.status_code == 400
    assert wrong.json()["error"] == error
    assert (await world.redeem(code)).status_code == 200


async def test_a_code_of_another_app_is_nothing(world, bank):
    other = await listed(bank)
    code = await world.code()
    assert (await world.redeem(code, other)).json()["error"] == "invalid_grant"
    assert (await world.redeem(code)).status_code == 200, "and the thief's try did not end it"


async def test_a_code_lasts_a_minute(world):
    code = await world.code()
    async with open_scope(tenant_scope(world.tenant.id)):
        token = await Token.get(token_hash=hash_of(code))
        assert token.expires_at - datetime.now(UTC) <= timedelta(seconds=60)
        await Token.filter(id=token.id).update(expires_at=datetime.now(UTC))
    assert (await world.redeem(code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": "Basic " + base64.b64encode(b"nobody:x").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": "Basic"},
        {"Authorization": "Bearer x"},
    ],
)
@pytest.mark.parametrize("path", ["token", "introspect", "revoke", "par"])
async def test_nobody_gets_anything_without_proving_who_it_is(world, path, header):
    form = {"grant_type": "authorization_code", "code": await world.code(), "token": "x"}
    answer = await world.post(f"/oauth/{path}", form, header)
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_client", "invalid_request"}


async def test_a_wrong_secret_is_refused_in_the_words_of_the_standard(world):
    answer = await world.post("/oauth/token", {"grant_type": "authorization_code"}, world.made.basic("wrong"))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_a_former_secret_is_good_for_a_while(world, bank):
    later = datetime.now(UTC) + timedelta(hours=1)
    former = bytes.fromhex("00" * 32)
    async with open_scope(bank_scope(bank.id)):
        app = App.filter(id=world.made.app.id)
        old = (await app.get()).secret_hash
        await app.update(secret_hash=former, former_secret_hash=old, former_secret_until=later)
    await world.tokens()
    async with open_scope(bank_scope(bank.id)):
        await App.filter(id=world.made.app.id).update(
            former_secret_until=datetime.now(UTC) - timedelta(days=1)
        )
    assert (await world.redeem(await world.code())).status_code == 401


async def test_a_form_is_asked_for(world):
    for kind, body in (("application/json", b"{}"), ("text/plain", b"x"), ("multipart/form-data", b"x")):
        answer = await world.client.post("/oauth/token", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"


async def test_refreshing_keeps_who_and_when_and_gives_a_new_token(world):
    tokens = await world.tokens()
    before = await world.claims(tokens["id_token"])
    fresh = (await world.refresh(tokens["refresh_token"])).json()
    after = await world.claims(fresh["id_token"])
    for name in ("sub", "auth_time", "acr", "sid", "aud", "iss"):
        assert after[name] == before[name], name
    assert "nonce" not in after
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert (await world.userinfo(fresh["access_token"])).status_code == 200


async def test_refreshing_may_ask_for_less_but_never_for_more(world):
    tokens = await world.tokens(scope="openid profile")
    less = (await world.refresh(tokens["refresh_token"], scope="openid")).json()
    assert less["scope"] == "openid"
    more = await world.refresh(less["refresh_token"], scope="openid profile email")
    assert more.json()["error"] == "invalid_scope"
    again = (await world.refresh(less["refresh_token"])).json()
    assert again["scope"] == "openid profile", "asking for less once gives nothing up"


async def test_two_tabs_that_race_lose_nothing(world):
    tokens = await world.tokens()
    fresh = (await world.refresh(tokens["refresh_token"])).json()
    raced = await world.refresh(tokens["refresh_token"])
    assert raced.json()["error"] == "invalid_grant"
    assert (await world.refresh(fresh["refresh_token"])).status_code == 200


async def test_a_stolen_refresh_token_ends_the_family(world):
    tokens = await world.tokens()
    fresh = (await world.refresh(tokens["refresh_token"])).json()
    async with open_scope(tenant_scope(world.tenant.id)):
        spent = Token.filter(token_hash=hash_of(tokens["refresh_token"]))
        await spent.update(spent_at=datetime.now(UTC) - timedelta(seconds=11))
    assert (await world.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.refresh(fresh["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await world.userinfo(fresh["access_token"])).status_code == 401


async def test_only_hashes_are_kept(world):
    code = await world.code()
    tokens = (await world.redeem(code)).json()
    async with open_scope(tenant_scope(world.tenant.id)):
        kept = repr([*await Token.all().values(), *await Grant.all().values()])
    for secret in (code, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in kept


async def test_introspection_tells_the_app_about_its_own(world, bank):
    tokens = await world.tokens()
    for name in ("access_token", "refresh_token"):
        found = await world.introspect(tokens[name])
        assert found["active"] is True
        assert (found["client_id"], found["token_type"]) == (world.made.client_id, "Bearer")
        assert found["sub"] == (await world.claims(tokens["id_token"]))["sub"]
    other = await listed(bank)
    assert await world.introspect(tokens["access_token"], other) == {"active": False}
    assert await world.introspect("made-up") == {"active": False}
    assert await world.introspect(await world.code()) == {"active": False}


async def test_revoking_an_access_token_ends_it_alone(world):
    tokens = await world.tokens()
    answer = await world.post("/oauth/revoke", {"token": tokens["access_token"]}, world.made.basic())
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
    assert (await world.refresh(tokens["refresh_token"])).status_code == 200


async def test_revoking_a_refresh_token_ends_the_family(world):
    tokens = await world.tokens()
    form = {"token": tokens["refresh_token"], "token_type_hint": "access_token"}
    assert (await world.post("/oauth/revoke", form, world.made.basic())).status_code == 200
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
    assert await world.introspect(tokens["refresh_token"]) == {"active": False}


async def test_nobody_revokes_what_is_anothers(world, bank):
    tokens, other = await world.tokens(), await listed(bank)
    answer = await world.post("/oauth/revoke", {"token": tokens["refresh_token"]}, other.basic())
    assert answer.status_code == 200, "and nothing is told either"
    assert (await world.userinfo(tokens["access_token"])).status_code == 200


async def is_over(world, tokens) -> bool:
    told = await world.userinfo(tokens["access_token"])
    seen = await world.introspect(tokens["access_token"])
    fresh = await world.refresh(tokens["refresh_token"])
    return told.status_code == 401 and seen.get("active") is not True and fresh.status_code in {400, 401}


async def test_whoever_leaves_the_tenant_is_out_of_its_apps_at_once(world):
    tokens = await world.tokens()
    async with open_scope(tenant_scope(world.tenant.id)):
        await Membership.filter(person_id=world.staff.person_id).update(ended_at=datetime.now(UTC))
    assert await is_over(world, tokens)


async def test_a_role_that_may_no_longer_open_it_is_out_at_once(world):
    tokens = await world.tokens()
    async with open_scope(tenant_scope(world.tenant.id)):
        await Installation.filter(id=world.installation.id).update(roles=["cashier"])
    assert await is_over(world, tokens)


async def test_pausing_cuts_at_once_by_itself_and_for_good_by_ending(world):
    tokens = await world.tokens()
    async with open_scope(tenant_scope(world.tenant.id)):
        paused = Installation.filter(id=world.installation.id)
        await paused.update(status="paused")
    assert (await world.userinfo(tokens["access_token"])).status_code == 401
    async with open_scope(tenant_scope(world.tenant.id)):
        assert await end_grants("paused", installation_id=world.installation.id) == 1
        await paused.update(status="active")
    assert await is_over(world, tokens), "resuming brings no old token back"


async def test_suspending_an_app_cuts_it_everywhere(world, bank):
    mine = await world.tokens()
    async with open_scope(bank_scope(bank.id)):
        await App.filter(id=world.made.app.id).update(status="suspended")
    assert await is_over(world, mine)
    assert (await world.authorize()).status_code == 400
    async with open_scope(bank_scope(bank.id)):
        assert await end_grants("suspended", app_id=world.made.app.id) == 1


async def test_the_end_of_a_vendor_is_the_end_of_all_its_apps(world, bank):
    sibling, other = await listed(bank, world.made.vendor), await listed(bank)
    await install(sibling, world.tenant)
    await install(other, world.tenant)
    mine, theirs, kept = await world.tokens(), await world.tokens(sibling), await world.tokens(other)
    await end_grants("vendor suspended", vendor_id=world.made.vendor.id)
    for tokens in (mine, theirs):
        assert (await world.userinfo(tokens["access_token"])).status_code == 401
    assert (await world.userinfo(kept["access_token"])).status_code == 200


async def test_offline_access_outlasts_the_session_and_nothing_else_does(world):
    for scope, days in (("openid", 0), ("openid offline_access", 29)):
        await world.tokens(scope=scope)
        async with open_scope(queue_scope()):
            grant = await Grant.filter(person_id=world.staff.person_id).order_by("-id").first()
        left = grant.expires_at - datetime.now(UTC)
        assert timedelta(days=days) < left < timedelta(days=days + 1), scope
