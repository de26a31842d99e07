"""A company becomes a vendor, describes an app, is measured and reviewed: as its people and the bank's see it."""

import json

import pytest
import pytest_asyncio

from integrations.apps.clients import client, granted
from integrations.apps.models import App, AppVersion, Vendor, VendorMember
from integrations.apps.vendors import findings, review, services
from integrations.apps.webhooks import signing
from tenants.audit_words import acts, has_label
from tenants.models import Audit, Membership, Tenant
from tenants.outbound import Answer
from tenants.scope import bank_scope, open_scope, tenant_scope, vendor_scope
from tests import apps, make
from tests.page import inspect
from ui.errors import Conflict, Forbidden, Invalid


@pytest_asyncio.fixture(loop_scope="session")
async def company(db, bank, client):
    """Somebody signed in with a company login, and the company."""
    from tenants.uscc import make as make_uscc  # noqa: PLC0415

    who = await make.person("Vera Ng", email="vera@vendor.example")
    facts = {
        "bank_id": str(bank.id),
        "enterprise_id": "e1",
        "name": "Ink and Seal Software Ltd",
        "uscc": make_uscc(f"91350100P{make.serial():08d}"),
        "legal_representative": "Ng Vera",
        "operator_role": "authoriser",
    }
    await make.sign_in(client, who.id, company=facts)
    return who, facts


def registration(**given):
    n = make.serial()
    return {
        "slug": f"ink-and-seal-{n}",
        "website": "https://ink.example",
        "contact_email": "hello@ink.example",
        "contact_phone": "+65 6123 4567",
        "about": "We make software for contracts.",
    } | given


def described(**given):
    words = {
        f"{word}_{end}": f"{word} {end}"
        for word in ("name", "summary", "about", "price")
        for end in ("en", "zh")
    }
    return {
        **words,
        "scenarios": "community",
        "needs": "contracts",
        "asks-0-scope": "profile",
        "asks-0-en": "To print the name of whoever signs",
        "asks-0-zh": "打印签署人姓名",
        "asks-1-scope": "email",
        "asks-1-en": "",
        "asks-1-zh": "",
        "places-0-key": "drafts",
        "places-0-en": "Drafts",
        "places-0-zh": "草稿",
        "launch_uri": "https://ink.example/launch",
        "redirect_uris": "https://ink.example/callback",
        "backchannel_logout_uri": "https://ink.example/logout",
        "frontchannel_logout_uri": "https://ink.example/bye-bye",
        "frame_origins": "https://ink.example",
        "webhook_uri": "https://ink.example/webhooks",
        "health_uri": "https://ink.example/health",
        "privacy_uri": "https://ink.example/privacy",
        "support_email": "help@ink.example",
        "profile": "basic",
        "auth_method": "client_secret_basic",
        "min_level": "1",
        "revision": "1",
    } | given


async def admitted(client, company, bank) -> Vendor:
    given = registration()
    answer = await client.post("/vendors", data=given)
    assert answer.headers["location"] == f"/vendor/{given['slug']}"
    reviewer = await make.bank_staff(bank, "operations")
    async with open_scope(bank_scope(bank.id)):
        vendor = await Vendor.get(slug=given["slug"])
        return await services.decide(reviewer, vendor.id, "admitted")


async def test_a_company_registers_with_what_its_bank_verified_and_is_admitted(client, company, bank):
    inspect((await client.get("/vendors")).text)
    inspect((await client.get("/vendors/new")).text)
    vendor = await admitted(client, company, bank)
    assert (vendor.name, vendor.uscc) == (company[1]["name"], company[1]["uscc"])
    page = await client.get(f"/vendor/{vendor.slug}")
    inspect(page.text)
    assert "sandbox" in page.text
    async with open_scope(tenant_scope(vendor.sandbox_tenant_ids[0])):
        assert (
            await Membership.filter(tenant_id=vendor.sandbox_tenant_ids[0], person_id=company[0].id).count()
            == 1
        )
        assert (await Tenant.get(id=vendor.sandbox_tenant_ids[0])).uscc == vendor.uscc


async def test_without_a_company_login_nobody_registers(client, db):
    who = await make.person("Ann")
    await make.sign_in(client, who.id)
    assert (await client.post("/vendors", data=registration())).status_code == 403
    inspect((await client.get("/vendors/new")).text)


async def test_a_company_registers_once(client, company):
    given = registration()
    assert (await client.post("/vendors", data=given)).status_code == 303
    again = await client.post("/vendors", data=registration())
    assert again.status_code == 422
    assert "already" in again.text
    inspect(again.text)


async def test_a_refused_company_is_not_told_that_it_was_admitted_and_comes_to_registering_again(
    client, company, bank
):
    given = registration()
    await client.post("/vendors", data=given)
    here = f"/vendor/{given['slug']}"
    assert 'href="/vendors/new"' not in (await client.get("/vendors")).text
    assert "The bank admits the company" in (await client.get(here)).text
    reviewer = await make.bank_staff(bank, "operations")
    async with open_scope(bank_scope(bank.id)):
        found = await Vendor.get(slug=given["slug"])
        await services.decide(reviewer, found.id, "refused", reasons="Its website does not answer.")
    page = (await client.get(here)).text
    inspect(page)
    assert "Its website does not answer." in page
    assert "The bank admits the company" not in page
    for address in (here, "/vendors"):
        assert 'href="/vendors/new"' in (await client.get(address)).text
    assert (await client.post("/vendors", data=registration())).status_code == 303
    assert 'href="/vendors/new"' not in (await client.get("/vendors")).text


async def test_the_owner_writes_the_reader_reads_and_a_stranger_finds_nothing(client, company, bank):
    vendor = await admitted(client, company, bank)
    root = f"/vendor/{vendor.slug}"
    assert (await client.get(f"{root}/apps/new")).status_code == 200
    reader, stranger = await make.person("Rae"), await make.person("Sam")
    async with open_scope(vendor_scope(vendor.id)):
        await VendorMember.create(
            bank_id=bank.id,
            vendor_id=vendor.id,
            person_id=reader.id,
            role="reader",
            name="Rae",
            email="r@x.example",
        )
    await make.sign_in(client, reader.id)
    assert (await client.get(root)).status_code == 200
    assert (await client.get(f"{root}/apps/new")).status_code == 403
    assert (await client.post(f"{root}/apps", data={"name": "x", "slug": "xyz"})).status_code == 403
    await make.sign_in(client, stranger.id)
    assert (await client.get(root)).status_code == 404
    assert (await client.post(f"{root}/apps", data={"name": "x", "slug": "xyz"})).status_code == 404


async def made_app(client, vendor) -> str:
    answer = await client.post(
        f"/vendor/{vendor.slug}/apps", data={"name": "E-contract", "slug": "e-contract"}
    )
    return answer.headers["location"].removesuffix("/edit")


def answers(secret, *, broken=()):
    """An app as it answers what we measure; ``broken`` names what it does wrong."""

    async def call(method, url, *, headers=None, form=None, content=None, **_):
        if url.endswith("/webhooks"):
            genuine = signing.is_genuine(secret, headers, content, int(headers["webhook-timestamp"]))
            if not genuine and "wrong_signature" not in broken:
                return Answer(401, {}, b"")
            is_deletion = (
                json.loads(content)["type"] == "installation.deletion_due" and "deletion" not in broken
            )
            return Answer(200, {}, b'{"deleted": true}' if is_deletion else b"{}")
        if url.endswith("/logout"):
            return Answer(200 if "logout" in broken else 400, {}, b"")
        is_open = "frames" in broken or ("front_logout" in broken and "/bye-bye?" in url)
        policy = {
            "content-security-policy": f"frame-ancestors {'*' if is_open else 'http://cloud.test'}",
            "x-content-type-options": "nosniff",
            "set-cookie": "a=b; SameSite=None; Secure" + ("" if "cookies" in broken else "; Partitioned"),
        }
        return Answer(200, policy, b"ok")

    return call


async def test_a_version_is_described_measured_submitted_and_listed(client, company, bank, monkeypatch):
    vendor = await admitted(client, company, bank)
    here = await made_app(client, vendor)
    inspect((await client.get(f"{here}/edit")).text)
    saved = await client.post(f"{here}/edit", data=described())
    assert saved.status_code == 303, saved.text
    app_id = here.rsplit("/", 1)[1]
    async with open_scope(vendor_scope(vendor.id)):
        secret = findings.secret_of(await App.get(id=app_id))
    assert (await client.post(f"{here}/submission")).status_code == 422, "not measured yet"
    monkeypatch.setattr(
        findings,
        "call",
        answers(
            secret, broken=("wrong_signature", "frames", "cookies", "deletion", "logout", "front_logout")
        ),
    )
    await client.post(f"{here}/measuring")
    async with open_scope(vendor_scope(vendor.id)):
        found = {one["check"]: one["is_met"] for one in (await AppVersion.get(app_id=app_id)).findings}
    assert [key for key, is_met in found.items() if not is_met] == [
        "frames",
        "cookies",
        "wrong_signature",
        "deletion",
        "logout",
        "front_logout",
    ]
    assert (await client.post(f"{here}/submission")).status_code == 422
    page = await client.get(here, headers={"Accept-Language": "zh-CN"})
    assert "应答状态为 200，应为 401。" in page.text, "what was seen is read in the reader's language"
    monkeypatch.setattr(findings, "call", answers(secret))
    await client.post(f"{here}/measuring")
    page = await client.get(here)
    inspect(page.text)
    assert "Submit to the bank" in page.text
    assert (await client.post(f"{here}/submission")).status_code == 303
    await listed_by_the_bank(client, bank, vendor, app_id)


async def listed_by_the_bank(client, bank, vendor, app_id):
    reviewer = await make.bank_staff(bank, "operations")
    await make.sign_in(client, reviewer.person_id)
    root = f"/bank/{bank.slug}"
    for path in (f"{root}/apps", f"{root}/vendors", f"{root}/vendors/{vendor.id}"):
        inspect((await client.get(path)).text)
    async with open_scope(bank_scope(bank.id)):
        version = await AppVersion.get(app_id=app_id)
    inspect((await client.get(f"{root}/apps/{version.id}")).text)
    assert (
        await client.post(f"{root}/apps/{version.id}/decision", data={"becomes": "returned"})
    ).status_code == 422
    await client.post(f"{root}/apps/{version.id}/decision", data={"becomes": "listed"})
    async with open_scope(bank_scope(bank.id)):
        app = await App.get(id=app_id)
        assert (app.status, app.listed_version_id) == ("listed", version.id)
        acts = await Audit.filter(bank_id=bank.id, subject_id=vendor.id).values_list("act", flat=True)
        assert {"vendor.registered", "vendor.admitted", "app_version.submitted", "app_version.listed"} <= set(
            acts
        )


async def test_what_changes_has_to_be_measured_again_and_two_people_do_not_overwrite_each_other(
    client, company, bank
):
    vendor = await admitted(client, company, bank)
    here = await made_app(client, vendor)
    assert (await client.post(f"{here}/edit", data=described())).status_code == 303
    late = await client.post(f"{here}/edit", data=described())
    assert late.status_code == 409
    wrong = await client.post(
        f"{here}/edit", data=described(revision="2", redirect_uris="http://ink.example/*")
    )
    assert wrong.status_code == 422
    inspect(wrong.text)
    half = await client.post(f"{here}/edit", data=described(revision="2", **{"asks-1-en": "Only English"}))
    assert half.status_code == 422
    elsewhere = described(revision="2", frontchannel_logout_uri="https://ink.example:8443/bye")
    refused = await client.post(f"{here}/edit", data=elsewhere)
    assert refused.status_code == 422
    field = inspect(refused.text).find(".//input[@name='frontchannel_logout_uri']")
    assert field.get("aria-invalid") == "true", "what our page frames has to be the app's own"


async def test_a_secret_is_shown_once_and_known(client, company, bank):
    vendor = await admitted(client, company, bank)
    here = await made_app(client, vendor)
    page = await client.post(f"{here}/secrets")
    assert "shown once" in page.text
    inspect(page.text)
    async with open_scope(vendor_scope(vendor.id)):
        app = await App.get(id=here.rsplit("/", 1)[1])
    assert app.secret_hash
    page = (await client.get(here)).text
    assert app.secret_hash.hex() not in page
    assert "former secret" not in page
    await client.post(f"{here}/secrets")
    assert "former secret" in (await client.get(here)).text


async def test_suspending_ends_every_grant_and_tells_the_provider(bank, db, monkeypatch):
    vendor = await apps.vendor(bank)
    app = await apps.listed(vendor)
    tenant = await make.tenant(bank)
    await apps.install(tenant, app)
    ended = []

    async def end(reason, **given):
        ended.append({"reason": reason, **given})

    monkeypatch.setattr(review, "end_grants", end)
    reviewer = await make.bank_staff(bank, "operations")
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Invalid):
            await review.decide(reviewer, app.listed_version_id, "suspended")
        await review.decide(reviewer, app.listed_version_id, "suspended", reasons="It leaked addresses.")
    assert await granted(app.client_id, tenant.id) is None
    assert ended == [{"app_id": app.id, "reason": "suspended"}]
    async with open_scope(bank_scope(bank.id)):
        await review.decide(reviewer, app.listed_version_id, "listed")
        assert (await client_status(app)) == "active"
        await services.decide(reviewer, vendor.id, "suspended", reasons="It no longer answers us.")
        with pytest.raises(Conflict):
            await services.decide(reviewer, vendor.id, "refused", reasons="Not possible from here.")
    assert (await client_status(app)) == "suspended"


async def client_status(app) -> str:
    return (await client(app.client_id)).status


async def test_only_reviewers_decide(bank, db):
    vendor = await apps.vendor(bank, status="registered")
    manager = await make.bank_staff(bank, "relationship_manager")
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await services.decide(manager, vendor.id, "admitted")


async def test_every_fact_of_every_act_about_apps_has_words(client, company, bank, monkeypatch):
    await test_a_version_is_described_measured_submitted_and_listed(client, company, bank, monkeypatch)
    async with open_scope(bank_scope(bank.id)):
        found = await Audit.filter(bank_id=bank.id, subject_kind="vendor")
    facts = {name for one in found for name in {**(one.before or {}), **(one.after or {})}}
    assert [name for name in facts if not has_label("vendor", name)] == []
    assert [one.act for one in found if one.act not in acts()] == []


async def test_a_colleague_comes_in_by_invitation_with_the_same_companys_login_alone(
    client, company, bank, monkeypatch
):
    vendor = await admitted(client, company, bank)
    sent = []

    async def send_now(channel, recipient, subject, body):
        sent.append((recipient, str(body)))

    monkeypatch.setattr("tenants.notices.send_now", send_now)
    root = f"/vendor/{vendor.slug}"
    invited = {"name": "Dev Lee", "email": "dev@ink.example", "role": "developer"}
    assert (await client.post(f"{root}/people", data=invited)).status_code == 303
    ((recipient, body),) = sent
    path = body.split("http://cloud.test")[1].split()[0]
    assert recipient == "dev@ink.example"
    other = await make.person("Eve")
    await make.sign_in(client, other.id, company=company[1] | {"uscc": "91350100M000100Y43"})
    inspect((await client.get(path)).text)
    assert (await client.post(f"{path}/acceptance")).status_code == 403
    colleague = await make.person("Dev Lee")
    await make.sign_in(client, colleague.id, company=company[1])
    inspect((await client.get(path)).text)
    assert (await client.post(f"{path}/acceptance")).headers["location"] == root
    assert (await client.get(path)).status_code == 404, "a link is good once"
    assert (await client.get(f"{root}/apps/new")).status_code == 200
    assert (await client.post(f"{root}/people", data=invited)).status_code == 403
    await make.sign_in(client, company[0].id, company=company[1])
    page = await client.get(f"{root}/people", headers={"Accept-Language": "zh-CN"})
    assert "姓名" in page.text, "a person's name is not called as a thing's is"
    page = await client.get(f"{root}/people")
    inspect(page.text)
    async with open_scope(vendor_scope(vendor.id)):
        one = await VendorMember.get(vendor_id=vendor.id, person_id=colleague.id)
        owner = await VendorMember.get(vendor_id=vendor.id, person_id=company[0].id)
    assert (await client.post(f"{root}/people/{owner.id}/ending")).status_code == 409, "the last owner stays"
    typed = {"website": "nowhere", "contact_email": "us@tools.example", "about": "We make tools."}
    refused = await client.post(f"{root}/contact", data=typed)
    assert refused.status_code == 422
    inspect(refused.text)
    assert "We make tools." in refused.text
    assert (await client.post(f"{root}/people/{one.id}/ending")).status_code == 303
    await make.sign_in(client, colleague.id, company=company[1])
    assert (await client.get(root)).status_code == 404
