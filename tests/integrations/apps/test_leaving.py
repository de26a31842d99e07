"""An app that is let go: everything ends at once, and what it has is deleted after two days, or somebody hears.

The clock is moved through the whole of it; the app is the demonstration's own, told over HTTP.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from integrations.apps.catalogue import leaving
from integrations.apps.clients import granted
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.tenant_models import Installation
from integrations.apps.webhooks import messages
from integrations.provider import logout
from tenants import jobs
from tenants.models import Notice, Tenant
from tenants.outbound import OutboundError
from tenants.scope import bank_scope, open_scope, row, tenant_scope
from tests import apps, make
from tests.integrations.apps.demo import Stage, wired
from tests.integrations.apps.test_demo_apps import travel
from tests.page import inspect
from ui.i18n import t

SCOPES = ("openid", "profile", "roles", "tenant", "enterprise")


class Line:
    """The way to the app: it may be cut."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.is_cut, self.call_on = stage, False, wired(stage)
        self.asked: list[str] = []

    async def call(self, method, url, **given):
        self.asked.append(url)
        if self.is_cut:
            raise OutboundError(
                t("{host} does not answer ({cause}).", host="contract.example", cause="OSError")
            )
        return await self.call_on(method, url, **given)


@dataclass
class World:
    """An institution, the app it uses, the way to it, and the time."""

    client: Any
    tenant: Tenant
    vendor: Vendor
    app: App
    installation: Installation
    stage: Stage
    line: Line
    clock: make.Clock

    @property
    def here(self) -> str:
        return f"/t/{self.tenant.slug}/apps"

    def kept(self) -> int:
        return int(self.stage.kit.db.execute("select count(*) from contract").fetchone()[0])

    async def use(self, browser) -> str:
        """Have an administrator sign in to the app and leave a contract there; return where."""
        chief = await make.staff(self.tenant, name="Mei Lim")
        await make.sign_in(self.client, chief.person_id)
        opened = await self.client.get(f"{self.here}/{self.installation.id}")
        await travel(self.client, browser, opened.headers["location"])
        made = await browser.post("/contracts", data={"kind": "service", "partner": "Clean & Co"})
        return str(made.headers["location"])

    async def let_go(self) -> None:
        answer = await self.client.post(f"{self.here}/{self.installation.id}/uninstalling")
        assert answer.status_code == 303, answer.text

    async def read(self, path: str) -> str:
        page = await self.client.get(path)
        inspect(page.text)
        return str(page.text)

    async def settings(self) -> str:
        return await self.read(f"{self.here}/{self.installation.id}/settings")

    async def pass_time(self, **time: int) -> None:
        """Let time go by: every job runs when it is due."""
        until = self.clock.moment + timedelta(**time)
        while due := await self._due(until):
            self.clock.moment = max(self.clock.moment, due["due_at"])
            await jobs.run(self.tenant.id, due["id"])
        self.clock.moment = until

    async def _due(self, until: datetime) -> Any:
        async with open_scope(tenant_scope(self.tenant.id)):
            return await row(
                "select id, due_at from tenants_outbox where tenant_id = $1 and done_at is null and failed_at is null"
                " and due_at <= $2 order by due_at, id limit 1",
                self.tenant.id,
                until,
            )


@pytest.fixture
def clock(monkeypatch):
    found = make.Clock(datetime.now(UTC))
    for module in (leaving, messages, jobs):
        monkeypatch.setattr(module, "datetime", found)
    return found


@pytest.fixture
def line(app, tmp_path, monkeypatch):
    found = Line(Stage("contract", app, tmp_path))
    monkeypatch.setattr(messages, "call", found.call)
    monkeypatch.setattr(logout, "call", found.call)
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def world(db, bank, client, line, clock):
    tenant, vendor = await make.tenant(bank), await apps.vendor(bank)
    made = await line.stage.listed(vendor)
    installation = await apps.install(tenant, made, scopes=SCOPES)
    return World(client, tenant, vendor, made, installation, line.stage, line, clock)


async def test_uninstalling_ends_everything_at_once_and_two_days_later_the_app_has_deleted_what_it_had(world):
    async with world.stage.browser() as browser:
        contract = await world.use(browser)
        assert (await browser.get(contract)).status_code == 200
        await world.let_go()
        assert await granted(world.app.client_id, world.tenant.id) is None, "at once, before anything is told"
        await world.pass_time(minutes=1)
        assert sorted(world.line.asked) == [f"{world.stage.url}/logout", f"{world.stage.url}/webhooks"]
        assert (await browser.get(contract)).status_code == 401, "its own session is over too"
    assert "Deletes what it has" in await world.read(world.here)
    await world.pass_time(hours=47, minutes=58)
    assert (len(world.line.asked), world.kept()) == (2, 1), "until then one may change one's mind"
    world.line.is_cut = True
    await world.pass_time(minutes=10)
    assert (len(world.line.asked), world.kept()) == (5, 1), (
        "asked, and again after five seconds and five minutes"
    )
    shown = await world.settings()
    assert "Asked 3 times. contract.example does not answer (OSError)." in shown
    world.line.is_cut = False
    await world.pass_time(hours=1)
    assert world.kept() == 0
    async with open_scope(tenant_scope(world.tenant.id)):
        found = await Installation.get(tenant_id=world.tenant.id, id=world.installation.id)
    assert found.deleted_at is not None
    assert found.uninstalled_at is not None
    assert timedelta(hours=48) < found.deleted_at - found.uninstalled_at < timedelta(hours=49)
    assert "Deletion confirmed" in await world.read(world.here)


async def test_an_app_that_never_confirms_is_asked_for_three_days_and_everybody_concerned_sees_it(
    world, bank
):
    """It is asked even when the bank has suspended it meanwhile."""
    world.clock.moment -= timedelta(days=8)
    chief = await make.staff(world.tenant)
    await make.sign_in(world.client, chief.person_id)
    await world.let_go()
    await world.pass_time(hours=1)
    async with open_scope(bank_scope(bank.id)):
        await AppVersion.filter(app_id=world.app.id).update(status="suspended")
    world.line.is_cut = True
    await world.pass_time(days=7)
    assert len(world.line.asked) == 1 + 1 + len(messages.PAUSES), "told once that it is let go, then asked"
    async with open_scope(tenant_scope(world.tenant.id)):
        letters = await Notice.filter(tenant_id=world.tenant.id, template="app_deletion_unconfirmed")
    assert {one.person_id for one in letters} == {chief.person_id, None}
    assert world.vendor.contact_email in {one.recipient for one in letters}
    assert "has not said that it did" in await world.settings()
    assert "Deletion not confirmed" in await world.read(world.here)
    reviewer = await make.bank_staff(bank, "operations")
    await make.sign_in(world.client, reviewer.person_id)
    assert world.tenant.name in await world.read(f"/bank/{bank.slug}/vendors/{world.vendor.id}")
