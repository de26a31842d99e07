"""Keeping an app in step by SCIM: the demonstration's HR, and an app that is away, forgetful or has them already."""

import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from integrations.apps.catalogue import installing
from integrations.apps.catalogue.installing import Agreed
from integrations.apps.scim import push
from integrations.apps.scim.models import ScimLink
from integrations.apps.tenant_models import AppMessage, Installation
from integrations.apps.webhooks import messages
from integrations.provider import subjects
from tenants import texts
from tenants.actor import system_actor
from tenants.jobs import enqueue
from tenants.models import Membership
from tenants.outbound import Answer, OutboundError
from tenants.scope import open_scope, tenant_scope
from tenants.staff import services as staff
from tests import apps, make
from tests.integrations.apps.demo import Stage, wired
from tests.jobs import run_due
from ui.i18n import t

SCIM = "https://hr.example/scim/v2"


class Remote:
    """An app's SCIM endpoint that keeps what it is told, unless it is told to fail."""

    def __init__(self):
        self.kept, self.calls, self.tokens, self.answers = {}, [], [], []

    async def call(self, method, url, *, headers=None, content=None, **_):
        path, body = urlsplit(url).path.removeprefix("/scim/v2"), json.loads(content) if content else None
        self.calls.append((method, path, body))
        self.tokens.append((headers or {}).get("Authorization", ""))
        if self.answers:
            found = self.answers.pop(0)
            if isinstance(found, Exception):
                raise found
            return Answer(found, {}, b"{}")
        if method == "GET":
            wanted = [
                one
                for one in self.kept.values()
                if one["externalId"] in url or one.get("userName", "?") in url
            ]
            return Answer(200, {}, json.dumps({"Resources": wanted}).encode())
        if method == "PUT" and path not in self.kept:
            return Answer(404, {}, b"{}")
        if method == "POST" and any(one["externalId"] == body["externalId"] for one in self.kept.values()):
            return Answer(409, {}, b"{}")
        key = path if method == "PUT" else f"{path}/r{len(self.kept) + 1}"
        self.kept[key] = (body or {}) | {"id": key.rpartition("/")[2]}
        return Answer(201 if method == "POST" else 200, {}, json.dumps(self.kept[key]).encode())

    def of(self, kind):
        return {
            one.get("userName") or one["externalId"]: one for key, one in self.kept.items() if kind in key
        }


@pytest.fixture
def remote(monkeypatch):
    found = Remote()
    monkeypatch.setattr(push, "call", found.call)

    async def hook(*_, **__):
        return Answer(200, {}, b"{}")

    monkeypatch.setattr(messages, "call", hook)
    return found


@pytest.fixture
async def town(db, bank, client):
    """A tenant with a chief and a clerk, and an app listed that offers SCIM."""
    tenant = await make.tenant(bank)
    chief = await make.staff(tenant, "administrator", "Mei Lim")
    clerk = await make.staff(tenant, "cashier", "Bo Li")
    asked = {key: {"en": key, "zh_CN": key} for key in ("openid", "people")}
    app = await apps.listed(await apps.vendor(bank), scopes=asked, protocols=["scim"], scim_uri=SCIM)
    return tenant, chief, clerk, app


async def install(town, scopes=("openid", "people")):
    tenant, chief, _, app = town
    agreed = Agreed(frozenset(scopes), frozenset(), frozenset({"administrator"}))
    async with open_scope(tenant_scope(tenant.id)):
        return await installing.install(chief, app.id, agreed)


async def known_as(town, actor):
    return await subjects.subject(str(town[3].vendor_id), town[0].id, actor.person_id)


async def test_installing_tells_who_works_here_and_their_roles(town, remote):
    tenant, _, clerk, _ = town
    await install(town)
    await run_due(tenant.id)
    users, groups = remote.of("Users"), remote.of("Groups")
    mine = users["cashier@example.com"]
    assert (mine["displayName"], mine["active"]) == ("Bo Li", True)
    assert mine["externalId"] == await known_as(town, clerk)
    assert [one["value"] for one in groups["cashier"]["members"]] == [mine["id"]]
    assert groups["administrator"]["members"] == [{"value": users["administrator@example.com"]["id"]}]
    assert str(clerk.person_id) not in json.dumps(remote.kept)
    assert all(token.startswith("Bearer ey") for token in remote.tokens)
    told = len(remote.calls)
    async with open_scope(tenant_scope(tenant.id)):
        await enqueue("apps.scim", {})
    await run_due(tenant.id)
    assert len(remote.calls) == told, "nothing has changed, nothing is told"


async def test_coming_leaving_and_another_role_are_told_as_they_happen(town, remote):
    tenant, _, clerk, _ = town
    await install(town)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        held = await Membership.get(person_id=clerk.person_id)
        await staff.end_membership(system_actor(tenant.id), held.id)
    await run_due(tenant.id)
    subject = await known_as(town, clerk)
    (gone,) = [one for one in remote.kept.values() if one["externalId"] == subject]
    assert gone["active"] is False
    assert "Bo Li" not in json.dumps(gone), "of who has left only the number is told"
    assert remote.of("Groups")["cashier"].get("members", []) == []
    newcomer = await make.staff(tenant, "finance", "Cai Yi")
    async with open_scope(tenant_scope(tenant.id)):
        await enqueue("apps.scim", {})
    await run_due(tenant.id)
    here = remote.of("Users")["finance@example.com"]
    assert here["externalId"] == await known_as(town, newcomer)
    assert remote.of("Groups")["finance"]["members"] == [{"value": here["id"]}]


async def test_an_app_that_is_away_is_told_again_and_what_then_stands(town, remote):
    tenant, _, clerk, _ = town
    await install(town)
    await run_due(tenant.id)
    remote.answers = [OutboundError(t("away"))] * 4
    async with open_scope(tenant_scope(tenant.id)):
        held = await Membership.get(person_id=clerk.person_id)
        await staff.end_membership(system_actor(tenant.id), held.id)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        waiting = await AppMessage.filter(tenant_id=tenant.id, status="waiting", event__startswith="scim.")
    assert waiting, "it is tried again later"
    assert str(texts.loads(waiting[0].history[0]["note"])) == "away"
    remote.answers = []
    async with open_scope(tenant_scope(tenant.id)):
        for one in waiting:
            await enqueue("apps.send", {"message_id": str(one.id)})
    await run_due(tenant.id)
    subject = await known_as(town, clerk)
    assert [one["active"] for one in remote.kept.values() if one["externalId"] == subject] == [False]


async def test_what_the_app_has_already_is_found_and_what_it_lost_is_made_again(town, remote):
    tenant, _, clerk, _ = town
    subject = await known_as(town, clerk)
    remote.kept["/Users/old-1"] = {"id": "old-1", "externalId": subject, "userName": "old"}
    await install(town)
    await run_due(tenant.id)
    assert remote.kept["/Users/old-1"]["displayName"] == "Bo Li"
    async with open_scope(tenant_scope(tenant.id)):
        link = await ScimLink.get(tenant_id=tenant.id, kind="User", key=clerk.person_id)
        assert link.remote_id == "old-1"
        await ScimLink.filter(id=link.id).update(state="")
        del remote.kept["/Users/old-1"]
        await enqueue("apps.scim", {})
    await run_due(tenant.id)
    assert [one["displayName"] for one in remote.kept.values() if one["externalId"] == subject] == ["Bo Li"]


async def test_nothing_is_told_where_it_was_not_agreed_offered_or_is_paused(town, remote, bank):
    tenant, chief, _, app = town
    found = await install(town, ("openid",))
    await run_due(tenant.id)
    assert remote.calls == []
    async with open_scope(tenant_scope(tenant.id)):
        await installing.agree_anew(chief, found.id, Agreed(frozenset({"openid", "people"}), frozenset()))
        await Installation.filter(id=found.id).update(status="paused", paused_at=datetime.now(UTC))
    await run_due(tenant.id)
    assert remote.calls == []
    other = await make.tenant(bank)
    await make.staff(other, "administrator")
    assert app
    async with open_scope(tenant_scope(other.id)):
        await enqueue("apps.scim", {})
    await run_due(other.id)
    assert remote.calls == []


async def test_the_demonstrations_hr_keeps_what_it_is_told_and_takes_nothing_from_anybody_else(
    town, app, tmp_path, monkeypatch, bank
):
    tenant, chief, clerk, _ = town
    stage = Stage("people", app, tmp_path)
    for module in (messages, push):
        monkeypatch.setattr(module, "call", wired(stage))
    listed = await stage.listed(await apps.vendor(bank), protocols=["scim"], scim_uri=f"{stage.url}/scim/v2")
    agreed = Agreed(frozenset({"openid", "people"}), frozenset(), frozenset({"administrator"}))
    async with open_scope(tenant_scope(tenant.id)):
        await installing.install(chief, listed.id, agreed)
    await run_due(tenant.id)
    kept = stage.kit.db.execute("select id, name, email from staff order by name").fetchall()
    known = await subjects.subject(str(listed.vendor_id), tenant.id, clerk.person_id)
    assert tuple(kept[0]) == (known, "Bo Li", "cashier@example.com")
    async with stage.browser() as browser:
        for headers in ({}, {"Authorization": "Bearer forged"}):
            assert (await browser.get("/scim/v2/Users", headers=headers)).status_code == 401


async def test_the_vendor_has_it_sent_again_though_nothing_has_changed(town, remote):
    tenant, *_ = town
    await install(town)
    await run_due(tenant.id)
    told = len(remote.calls)
    async with open_scope(tenant_scope(tenant.id)):
        message = await AppMessage.filter(tenant_id=tenant.id, event="scim.user").first()
        assert await messages.send_again(tenant.id, message.id)
    await run_due(tenant.id)
    assert [call[0] for call in remote.calls[told:]] == ["PUT"]
    async with open_scope(tenant_scope(tenant.id)):
        again = await AppMessage.get(tenant_id=tenant.id, id=message.id)
    assert (again.status, again.body["resource"]["externalId"]) == (
        "delivered",
        message.body["resource"]["externalId"],
    )
