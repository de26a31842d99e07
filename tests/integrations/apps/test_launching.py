"""Opening an app: who may, where it shows, what it is handed, and what is said when it is away."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import pytest_asyncio

from integrations.apps.launching import health
from integrations.apps.models import App
from integrations.apps.tenant_models import Installation, Launch
from integrations.provider import keys
from tenants.ids import new_id
from tenants.outbound import Answer, OutboundError
from tenants.scope import bank_scope, open_scope, queue_scope, tenant_scope
from tenants.sessions import hash_of
from tests import apps, make
from tests.page import inspect, text_of
from ui.i18n import t


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(db, bank):
    return await make.tenant(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def vendor(db, bank):
    return await apps.vendor(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def listed(vendor):
    return await apps.listed(vendor, places={"drafts": {"en": "Drafts", "zh_CN": "草稿"}})


@pytest_asyncio.fixture(loop_scope="session")
async def chief(client, tenant):
    found = await make.staff(tenant)
    await make.sign_in(client, found.person_id)
    return found


async def launches(tenant):
    async with open_scope(tenant_scope(tenant.id)):
        return await Launch.filter(tenant_id=tenant.id).order_by("created_at")


def framed(page) -> dict[str, str]:
    root = inspect(page.text)
    (frame,) = root.iter("iframe")
    return dict(frame.attrib)


async def test_an_app_opens_inside_our_page_with_an_opaque_value(client, tenant, listed, chief):
    made = await apps.install(tenant, listed)
    record = new_id()
    page = await client.get(
        f"/t/{tenant.slug}/apps/{made.id}?place=drafts&record_kind=payment&record_id={record}"
    )
    frame = framed(page)
    given = {key: values[0] for key, values in parse_qs(urlsplit(frame["src"]).query).items()}
    assert given["iss"] == "http://cloud.test"
    assert (given["place"], given["embedded"], given["client_id"]) == ("drafts", "1", listed.client_id)
    assert str(tenant.id) not in frame["src"]
    assert str(record) not in frame["src"]
    (launch,) = await launches(tenant)
    assert launch.value_hash == hash_of(given["launch"])
    assert launch.context == {"record": {"kind": "payment", "id": str(record)}}
    policy = page.headers["content-security-policy"]
    assert "frame-src https://app.example;" in policy
    assert "frame-ancestors 'none'" in policy


async def test_the_overview_leads_to_the_apps_that_one_may_open(client, tenant, listed, chief):
    overview = f"/t/{tenant.slug}"
    assert "Your apps" not in (await client.get(overview)).text
    made = await apps.install(tenant, listed)
    page = (await client.get(overview)).text
    assert "Your apps" in text_of(inspect(page))
    assert f'href="{overview}/apps/{made.id}"' in page
    await make.sign_in(client, (await make.staff(tenant, "cashier")).person_id)
    assert f"apps/{made.id}" not in (await client.get(overview)).text
    async with open_scope(bank_scope(tenant.bank_id)):
        await App.filter(id=listed.id).update(status="suspended")
    await make.sign_in(client, chief.person_id)
    assert f"apps/{made.id}" not in (await client.get(overview)).text


async def test_a_record_is_not_named_to_an_app_that_may_not_read_it(client, tenant, listed, chief):
    made = await apps.install(tenant, listed, scopes=("openid",))
    await client.get(
        f"/t/{tenant.slug}/apps/{made.id}?place=nowhere&record_kind=payment&record_id={new_id()}"
    )
    (launch,) = await launches(tenant)
    assert (launch.context, launch.place) == ({}, "")


async def test_an_app_whose_origin_was_not_reviewed_opens_in_a_page_of_its_own(client, tenant, vendor, chief):
    listed = await apps.listed(vendor, frame_origins=["https://other.example"])
    made = await apps.install(tenant, listed)
    answer = await client.get(f"/t/{tenant.slug}/apps/{made.id}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://app.example/launch?iss=")
    assert "frame-src" not in answer.headers["content-security-policy"]


async def test_a_role_without_it_a_paused_one_and_a_weak_sign_in_do_not_open_it(
    client, tenant, listed, chief
):
    made = await apps.install(tenant, listed, roles=("finance",), min_level=3)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    page = await client.get(here)
    assert page.status_code == 403
    inspect(page.text)
    assert (await client.post(f"{here}/session-tokens")).status_code == 403
    finance = await make.staff(tenant, "finance")
    await make.sign_in(client, finance.person_id, level=2)
    assert (await client.get(here)).headers["location"].startswith("/sign-in/confirm")
    await make.sign_in(client, finance.person_id)
    assert (await client.get(here)).status_code == 200
    async with open_scope(tenant_scope(tenant.id)):
        await Installation.filter(tenant_id=tenant.id, id=made.id).update(status="paused")
    assert (await client.get(here)).status_code == 409
    assert (await client.post(f"{here}/session-tokens")).status_code == 409
    assert len(await launches(tenant)) == 1


async def test_the_page_says_so_calmly_when_the_app_does_not_answer(
    client, tenant, listed, chief, monkeypatch
):
    made = await apps.install(tenant, listed)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    failing = [OutboundError(t("app.example does not answer")), Answer(500, {}, b"")]

    async def call(method, url, **_):
        if not failing:
            return Answer(200, {}, b"ok")
        found = failing.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(health, "call", call)
    await looked(listed)
    assert "does not answer" not in (await client.get(here)).text, "one miss is no outage"
    await looked(listed)
    page = await client.get(here)
    inspect(page.text)
    assert "does not answer right now" in page.text
    assert framed(await client.get(f"{here}?anyway=1"))
    await looked(listed)
    assert framed(await client.get(here))
    assert [one.outcome for one in await launches(tenant)] == ["started", "down", "started", "started"]


async def looked(listed):
    async with open_scope(queue_scope()):
        await App.exclude(id=listed.id).update(checked_at=datetime(2100, 1, 1, tzinfo=UTC))
        await App.filter(id=listed.id).update(checked_at=None)
    assert await health.look() == 1


async def test_a_framed_app_gets_a_token_for_a_minute_with_the_agreed_claims_alone(
    client, tenant, listed, chief
):
    made = await apps.install(tenant, listed, scopes=("openid", "profile", "email"), claims=["name"])
    here = f"/t/{tenant.slug}/apps/{made.id}"
    frame = framed(await client.get(here))
    answer = await client.post(f"{here}/session-tokens", data={"launch": frame["data-launch"]})
    told = await opened(answer.json()["token"])
    assert told["aud"] == listed.client_id
    assert told["dest"] == str(made.id)
    assert told["exp"] - told["iat"] == 60
    assert told["name"] == "Mei Lim"
    assert not {"email", "tenant", "roles"} & set(told)
    assert UUID(frame["data-launch"])
    (launch,) = await launches(tenant)
    assert launch.outcome == "arrived"
    assert frame["data-tokens"] == f"{here}/session-tokens"
    elsewhere = await client.post(f"{here}/session-tokens", headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


async def opened(token: str) -> dict:
    from joserfc import jwt  # noqa: PLC0415

    return jwt.decode(token, (await keys.ring()).verifying(), algorithms=["RS256", "ES256"]).claims


async def test_a_suspended_app_gets_no_further_token(client, tenant, listed, chief, bank):
    made = await apps.install(tenant, listed)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    assert (await client.post(f"{here}/session-tokens")).status_code == 200
    async with open_scope(bank_scope(bank.id)):
        await App.filter(id=listed.id).update(status="suspended")
    assert (await client.post(f"{here}/session-tokens")).status_code == 409
    page = await client.get(here)
    assert page.status_code == 409
    inspect(page.text)


async def test_the_page_around_an_app_asks_whether_it_may_stay_and_nothing_is_signed_for_that(
    client, tenant, listed, chief, monkeypatch
):
    made = await apps.install(tenant, listed, roles=("finance",), min_level=2)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    finance = await make.staff(tenant, "finance")
    asks = {"Accept": "application/json"}
    await make.sign_in(client, finance.person_id, level=2)
    standing = framed(await client.get(here))["data-standing"]

    async def never(*_: object, **__: object) -> str:
        raise AssertionError("a token was signed")

    monkeypatch.setattr(keys, "sign", never)
    assert (await client.get(standing, headers=asks)).status_code == 204
    async with open_scope(tenant_scope(tenant.id)):
        await Installation.filter(tenant_id=tenant.id, id=made.id).update(min_level=3)
    assert (await client.get(standing, headers=asks)).status_code == 204, "what is open is not taken by age"
    weak = await client.post(f"{here}/session-tokens", headers=asks)
    assert (weak.status_code, weak.json()["code"]) == (401, "login.step_up")
    async with open_scope(tenant_scope(tenant.id)):
        await Installation.filter(tenant_id=tenant.id, id=made.id).update(roles=["cashier"])
    assert (await client.get(standing, headers=asks)).status_code == 403
    async with open_scope(tenant_scope(tenant.id)):
        await Installation.filter(tenant_id=tenant.id, id=made.id).update(status="paused")
    assert (await client.get(standing, headers=asks)).status_code == 409
    client.cookies.clear()
    gone = await client.get(standing, headers=asks)
    assert (gone.status_code, gone.json()["code"]) == (401, "login.needed")


@pytest.mark.parametrize("kind", ["stranger", "other tenant's"])
async def test_nobody_else_opens_it(client, tenant, listed, bank, kind):
    made = await apps.install(tenant, listed)
    other = await make.tenant(bank)
    who = await make.staff(other)
    await make.sign_in(client, who.person_id)
    slug = tenant.slug if kind == "stranger" else other.slug
    assert (await client.get(f"/t/{slug}/apps/{made.id}")).status_code == 404
    assert (await client.post(f"/t/{slug}/apps/{made.id}/session-tokens")).status_code == 404
    assert (await client.get(f"/t/{slug}/apps/{made.id}/standing")).status_code == 404


async def test_an_apps_letter_leads_by_the_number_of_its_installation(client, bank, tenant, listed, chief):
    """The owner comes to the page, a colleague without the role is told so there, a stranger finds nothing."""
    made = await apps.install(tenant, listed)
    asked = f"/launch/{made.id}?place=drafts&record_kind=bill"
    answer = await client.get(asked)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    assert answer.headers["location"] == f"{here}?place=drafts&record_kind=bill"
    colleague = await make.staff(tenant, "cashier")
    await make.sign_in(client, colleague.person_id)
    assert (await client.get(asked)).headers["location"].startswith(here)
    assert (await client.get(here)).status_code == 403
    stranger = await make.staff(await make.tenant(bank))
    await make.sign_in(client, stranger.person_id)
    assert (await client.get(asked)).status_code == 404
    client.cookies.clear()
    assert (await client.get(asked)).headers["location"].startswith("/sign-in?next=%2Flaunch%2F")


async def test_the_vendor_sees_launches_and_failures_by_day(client, bank, tenant, chief):
    owner = await make.person("Vera Ng")
    vendor = await apps.vendor(bank, owner=owner)
    app = await apps.listed(vendor)
    made = await apps.install(tenant, app)
    assert (await client.get(f"/t/{tenant.slug}/apps/{made.id}")).status_code == 200
    async with open_scope(bank_scope(bank.id)):
        await App.filter(id=app.id).update(health="down")
    assert (await client.get(f"/t/{tenant.slug}/apps/{made.id}")).status_code == 200
    await make.sign_in(client, owner.id)
    page = inspect((await client.get(f"/vendor/{vendor.slug}/apps/{app.id}")).text)
    days = [
        [cell.text for cell in row.findall("td")]
        for row in page.findall(".//figure[@class='chart']//tbody/tr")
    ]
    assert days == [["0", "0"]] * 13 + [["1", "1"]]
