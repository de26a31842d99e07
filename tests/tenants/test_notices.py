"""Notices: written with what they belong to, sent after it, tried again, ended by a refusal for good."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2
import pytest

import tenants.runtime
from deploy.sandbox.server import Server
from tenants import messages, models
from tenants.actor import system_actor
from tenants.notices import deliver, notify
from tenants.scope import open_scope, person_scope, rows, tenant_scope
from tests import make
from tests.asking import NOBODY
from tests.jobs import run_due
from ui.i18n import t


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def outside(committed, sandbox) -> Iterator[httpx2.Client]:
    """The sandbox's mail server and text message gateway, with its control API."""
    before = tenants.runtime.runtime()
    tenants.runtime.use(
        replace(
            before,
            smtp_url=f"smtp://127.0.0.1:{sandbox.smtp_port}",
            sms_url=f"{sandbox.url}/sms",
            sms_key="sandbox-sms-key",
            private_hosts=frozenset({urlsplit(sandbox.url).netloc}),
        )
    )
    with httpx2.Client(base_url=f"{sandbox.url}/control", verify=NOBODY, trust_env=False) as control:
        control.post("/reset").raise_for_status()
        yield control
    tenants.runtime.use(before)


def switch(**changed: str) -> None:
    tenants.runtime.use(replace(tenants.runtime.runtime(), **changed))


async def write(tenant: models.Tenant, channel: str, recipient: str, **given) -> models.Notice:
    async with open_scope(tenant_scope(tenant.id)):
        return await notify(
            system_actor(tenant.id),
            template="test",
            channel=channel,
            recipient=recipient,
            subject=t("Institution"),
            body=t("Welcome. You now work for {tenant}.", tenant=tenant.short_name),
            **given,
        )


async def as_it_is(notice: models.Notice) -> models.Notice:
    async with open_scope(tenant_scope(notice.tenant_id)):
        return await models.Notice.get(tenant_id=notice.tenant_id, id=notice.id)


async def errors_of(tenant: models.Tenant) -> list[str]:
    async with open_scope(tenant_scope(tenant.id)):
        return [row["error"] for row in await rows("select error from tenants_outbox where done_at is null")]


async def test_a_mail_arrives_with_what_was_meant(db, bank, outside):
    tenant = await make.tenant(bank)
    notice = await write(tenant, "email", "ann@mail.example")
    assert notice.status == "waiting"
    assert outside.get("/mail").json()["messages"] == []
    await run_due(tenant.id)
    [mail] = outside.get("/mail").json()["messages"]
    assert (mail["to"], mail["subject"]) == (["ann@mail.example"], "Institution")
    assert mail["text"].strip() == f"Welcome. You now work for {tenant.short_name}."
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    sent = await as_it_is(notice)
    assert sent.status == "sent"
    assert sent.sent_at is not None


async def test_words_are_in_the_reader_s_or_the_institution_s_language(db, bank, outside):
    tenant = await make.tenant(bank, locale="zh_CN")
    assert (await write(tenant, "in_app", "")).subject == "机构"
    assert (await write(tenant, "in_app", "", locale="en")).subject == "Institution"
    reader = await make.person("Ann")
    assert (await write(tenant, "in_app", "Ann", person_id=reader.id)).subject == "机构", (
        "nobody knows what she reads"
    )
    async with open_scope(person_scope(reader.id)):
        await models.Person.filter(id=reader.id).update(locale="en")
    assert (await write(tenant, "in_app", "Ann", person_id=reader.id)).subject == "Institution"
    await write(tenant, "email", "li@mail.example")
    await run_due(tenant.id)
    assert outside.get("/mail").json()["messages"][0]["subject"] == "机构"


async def test_the_language_is_the_one_last_read_in_not_the_one_of_the_sign_in(client, db, bank):
    tenant, reader = await make.tenant(bank), await make.person("Ann")
    await make.sign_in(client, reader.id)
    for language, subject in (("zh-CN", "机构"), ("en", "Institution"), ("zh-CN", "机构")):
        assert (await client.get("/my", headers={"Accept-Language": language})).status_code == 200
        assert (await write(tenant, "in_app", "Ann", person_id=reader.id)).subject == subject


async def test_a_text_message_goes_over_http(db, bank, outside):
    tenant = await make.tenant(bank)
    notice = await write(tenant, "sms", "+6591234567")
    await run_due(tenant.id)
    [text] = outside.get("/sms").json()["messages"]
    assert (text["to"], text["text"]) == (["+6591234567"], notice.body)
    assert (await as_it_is(notice)).status == "sent"


async def test_a_notice_in_the_product_is_shown_at_once_and_sends_nothing(db, bank, outside):
    tenant = await make.tenant(bank)
    assert (await write(tenant, "in_app", "")).status == "shown"
    assert await run_due(tenant.id) == 0


async def test_a_gateway_that_is_down_is_asked_again(db, bank, outside):
    tenant = await make.tenant(bank)
    fault = {"surface": "sms", "kind": "error_before", "times": 1}
    outside.post("/faults", json=fault).raise_for_status()
    notice = await write(tenant, "sms", "+6591234567")
    await run_due(tenant.id)
    failed = await as_it_is(notice)
    assert (failed.status, failed.error) == ("failed", "the text message gateway answers 500")
    assert len(await errors_of(tenant)) == 1
    async with open_scope(tenant_scope(tenant.id)):
        await models.Outbox.filter(tenant_id=tenant.id).update(tries=0, due_at=notice.created_at)
    await run_due(tenant.id)
    sent = await as_it_is(notice)
    assert (sent.status, sent.error) == ("sent", "")


async def test_a_refusal_for_good_is_not_tried_again(db, bank, outside):
    tenant = await make.tenant(bank)
    switch(sms_key="wrong")
    notice = await write(tenant, "sms", "+6591234567")
    await run_due(tenant.id)
    assert (await as_it_is(notice)).status == "failed"
    assert await errors_of(tenant) == []


async def test_a_channel_that_is_off_and_a_mail_server_that_is_away(db, bank, outside):
    tenant = await make.tenant(bank)
    switch(sms_url="", smtp_url="smtp://127.0.0.1:1")
    text, mail = await write(tenant, "sms", "+6591234567"), await write(tenant, "email", "ann@mail.example")
    await run_due(tenant.id)
    assert (await as_it_is(text)).error == "sending by sms is switched off"
    assert "out of reach" in (await as_it_is(mail)).error
    assert len(await errors_of(tenant)) == 1


async def test_a_notice_is_sent_once_however_often_its_job_runs(db, bank, outside):
    tenant = await make.tenant(bank)
    notice = await write(tenant, "email", "ann@mail.example")
    for _ in range(3):
        await deliver(system_actor(tenant.id), {"notice_id": str(notice.id)})
    assert len(outside.get("/mail").json()["messages"]) == 1


@pytest.mark.parametrize("recipient", ["a@x.example\nBcc: all@x.example", "a@x.example\r\n\r\nbody"])
async def test_an_address_cannot_smuggle_headers(db, bank, outside, recipient):
    with pytest.raises(messages.NotSent) as refused:
        await messages.send("email", recipient, "Hello", "Hello")
    assert refused.value.is_final
    assert outside.get("/mail").json()["messages"] == []


async def test_a_heading_of_several_lines_becomes_one(db, bank, outside):
    await messages.send("email", "a@x.example", "Hello\r\nBcc: all@x.example", "Hi\n你好")
    [mail] = outside.get("/mail").json()["messages"]
    assert (mail["to"], mail["subject"]) == (["a@x.example"], "Hello Bcc: all@x.example")
    assert mail["text"].splitlines() == ["Hi", "你好"]


async def test_a_password_is_never_sent_in_the_open(db, bank, outside, sandbox):
    switch(smtp_url=f"smtp://user:secret@127.0.0.1:{sandbox.smtp_port}")
    with pytest.raises(messages.NotSent):
        await messages.send("email", "a@x.example", "Hello", "Hello")
