"""Keys: published before they sign, served until their last token ends, encrypted, and gone at once when they leak."""

from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from deploy import signing_keys
from deploy.errors import OperatorError
from integrations.provider import keys, lives
from integrations.provider.models import ProviderKey
from tenants.scope import execute, open_scope, queue_scope


@pytest.fixture
async def anew(db):
    """No keys at all; RSA is left out where only the order of things matters."""
    keys.forget()
    async with open_scope(queue_scope()):
        await execute(
            "update integrations_provider_key set signs_until = '2000-01-01', served_until = '2000-01-01',"
            " kid = kid || ' before'"
        )


async def later(**by: float) -> None:
    """Let time pass, by making every key that much older."""
    past = timedelta(**by)
    async with open_scope(queue_scope()):
        for row in await ProviderKey.filter(served_until=None) + await ProviderKey.filter(
            served_until__gt=datetime(2001, 1, 1, tzinfo=UTC)
        ):
            row.signs_from -= past
            row.signs_until = row.signs_until and row.signs_until - past
            row.served_until = row.served_until and row.served_until - past
            await row.save()
    keys.forget()


async def kids() -> list[str]:
    return [key["kid"] for key in (await keys.ring()).published()["keys"] if key["alg"] == "ES256"]


async def test_the_first_key_signs_at_once_and_is_stored_encrypted(anew):
    token = await keys.sign({"a": 1}, "ES256")
    assert jwt.decode(
        token, KeySet.import_key_set((await keys.ring()).published()), algorithms=["ES256"]
    ).claims
    async with open_scope(queue_scope()):
        rows = await ProviderKey.filter(served_until=None)
    assert {row.purpose for row in rows} == {"ES256", "RS256", keys.SALT}
    assert not any(b"PRIVATE" in row.secret for row in rows)


async def test_a_key_is_known_before_it_signs_and_served_until_its_last_token_ends(anew):
    (first,) = await kids()
    await keys.rotate(["ES256"])
    second, old = await kids()
    assert old == first
    assert (await keys.ring()).signing("ES256").kid == first, "caches do not know the new one yet"
    await later(seconds=2 * lives.PUBLISHED.total_seconds() + 1)
    assert (await keys.ring()).signing("ES256").kid == second
    assert await kids() == [second, first], "tokens of the first are still about"
    await later(seconds=(lives.ID_TOKEN + lives.PUBLISHED).total_seconds())
    assert await kids() == [second]
    assert len([k for k in (await keys.ring()).keys if k.algorithm == "ES256"]) == 2, "old hints can be read"


async def test_a_key_is_followed_by_the_next_in_time_by_itself(anew):
    (first,) = await kids()
    salt = (await keys.ring()).salt
    await later(days=lives.SIGNING.days + 1)
    assert (await kids())[-1] == first
    assert len(await kids()) == 2
    assert (await keys.ring()).salt == salt, "nobody becomes a stranger"


async def test_a_key_that_leaked_is_gone_at_once(anew):
    (first,) = await kids()
    token = await keys.sign({"a": 1}, "ES256")
    await keys.retire(first)
    (second,) = await kids()
    assert second != first
    ring = await keys.ring()
    assert ring.signing("ES256").kid == second
    with pytest.raises(JoseError):
        jwt.decode(token, ring.verifying(), algorithms=["ES256"])


async def test_a_key_that_was_to_follow_signs_at_once_when_the_one_before_leaks(anew):
    (first,) = await kids()
    await keys.rotate(["ES256"])
    await keys.retire(first)
    assert len(await kids()) == 1
    assert (await keys.ring()).signing("ES256").kid == (await kids())[0] != first


async def test_the_operator_lists_makes_and_retires_keys(db):
    listed = await signing_keys.run("list", "", "")
    assert any("ES256  signs " in line for line in listed)
    kid = next(line.split()[0] for line in listed if "ES256  signs " in line)
    (said,) = await signing_keys.run("retire", kid, "it leaked")
    assert said.startswith(f"{kid} neither signs")
    assert kid not in {one["kid"] for one in (await keys.ring()).published()["keys"]}
    assert (await keys.ring()).signing("ES256").kid in said
    with pytest.raises(OperatorError):
        await signing_keys.run("retire", "es256-none", "it leaked")
    assert len(await signing_keys.run("rotate", "", "")) == 2
