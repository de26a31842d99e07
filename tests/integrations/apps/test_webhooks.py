"""What apps are told: only what was agreed to, signed, tried again, given up at last, and sent again on demand."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from integrations.apps import resources
from integrations.apps.clients import granted
from integrations.apps.resources import Heard
from integrations.apps.tenant_models import AppMessage, Installation
from integrations.apps.webhooks import events, messages, signing
from tenants import jobs, outbound
from tenants.actor import system_actor
from tenants.models import Notice, Outbox
from tenants.outbound import Answer, OutboundError, RefusedError
from tenants.scope import open_scope, tenant_scope
from tests import apps, make
from tests.page import inspect
from ui.i18n import t


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(db, bank):
    return await make.tenant(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def vendor(db, bank):
    return await apps.vendor(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def listed(vendor):
    return await apps.listed(vendor)


@pytest.fixture
def heard(monkeypatch):
    """An event that anybody may tell of in these tests."""

    async def read(payload, sector):
        facts = {
            "payments": {"id": payload["payment_id"], "amount_minor": 100},
            "accounts": {"account": "Ann's flat"},
        }
        return Heard(payload["payment_id"], facts)

    monkeypatch.setitem(resources._readers, "payment.succeeded", read)


@pytest.fixture
def world(monkeypatch, heard):
    """Where messages go: a list of what arrived, and what is answered."""
    got: list[Any] = []
    answers: list[Any] = []

    async def call(method, url, *, headers, content, **_):
        got.append((url, headers, content))
        answer = answers.pop(0) if answers else Answer(200, {}, b"{}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(messages, "call", call)
    return got, answers


async def happens(tenant, payment_id="p1"):
    async with open_scope(tenant_scope(tenant.id)):
        await events.hear(system_actor(tenant.id), {"event": "payment.succeeded", "payment_id": payment_id})
        return await AppMessage.filter(tenant_id=tenant.id).order_by("created_at")


async def send(tenant, message):
    await messages.send(system_actor(tenant.id), {"message_id": str(message.id)})
    async with open_scope(tenant_scope(tenant.id)):
        return await AppMessage.get(tenant_id=tenant.id, id=message.id)


async def test_an_app_hears_what_it_was_agreed_to_hear_and_nothing_of_the_rest(
    tenant, listed, heard, bank, vendor
):
    await apps.install(tenant, listed)
    deaf = await apps.listed(vendor)
    await apps.install(tenant, deaf, scopes=("openid", "profile"))
    (message,) = await happens(tenant)
    assert message.body["data"] == {"id": "p1", "amount_minor": 100}, (
        "the account belongs to a scope not agreed to"
    )
    assert len(await happens(tenant)) == 1, "the same event is told once"


async def test_nothing_is_written_where_nobody_listens(tenant, listed, heard, monkeypatch):
    monkeypatch.setitem(jobs.SUBSCRIBERS, "payment.succeeded", ["apps.event"])
    async with open_scope(tenant_scope(tenant.id)):
        await jobs.publish("payment.succeeded", {"payment_id": "p1"})
        assert await Outbox.filter(tenant_id=tenant.id, job="apps.event").count() == 0
    await apps.install(tenant, listed)
    async with open_scope(tenant_scope(tenant.id)):
        await jobs.publish("payment.succeeded", {"payment_id": "p1"})
        assert await Outbox.filter(tenant_id=tenant.id, job="apps.event").count() == 1


async def test_a_message_is_signed_as_standard_webhooks_say(tenant, listed, heard, world):
    await apps.install(tenant, listed)
    (message,) = await happens(tenant)
    sent = await send(tenant, message)
    ((url, headers, body),) = world[0]
    assert url == "https://app.example/webhooks"
    key = base64.b64decode(apps.WEBHOOK_SECRET.removeprefix("whsec_"))
    signed = f"msg_{message.id}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == wanted
    assert signing.is_genuine(apps.WEBHOOK_SECRET, headers, body, int(headers["webhook-timestamp"]))
    assert not signing.is_genuine(
        apps.WEBHOOK_SECRET, headers, body + b" ", int(headers["webhook-timestamp"])
    )
    assert not signing.is_genuine(apps.WEBHOOK_SECRET, headers, body, int(headers["webhook-timestamp"]) + 301)
    assert json.loads(body)["type"] == "payment.succeeded"
    assert (sent.status, sent.tries) == ("delivered", 1)


async def test_what_fails_is_tried_again_for_three_days_then_telling_stops_and_people_hear_of_it(
    tenant, listed, heard, world
):
    installation = await apps.install(tenant, listed)
    chief = await make.staff(tenant)
    (message,) = await happens(tenant)
    world[1].extend([Answer(500, {}, b""), *([OutboundError(t("app.example does not answer"))] * 9)])
    first = await send(tenant, message)
    assert (first.status, first.tries, first.history[0]["status"]) == ("waiting", 1, 500)
    for _ in range(len(messages.PAUSES)):
        last = await send(tenant, message)
    assert (last.status, last.tries) == ("failed", 10)
    assert timedelta(days=3) < timedelta(seconds=sum(messages.PAUSES)) < timedelta(days=4)
    async with open_scope(tenant_scope(tenant.id)):
        assert (await Installation.get(tenant_id=tenant.id, id=installation.id)).hook_stopped_at
        told = await Notice.filter(tenant_id=tenant.id, template="app_webhooks_stopped").values_list(
            "recipient", flat=True
        )
    assert set(map(str, told)) == {"administrator@example.com", "hello@vendor.example"}
    assert chief.person_id
    await happens(tenant, "p2")
    async with open_scope(tenant_scope(tenant.id)):
        waiting = await AppMessage.get(tenant_id=tenant.id, cause="p2")
    assert (await send(tenant, waiting)).tries == 0, (
        "nothing is sent while it is stopped, and nothing is lost"
    )


async def test_it_goes_on_when_resumed(client, tenant, listed, heard, world):
    installation = await apps.install(tenant, listed, hook_stopped_at=datetime.now(UTC))
    await happens(tenant, "p2")
    chief = await make.staff(tenant)
    await make.sign_in(client, chief.person_id)
    here = f"/t/{tenant.slug}/apps/{installation.id}"
    page = await client.get(f"{here}/settings")
    inspect(page.text)
    assert "no longer takes" in page.text
    assert (await client.post(f"{here}/webhook-resumption")).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        (message,) = await AppMessage.filter(tenant_id=tenant.id)
    assert (await send(tenant, message)).status == "delivered"


async def test_what_is_no_longer_agreed_to_is_not_sent_even_when_it_waits_or_is_sent_again(
    client, tenant, vendor, world
):
    listed = await apps.listed(vendor)
    installation = await apps.install(tenant, listed)
    (message,) = await happens(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        await Installation.filter(tenant_id=tenant.id, id=installation.id).update(scopes=["openid"])
    assert (await send(tenant, message)).status == "dropped"
    await make.sign_in(client, vendor.created_by)
    here = f"/vendor/{vendor.slug}/apps/{listed.id}/webhooks"
    page = await client.get(here)
    inspect(page.text)
    inspect((await client.get(f"{here}/{message.id}")).text)
    assert (await client.post(f"{here}/{message.id}/replay")).status_code == 303
    assert (await send(tenant, message)).status == "dropped"
    assert world[0] == []


async def test_a_vendor_replays_its_own_messages_alone(client, tenant, vendor, bank, world):
    listed = await apps.listed(vendor)
    await apps.install(tenant, listed)
    (message,) = await happens(tenant)
    await send(tenant, message)
    other = await apps.vendor(bank)
    theirs = await apps.listed(other)
    await make.sign_in(client, other.created_by)
    path = f"/vendor/{other.slug}/apps/{theirs.id}/webhooks/{message.id}"
    assert (await client.get(path)).status_code == 404
    assert (await client.post(f"{path}/replay")).status_code == 404
    await make.sign_in(client, vendor.created_by)
    await client.post(f"/vendor/{vendor.slug}/apps/{listed.id}/webhooks/{message.id}/replay")
    assert (await send(tenant, message)).status == "delivered"
    assert len(world[0]) == 2


async def test_deletion_counts_only_when_the_app_confirms_it(tenant, listed, world):
    installation = await apps.install(tenant, listed)
    async with open_scope(tenant_scope(tenant.id)):
        await messages.tell(installation, messages.DELETION, {}, cause="x")
        (message,) = await AppMessage.filter(tenant_id=tenant.id)
    world[1].extend([Answer(200, {}, b"ok"), Answer(200, {}, b'{"deleted": true}')])
    assert (await send(tenant, message)).status == "waiting"
    assert (await send(tenant, message)).status == "delivered"
    async with open_scope(tenant_scope(tenant.id)):
        assert (await Installation.get(tenant_id=tenant.id, id=installation.id)).deleted_at


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/webhooks",
        "https://127.0.0.1/webhooks",
        "https://[::ffff:10.0.0.1]/webhooks",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/webhooks",
    ],
)
async def test_no_webhook_leads_into_a_private_network(tenant, vendor, heard, url):
    listed = await apps.listed(vendor, webhook_uri=url)
    await apps.install(tenant, listed)
    (message,) = await happens(tenant)
    tried = await send(tenant, message)
    assert tried.status == "waiting"
    assert tried.history[0]["status"] == 0
    with pytest.raises(RefusedError):
        await outbound.call("POST", url)


async def test_what_is_granted_is_not_touched_by_webhooks_that_stopped(tenant, listed):
    await apps.install(tenant, listed, hook_stopped_at=datetime.now(UTC))
    assert await granted(listed.client_id, tenant.id) is not None
