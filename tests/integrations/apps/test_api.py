"""The open API: by a token of an installation or of a person, what was agreed to and nothing else, page by page."""

import base64
import json
import time

import pytest
import pytest_asyncio

from integrations.apps.api import documents, entry
from integrations.apps.models import App
from integrations.apps.scopes import SCOPES
from integrations.apps.tenant_models import AppDocument, Installation
from tenants import throttle
from tenants.scope import bank_scope, open_scope, tenant_scope
from tests import apps, make
from tests.billing import town as towns
from tests.integrations.provider import conftest as provider

EVERYTHING = tuple(SCOPES)
ASKED = {"scopes": {key: {"en": key, "zh_CN": key} for key in SCOPES}}


@pytest_asyncio.fixture(loop_scope="session")
async def town(db, bank):
    throttle.forget()
    return await towns.found(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def listed(db, bank):
    return await apps.listed(await apps.vendor(bank), **ASKED)


def basic(listed, secret=apps.SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{listed.client_id}:{secret}".encode()).decode()}


async def asked(client, listed, installation, secret=apps.SECRET):
    given = {"installation": str(installation.id)}
    return await client.post("/api/v1/installation-tokens", data=given, headers=basic(listed, secret))


async def bearer(client, listed, installation) -> dict[str, str]:
    answer = await asked(client, listed, installation)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}


async def test_an_installation_is_read_with_everything_that_was_agreed_to(client, town, listed):
    installation = await apps.install(town.tenant, listed, scopes=EVERYTHING)
    await make.staff(town.tenant, name="Mei Lim")
    headers = await bearer(client, listed, installation)
    told = (await client.get("/api/v1/tenant", headers=headers)).json()
    assert told["enterprise_uscc"] == town.tenant.uscc
    assert told["installation"] == str(installation.id)
    there = (await client.get("/api/v1/people", headers=headers)).json()["data"]
    assert ("Mei Lim", ["administrator"]) in [(person["name"], person["roles"]) for person in there]
    bills = (await client.get("/api/v1/bills", headers=headers)).json()["data"]
    assert {bill["number"] for bill in bills} == {town.bill.number, town.others_bill.number}
    one = (await client.get(f"/api/v1/bills/{town.bill.id}", headers=headers)).json()
    assert one["total_minor"] == town.bill.total_minor == sum(line["amount_minor"] for line in one["lines"])
    assert one["account"]["number"] == "01-101"
    found = (await client.get(f"/api/v1/bills?number={town.bill.number}", headers=headers)).json()["data"]
    assert [bill["id"] for bill in found] == [str(town.bill.id)]
    assert (await client.get("/api/v1/payments", headers=headers)).json() == {"data": [], "next_cursor": None}


async def test_what_was_not_agreed_to_is_left_out_or_refused(client, town, listed):
    installation = await apps.install(
        town.tenant, listed, scopes=("openid", "tenant", "bills", "offline_access"), claims=["tenant_name"]
    )
    headers = await bearer(client, listed, installation)
    assert set((await client.get("/api/v1/tenant", headers=headers)).json()) == {
        "installation",
        "tenant_name",
    }
    one = (await client.get(f"/api/v1/bills/{town.bill.id}", headers=headers)).json()
    assert "account" not in one
    for path in ("people", "accounts", "payments"):
        answer = await client.get(f"/api/v1/{path}", headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert path in answer.headers["www-authenticate"]


async def test_lists_are_read_on_with_a_cursor_that_nobody_can_make_up(client, town, listed):
    installation = await apps.install(town.tenant, listed, scopes=EVERYTHING)
    headers = await bearer(client, listed, installation)
    first = (await client.get("/api/v1/accounts?limit=1", headers=headers)).json()
    second = await client.get(f"/api/v1/accounts?limit=1&cursor={first['next_cursor']}", headers=headers)
    numbers = [page["data"][0]["number"] for page in (first, second.json())]
    assert sorted(numbers) == ["01-101", "01-102"]
    assert second.json()["next_cursor"] is None
    for wrong in ("cursor=abc", "limit=0", "limit=201", "limit=x"):
        assert (await client.get(f"/api/v1/accounts?{wrong}", headers=headers)).status_code == 422


async def test_another_tenants_rows_are_not_there(client, town, listed, bank):
    other = await make.tenant(bank)
    installation = await apps.install(other, listed, scopes=EVERYTHING)
    headers = await bearer(client, listed, installation)
    assert (await client.get("/api/v1/bills", headers=headers)).json()["data"] == []
    assert (await client.get(f"/api/v1/bills/{town.bill.id}", headers=headers)).status_code == 404
    upload = await client.post(f"/api/v1/bills/{town.bill.id}/documents", headers=headers)
    assert upload.status_code == 404


async def test_only_the_app_itself_gets_a_token_and_only_where_that_was_agreed_to(client, town, listed, bank):
    installation = await apps.install(town.tenant, listed, scopes=("openid", "bills"))
    assert (await asked(client, listed, installation)).status_code == 403, "not while nobody has it open"
    assert (await asked(client, listed, installation, "wrong")).status_code == 401
    thief = await apps.listed(await apps.vendor(bank), **ASKED)
    assert (await asked(client, thief, installation)).status_code == 403
    assert (await client.get("/api/v1/bills")).status_code == 401


@pytest.mark.parametrize("how", ["paused", "suspended", "scope", "time", "forged"])
async def test_what_ended_has_ended_for_the_api_at_the_next_call(client, town, bank, monkeypatch, how):
    listed = await apps.listed(await apps.vendor(bank), **ASKED)
    installation = await apps.install(town.tenant, listed, scopes=EVERYTHING)
    headers = await bearer(client, listed, installation)
    assert (await client.get("/api/v1/bills", headers=headers)).status_code == 200
    if how == "suspended":
        async with open_scope(bank_scope(bank.id)):
            await App.filter(id=listed.id).update(status="suspended")
    elif how == "time":
        later = time.time() + entry.SECONDS + 1
        monkeypatch.setattr(time, "time", lambda: later)
    elif how == "forged":
        facts = {"i": str(installation.id), "t": str(town.tenant.id), "c": listed.client_id, "e": 9999999999}
        body = base64.urlsafe_b64encode(json.dumps(facts).encode()).rstrip(b"=").decode()
        headers = {"Authorization": f"Bearer inst_{body}.{headers['Authorization'].rsplit('.', 1)[1]}"}
    else:
        change = {"paused": {"status": "paused"}, "scope": {"scopes": ["openid", "bills"]}}[how]
        async with open_scope(tenant_scope(town.tenant.id)):
            await Installation.filter(tenant_id=town.tenant.id, id=installation.id).update(**change)
    assert (await client.get("/api/v1/bills", headers=headers)).status_code == 401


async def test_too_many_calls_are_told_to_wait(client, town, listed, monkeypatch):
    installation = await apps.install(town.tenant, listed, scopes=EVERYTHING)
    headers = await bearer(client, listed, installation)
    monkeypatch.setattr(entry, "CALLS", "2/minute")
    answers = [await client.get("/api/v1/tenant", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) > 0


async def test_a_paper_is_kept_once_and_is_a_pdf(client, town, listed):
    installation = await apps.install(town.tenant, listed, scopes=EVERYTHING)
    headers = await bearer(client, listed, installation)
    url = f"/api/v1/bills/{town.bill.id}/documents"
    named = {"kind": "invoice", "number": "E1", "title": "Invoice E1"}
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    sent = {"files": {"file": ("e1.pdf", pdf, "application/pdf")}, "data": named, "headers": headers}
    first, again = await client.post(url, **sent), await client.post(url, **sent)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json()
    wrong = sent | {
        "files": {"file": ("e2.pdf", b"<html>", "application/pdf")},
        "data": named | {"number": "E2"},
    }
    assert (await client.post(url, **wrong)).status_code == 422
    assert (await client.post(url, data=named, headers=headers)).status_code == 422


async def test_a_paper_that_comes_twice_at_once_is_kept_once(client, town, listed, monkeypatch):
    installation = await apps.install(town.tenant, listed, scopes=EVERYTHING)
    headers = await bearer(client, listed, installation)
    store = documents._stored

    async def while_the_other_is_noted(tenant_id, content, filename):
        found = await store(tenant_id, content, filename)
        await AppDocument.create(
            tenant_id=tenant_id, installation_id=installation.id, vendor_id=listed.vendor_id, subject_kind="bill",
            subject_id=town.bill.id, kind="invoice", number="E1", title="Invoice E1", filename="e1.pdf",
            content_type="application/pdf", size=1, sha256="", storage_key="other",
        )  # fmt: skip
        return found

    monkeypatch.setattr(documents, "_stored", while_the_other_is_noted)
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    answer = await client.post(
        f"/api/v1/bills/{town.bill.id}/documents",
        files={"file": ("e1.pdf", pdf, "application/pdf")},
        data={"kind": "invoice", "number": "E1", "title": "Invoice E1"},
        headers=headers,
    )
    assert answer.status_code == 200, answer.text
    async with open_scope(tenant_scope(town.tenant.id)):
        (kept,) = await AppDocument.filter(tenant_id=town.tenant.id)
    assert (kept.storage_key, answer.json()["id"]) == ("other", str(kept.id))


async def test_the_document_describes_every_resource_with_the_scope_of_each_fact(client, db):
    document = (await client.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {
        "/api/v1/tenant",
        "/api/v1/bills",
        "/api/v1/bills/{id}",
        "/api/v1/payments",
        "/api/v1/people",
    } <= set(document["paths"])
    bill = document["components"]["schemas"]["bills"]["properties"]
    assert (bill["total_minor"]["x-scope"], bill["account"]["x-scope"]) == ("bills", "accounts")


async def test_whatever_is_asked_for_errors_of_the_api_are_json(client):
    for method, path, status in (
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/people", 405),
        ("GET", "/api/v1/people", 401),
        ("POST", "/api/v1/installation-tokens", 401),
    ):
        answer = await client.request(method, path, headers={"Accept": "text/html"})
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json", path
        assert answer.json()["status"] == status


async def test_an_app_with_a_key_fetches_its_token_with_it(client, town, bank):
    made = await provider.listed(bank, profile="strict", auth_method="private_key_jwt")
    installation = await provider.install(made, town.tenant)
    given = {"installation": str(installation.id)}
    answer = await client.post("/api/v1/installation-tokens", data=given | made.assertion())
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get("/api/v1/tenant", headers=headers)).status_code == 200
    used = made.assertion()
    assert (await client.post("/api/v1/installation-tokens", data=given | used)).status_code == 200
    pair = base64.b64encode(f"{made.client_id}:{made.secret}".encode()).decode()
    for wrong, by in (
        (used, {}),
        (made.assertion(aud="https://other.example"), {}),
        (made.assertion(sub="somebody"), {}),
        ({}, {"Authorization": f"Basic {pair}"}),
    ):
        refused = await client.post("/api/v1/installation-tokens", data=given | wrong, headers=by)
        assert refused.status_code == 401, refused.text
