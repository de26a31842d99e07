"""A person's own pages: the front door, their places, where they are signed in."""

from datetime import UTC, datetime, timedelta

from integrations.sign_in.devices import device_of
from integrations.sign_in.parked import readable
from tenants import models, sessions
from tenants.navigation import start_of
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope
from tests import make
from tests.integrations.test_sign_in import session_of
from tests.page import inspect

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


async def test_the_front_door_is_for_strangers(db, client, bank):
    page = await client.get("/")
    inspect(page.text)
    assert 'href="/sign-in"' in page.text
    await make.sign_in(client, (await make.person()).id)
    assert (await client.get("/")).headers["location"] == "/home"


async def test_home_without_any_place_says_what_to_do(db, client, bank):
    ann = await make.person()
    await make.sign_in(client, ann.id)
    page = await client.get("/home")
    inspect(page.text)
    assert 'href="/my/accounts"' in page.text
    await make.sign_in(client, ann.id, company={"name": "Seaview Ltd"})
    page = await client.get("/home")
    inspect(page.text)
    assert "Seaview Ltd" in page.text


async def test_home_goes_straight_to_the_only_place(db, client, bank):
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant)
    await make.sign_in(client, actor.person_id)
    assert (await client.get("/home")).headers["location"] == start_of(tenant.slug)


async def test_home_lists_every_place_once_and_none_of_others(db, client, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    actor = await make.staff(tenant)
    await make.staff(other, name="Somebody Else")
    async with open_scope(tenant_scope(tenant.id)):
        role = await models.Role.get(tenant_id=tenant.id, key="finance")
        await models.Membership.create(
            tenant_id=tenant.id, person_id=actor.person_id, role_id=role.id, name="x", email="x"
        )
    async with open_scope(bank_scope(bank.id)):
        await models.BankMembership.create(
            bank_id=bank.id, person_id=actor.person_id, role="reviewer", name="x", email="x"
        )
    person = models.Person(id=actor.person_id, name=actor.name)
    await make.holder(await make.account(other), person)
    await make.sign_in(client, actor.person_id)
    page = await client.get("/home")
    hrefs = [a.get("href") for a in inspect(page.text).iter("a") if "choice-card" in (a.get("class") or "")]
    assert hrefs == [f"/bank/{bank.slug}", start_of(tenant.slug), "/my"]
    assert "Reviewer" in page.text


async def test_ended_memberships_and_unconfirmed_accounts_are_no_places(db, client, bank):
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        await models.Membership.filter(tenant_id=tenant.id).update(ended_at=datetime.now(UTC))
    await make.holder(await make.account(tenant), None)
    await make.sign_in(client, actor.person_id)
    assert "Nothing is linked to you yet" in (await client.get("/home")).text


async def test_a_person_sees_and_ends_their_own_sessions(db, client, bank):
    ann, eve = await make.person("Ann"), await make.person("Eve")
    foreign = await make.sign_in(client, eve.id)
    first = await make.sign_in(client, ann.id, user_agent=CHROME, bank_id=bank.id)
    second = await make.sign_in(client, ann.id)
    third = await make.sign_in(client, ann.id)
    page = await client.get("/sessions")
    inspect(page.text)
    assert page.text.count("This browser") == 1
    assert "Chrome on Windows" in page.text
    assert "Harbour Bank" in page.text
    end = f"/sessions/{(await session_of(foreign)).id}/ending"
    assert (await client.post(end)).status_code == 404
    assert (await session_of(foreign)).ended_at is None
    assert (await client.post(f"/sessions/{(await session_of(first)).id}/ending")).status_code == 303
    assert (await session_of(first)).ended_at is not None
    assert (await session_of(second)).ended_at is None
    assert (await client.post("/sessions/others/ending")).status_code == 303
    assert (await session_of(second)).ended_at is not None
    assert (await session_of(third)).ended_at is None
    assert (await session_of(foreign)).ended_at is None
    assert (await client.post("/sessions/nonsense/ending")).status_code == 404


async def test_a_sign_in_counts_for_less_as_it_grows_old(db, client, bank):
    ann = await make.person("Ann")
    company = {"name": "Seaview", "bank_id": str(bank.id), "enterprise_id": "e-1"}
    token = await make.sign_in(client, ann.id, level=3, bank_id=bank.id, company=company)
    for age, shown in ((0, "Strongest"), (1, "Strong"), (9, "Basic"), (13, "Too old to count")):
        async with open_scope(person_scope(ann.id)):
            then = datetime.now(UTC) - timedelta(hours=age)
            await models.Session.filter(token_hash=sessions.hash_of(token)).update(auth_time=then)
        page = await client.get("/sessions")
        inspect(page.text)
        assert shown in page.text, age
        assert f'href="/sign-in?bank={bank.slug}"' in page.text


def test_browsers_have_names():
    assert str(device_of(CHROME)) == "Chrome on Windows"
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"
    assert str(device_of(iphone)) == "Safari on iPhone"
    assert str(device_of("curl/8")) == "Unknown browser"
    assert str(device_of("Firefox")) == "Firefox"


def test_a_parked_form_reads_like_words():
    typed = [
        ["name", "Ann"],
        ["amount_minor", "12.50"],
        ["lines-0-flat_type", "4-room"],
        ["lines-1-flat_type", "5-room"],
        ["kinds", "a"],
        ["kinds", "b"],
        ["password", "hunter2"],
        ["idempotency_key", "0199"],
        ["account_id", "0199"],
        ["note", "  "],
    ]
    assert readable(typed) == [
        ("Name", "Ann"),
        ("Amount", "12.50"),
        ("Lines 1 flat type", "4-room"),
        ("Lines 2 flat type", "5-room"),
        ("Kinds", "a, b"),
        ("Password", "••••••"),
    ]
