"""The demonstration's apps do their work over HTTP: measured, told, called back, with a database of their own."""

import pytest
import pytest_asyncio

from billing import pay_links
from billing.models import Payment
from billing.payments.deciding import pay_out_refund
from billing.payments.refunds import request_refund
from integrations.apps.models import AppVersion, Vendor
from integrations.apps.scim import push
from integrations.apps.tenant_models import AppDocument, AppMessage, Launch
from integrations.apps.vendors import findings
from integrations.apps.webhooks import messages
from tenants.ids import new_id
from tenants.scope import bank_scope, open_scope, tenant_scope, vendor_scope
from tests import apps, make
from tests.billing import town as towns
from tests.billing.desk.test_desk import take
from tests.integrations.apps.demo import Stage, wired
from tests.jobs import run_due
from tests.page import inspect

INVOICE = (
    "openid",
    "profile",
    "tenant",
    "enterprise",
    "payments",
    "bills",
    "accounts",
    "documents",
    "offline_access",
)


@pytest_asyncio.fixture(loop_scope="session")
async def town(db, bank):
    return await towns.found(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def vendor(db, bank):
    return await apps.vendor(bank)


@pytest.fixture
def staged(app, tmp_path, monkeypatch):
    """Put one app on the stage: what it is told reaches it."""

    def make_stage(name) -> Stage:
        stage = Stage(name, app, tmp_path)
        monkeypatch.setattr(messages, "call", wired(stage))
        monkeypatch.setattr(findings, "call", wired(stage))
        monkeypatch.setattr(push, "call", wired(stage))
        return stage

    return make_stage


async def frame_of(client, tenant, installation) -> str:
    """A session token, as the page around the frame gets it."""
    answer = await client.post(f"/t/{tenant.slug}/apps/{installation.id}/session-tokens")
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


@pytest.mark.parametrize("name", ["contract", "invoice", "people"])
async def test_each_app_meets_everything_we_measure(vendor, staged, name):
    stage = staged(name)
    made = await stage.listed(vendor, privacy_uri=f"{stage.url}/privacy", support_email="help@vendor.example")
    async with open_scope(vendor_scope(vendor.id)):
        version = await AppVersion.get(id=made.listed_version_id)
    found = await findings.measure(made, version)
    assert [(one.check, one.note) for one in found if not one.is_met] == []
    assert len(found) >= 11


async def test_a_payment_gets_its_invoice_and_a_refund_its_red_letter_one(client, town, vendor, staged):
    stage = staged("invoice")
    made = await stage.listed(vendor)
    installation = await apps.install(town.tenant, made, scopes=INVOICE)
    cashier, finance = await make.staff(town.tenant, "cashier"), await make.staff(town.tenant, "finance")
    await make.sign_in(client, cashier.person_id)
    assert (await take(client, town)).status_code == 303
    await run_due(town.tenant.id)
    (blue,) = stage.kit.db.execute("select * from invoice").fetchall()
    assert blue["number"].endswith("00000001")
    assert blue["amount_minor"] == town.bill.total_minor
    async with open_scope(tenant_scope(town.tenant.id)):
        payment = await Payment.get(tenant_id=town.tenant.id)
        asked = {
            "payment_id": payment.id,
            "amount_minor": 1000,
            "seen_refundable_minor": payment.amount_minor,
        }
        refund_id = await request_refund(finance, **asked, reason="Overcharged", key=new_id().hex)
        await pay_out_refund(cashier, refund_id=refund_id)
    await run_due(town.tenant.id)
    blue, red = stage.kit.db.execute("select * from invoice order by id").fetchall()
    assert (red["kind"], red["red_of"], red["amount_minor"]) == ("red", blue["number"], -1000)
    async with open_scope(tenant_scope(town.tenant.id)):
        told = await AppMessage.filter(tenant_id=town.tenant.id).values_list("status", flat=True)
        assert set(map(str, told)) == {"delivered"}
    await seen_by_the_payer(client, town, blue, red)
    await seen_in_the_frame(client, stage, town, installation, blue)


async def seen_by_the_payer(client, town, blue, red):
    await make.sign_in(client, town.ann.id)
    page = await client.get(f"/my/bills/{town.bill.id}")
    inspect(page.text)
    assert f"Invoice {blue['number']}" in page.text
    assert f"Red-letter invoice {red['number']}" in page.text
    async with open_scope(tenant_scope(town.tenant.id)):
        paper = await AppDocument.get(tenant_id=town.tenant.id, number=blue["number"])
    file = await client.get(f"/my/papers/{paper.id}")
    assert file.content.startswith(b"%PDF")
    stranger = await make.person("Sam")
    await make.sign_in(client, stranger.id)
    assert (await client.get(f"/my/papers/{paper.id}")).status_code == 404
    await seen_by_the_pay_links_bearer(client, town, blue, paper.id)


async def seen_by_the_pay_links_bearer(client, town, blue, paper_id):
    client.cookies.clear()
    link = pay_links.make(town.tenant.id, town.bill.id)
    page = await client.get(link)
    inspect(page.text)
    assert f"Invoice {blue['number']}" in page.text
    assert f'href="{link}/papers/{paper_id}"' in page.text
    assert (await client.get(f"{link}/papers/{paper_id}")).content.startswith(b"%PDF")
    other = pay_links.make(town.tenant.id, new_id())
    assert (await client.get(f"{other}/papers/{paper_id}")).status_code == 404


async def seen_in_the_frame(client, stage, town, installation, blue):
    chief = await make.staff(town.tenant)
    await make.sign_in(client, chief.person_id)
    token = await frame_of(client, town.tenant, installation)
    async with stage.browser() as browser:
        assert (await browser.get("/")).status_code == 401
        page = await browser.get("/", headers={"Authorization": f"Bearer {token}"})
        assert blue["number"] in page.text
        assert town.tenant.uscc in page.text
        assert (
            await browser.get("/", headers={"Authorization": f"Bearer {token[:-4]}AAAA"})
        ).status_code == 401


async def test_hr_knows_the_staff_by_their_subjects_and_leave_is_asked_for_and_granted(
    client, town, vendor, staged
):
    stage = staged("people")
    made = await stage.listed(vendor, protocols=["scim"], scim_uri=f"{stage.url}/scim/v2")
    scopes = ("openid", "profile", "roles", "tenant", "people")
    installation = await apps.install(town.tenant, made, scopes=scopes, roles=("administrator", "cashier"))
    chief = await make.staff(town.tenant, name="Mei Lim")
    clerk = await make.staff(town.tenant, "cashier", "Cai Shi")
    async with open_scope(tenant_scope(town.tenant.id)):
        await push.begin(installation)
    await run_due(town.tenant.id)
    async with stage.browser() as browser:
        await make.sign_in(client, clerk.person_id)
        mine = {"Authorization": f"Bearer {await frame_of(client, town.tenant, installation)}"}
        page = await browser.get("/", headers=mine)
        assert "Mei Lim" in page.text
        assert "Cai Shi" in page.text
        given = {"kind": "annual", "first": "2026-12-01", "last": "2026-12-03"}
        assert (await browser.post("/leave", data=given, headers=mine)).status_code == 303
        assert (
            await browser.post("/leave", data=given | {"last": "2026-11-01"}, headers=mine)
        ).status_code == 422
        assert (
            await browser.post("/leave/1/decision", data={"state": "granted"}, headers=mine)
        ).status_code == 403
        await make.sign_in(client, chief.person_id)
        theirs = {"Authorization": f"Bearer {await frame_of(client, town.tenant, installation)}"}
        assert (
            await browser.post("/leave/1/decision", data={"state": "granted"}, headers=theirs)
        ).status_code == 303
        assert "granted" in (await browser.get("/leave", headers=mine)).text
    known = {row["name"]: row["id"] for row in stage.kit.db.execute("select id, name from staff")}
    assert known["Cai Shi"] == stage.kit.db.execute("select person from leave").fetchone()["person"]
    assert str(clerk.person_id) not in known.values()


async def travel(client, browser, url):
    """Follow the browser's way between product and app, each with its own cookies, to the first page shown."""
    for _ in range(12):
        owner = client if url.startswith("http://cloud.test") else browser
        answer = await owner.get(url)
        if answer.status_code not in {302, 303, 307}:
            return answer
        url = str(answer.url.join(answer.headers["location"]))
    raise AssertionError(url)


async def test_a_contract_is_drafted_from_verified_facts_signed_strongly_and_sealed(
    client, town, vendor, staged
):
    stage = staged("contract")
    made = await stage.listed(vendor)
    scopes = ("openid", "profile", "roles", "tenant", "enterprise")
    installation = await apps.install(town.tenant, made, scopes=scopes)
    chief = await make.staff(town.tenant, name="Mei Lim")
    await make.sign_in(client, chief.person_id)
    async with stage.browser() as browser:
        opened = await client.get(f"/t/{town.tenant.slug}/apps/{installation.id}")
        page = await travel(client, browser, opened.headers["location"])
        assert "Contracts" in page.text
        assert "Mei Lim" in page.text
        drafted = await browser.post("/contracts", data={"kind": "service", "partner": "Clean & Co"})
        text = (await browser.get(drafted.headers["location"])).text
        assert town.tenant.name in text
        assert town.tenant.uscc in text
        asked = await browser.post(f"{drafted.headers['location']}/signing")
        refused = await travel(client, browser, asked.headers["location"])
        assert "/sign-in" in str(refused.url), "signed in a while ago is not signed in now"
        await make.sign_in(client, chief.person_id)
        page = await travel(client, browser, str(refused.url.join(refused.url.params["next"])))
        assert "Sealed" in page.text
        sealed = await browser.get(f"{drafted.headers['location']}/file")
        assert sealed.content.startswith(b"%PDF")
        for data, said in ((sealed.content, "unchanged"), (sealed.content + b" ", "Not sealed here")):
            checked = await browser.post("/check", files={"file": ("c.pdf", data, "application/pdf")})
            assert said in checked.text
        await signs_out_in_frames(client, browser)
    async with open_scope(tenant_scope(town.tenant.id)):
        assert [one.outcome for one in await Launch.filter(tenant_id=town.tenant.id)] == ["arrived"]


async def in_sandbox(vendor, tenant, made, **given):
    """Install a draft where its vendor tries it: the product knows the app by its other name there."""
    async with open_scope(vendor_scope(vendor.id)):
        async with open_scope(bank_scope(vendor.bank_id)):
            await Vendor.filter(id=vendor.id).update(sandbox_tenant_ids=[tenant.id])
        await AppVersion.filter(app_id=made.id).update(status="draft")
    return await apps.install(tenant, made, is_test=True, **given)


async def test_a_draft_is_tried_in_its_vendors_sandbox_signing_in_by_its_other_name(
    client, town, vendor, staged
):
    stage = staged("contract")
    made = await stage.listed(vendor)
    scopes = ("openid", "profile", "roles", "tenant", "enterprise")
    installation = await in_sandbox(vendor, town.tenant, made, scopes=scopes)
    chief = await make.staff(town.tenant, name="Mei Lim")
    await make.sign_in(client, chief.person_id)
    async with stage.browser() as browser:
        opened = await client.get(f"/t/{town.tenant.slug}/apps/{installation.id}")
        assert made.test_client_id in opened.headers["location"]
        page = await travel(client, browser, opened.headers["location"])
        assert (page.status_code, "Mei Lim" in page.text) == (200, True)
        drafted = await browser.post("/contracts", data={"kind": "service", "partner": "Clean & Co"})
        asked = await browser.post(f"{drafted.headers['location']}/signing")
        assert made.test_client_id in asked.headers["location"], "signing asks by the same name"


async def test_a_draft_in_a_sandbox_hears_of_payments_calls_back_and_shows_in_the_frame(
    client, town, vendor, staged
):
    stage = staged("invoice")
    made = await stage.listed(vendor)
    installation = await in_sandbox(vendor, town.tenant, made, scopes=INVOICE)
    cashier = await make.staff(town.tenant, "cashier")
    await make.sign_in(client, cashier.person_id)
    assert (await take(client, town)).status_code == 303
    await run_due(town.tenant.id)
    (blue,) = stage.kit.db.execute("select * from invoice").fetchall()
    async with open_scope(tenant_scope(town.tenant.id)):
        told = await AppMessage.filter(tenant_id=town.tenant.id).values_list("status", flat=True)
        assert set(map(str, told)) == {"delivered"}
        assert await AppDocument.filter(tenant_id=town.tenant.id, number=blue["number"]).count() == 1
    await seen_in_the_frame(client, stage, town, installation, blue)


async def signs_out_in_frames(client, browser):
    """The app's own session ends with the product's, by what the signed-out page opens in a frame."""
    assert (await browser.get("/")).status_code == 200
    assert (await browser.get("/signed-out?iss=https://evil.example&sid=x")).status_code == 200
    page = await client.post("/sign-out")
    (frame,) = inspect(page.text).iter("iframe")
    browser.cookies.jar.clear_expired_cookies()
    kept = dict(browser.cookies)
    gone = await browser.get(frame.get("src"))
    assert "frame-ancestors http://cloud.test" in gone.headers["content-security-policy"]
    browser.cookies.update(kept)
    assert (await browser.get("/")).status_code == 401, "an old cookie opens nothing either"


async def test_a_framed_app_keeps_a_short_session_in_a_jar_of_our_page_alone(client, town, vendor, staged):
    stage = staged("people")
    made = await stage.listed(vendor)
    installation = await apps.install(town.tenant, made, scopes=tuple(stage.kit.scope.split()))
    chief = await make.staff(town.tenant)
    await make.sign_in(client, chief.person_id)
    token = await frame_of(client, town.tenant, installation)
    async with stage.browser() as browser:
        assert (await browser.get("/leave")).status_code == 401
        shown = await browser.get("/leave", headers={"Authorization": f"Bearer {token}"})
        cookie = shown.headers["set-cookie"]
        assert cookie.endswith("Max-Age=120; Path=/; HttpOnly; Secure; SameSite=None; Partitioned")
        assert (await browser.get("/leave")).status_code == 200, "what a plain link opens in there"
        assert "set-cookie" not in (await browser.get("/leave")).headers, "only a new token renews it"
        stage.kit.db.execute("update session set ends = 0")
        assert (await browser.get("/leave")).status_code == 401
