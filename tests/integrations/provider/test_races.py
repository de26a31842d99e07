"""Twenty at once, on real PostgreSQL with real commits: one is paid. A control shows that the test can fail."""

import asyncio
from collections import Counter

import pytest

from integrations.provider import store
from tenants.scope import bank_scope, execute, open_scope
from tests.integrations.provider.conftest import a_world

MANY = 20


@pytest.fixture
async def real(committed, bank, client):
    return await a_world(bank, client)


async def at_once(ask) -> Counter[int]:
    answers = await asyncio.gather(*(ask() for _ in range(MANY)))
    return Counter(answer.status_code for answer in answers)


async def test_a_code_pays_one_of_twenty(real):
    code = await real.code()
    assert await at_once(lambda: real.redeem(code)) == {200: 1, 400: MANY - 1}


async def test_a_refresh_token_pays_one_of_twenty_and_the_family_lives(real):
    tokens = await real.tokens()
    answers = await asyncio.gather(*(real.refresh(tokens["refresh_token"]) for _ in range(MANY)))
    paid = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(paid) == 1
    assert (await real.userinfo(paid[0]["access_token"])).status_code == 200


async def test_twenty_would_be_paid_without_the_compare_and_set(real, monkeypatch):
    """The control: look first, write later, as Authlib's hooks are documented."""

    async def looked_at_only(token):
        await execute(
            "update integrations_token set spent_at = now() where tenant_id = $1 and id = $2",
            token.tenant_id,
            token.id,
        )
        return True

    monkeypatch.setattr(store, "spend", looked_at_only)
    code = await real.code()
    assert (await at_once(lambda: real.redeem(code)))[200] > 1


async def test_an_assertion_proves_one_of_twenty(real, bank):
    made = real.made
    made.version.auth_method = "private_key_jwt"
    async with open_scope(bank_scope(bank.id)):
        await made.version.save()
    form = {"token": "x"} | made.assertion()
    answers = await at_once(lambda: real.post("/oauth/introspect", form))
    assert answers[200] == 1


async def test_a_waiting_request_is_answered_to_one_of_twenty(real):
    answer = await real.client.post("/oauth/authorize", data=real.asking())
    where = answer.headers["location"]
    answers = await asyncio.gather(*(real.client.get(where) for _ in range(MANY)))
    assert sum("code=" in answer.headers.get("location", "") for answer in answers) == 1
