"""The page “Build an app in an hour” keeps its word: its own text is run as an app, measured, opened and told."""

import re
from pathlib import Path

import pytest_asyncio

from integrations.apps.models import AppVersion
from integrations.apps.vendors import findings
from integrations.apps.webhooks import messages
from tenants import throttle
from tenants.scope import open_scope, vendor_scope
from tests import apps, make
from tests.billing import town as towns
from tests.billing.desk.test_desk import take
from tests.integrations.apps.demo import client_of, wired
from tests.jobs import run_due

PAGE = Path(__file__).parents[3] / "integrations" / "apps" / "BUILD.md"
SCOPES = ("openid", "profile", "tenant", "payments", "offline_access")


class Built:
    """The app that the page's code blocks make, run with keys as a vendor would."""

    name, url = "hello", "https://hello.example"

    def __init__(self, product, monkeypatch, client_id) -> None:
        keys = {"ISSUER": "http://cloud.test", "CLIENT_ID": client_id}
        for key, value in {
            **keys,
            "CLIENT_SECRET": apps.SECRET,
            "WEBHOOK_SECRET": apps.WEBHOOK_SECRET,
        }.items():
            monkeypatch.setenv(key, value)
        blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        self.code: dict = {}
        exec("\n".join(blocks), self.code)  # noqa: S102 - the page's own words
        self.code["http"] = client_of(product, "http://cloud.test")
        self.app = self.code["app"]

    def browser(self):
        return client_of(self.app, self.url)


@pytest_asyncio.fixture(loop_scope="session")
async def town(db, bank):
    throttle.forget()
    return await towns.found(bank)


async def test_the_page_builds_an_app_that_is_measured_opened_and_told(client, app, bank, town, monkeypatch):
    vendor = await apps.vendor(bank)
    url = Built.url
    made = await apps.listed(
        vendor,
        scopes={key: {"en": key, "zh_CN": key} for key in SCOPES},
        launch_uri=f"{url}/launch",
        redirect_uris=[f"{url}/callback"],
        frame_origins=[url],
        webhook_uri=f"{url}/webhooks",
        health_uri=f"{url}/health",
        backchannel_logout_uri=f"{url}/logout",
    )
    built = Built(app, monkeypatch, made.client_id)
    for module in (findings, messages):
        monkeypatch.setattr(module, "call", wired(built))
    async with open_scope(vendor_scope(vendor.id)):
        found = await findings.measure(made, await AppVersion.get(id=made.listed_version_id))
    assert [(one.check, one.note) for one in found if one.is_needed and not one.is_met] == []
    built.code["heard"].clear()
    installation = await apps.install(town.tenant, made, scopes=SCOPES)
    cashier, chief = await make.staff(town.tenant, "cashier"), await make.staff(town.tenant, name="Mei Lim")
    await make.sign_in(client, cashier.person_id)
    await take(client, town)
    await run_due(town.tenant.id)
    assert [message["type"] for message in built.code["heard"]] == ["payment.succeeded"]
    await make.sign_in(client, chief.person_id)
    token = (await client.post(f"/t/{town.tenant.slug}/apps/{installation.id}/session-tokens")).json()[
        "token"
    ]
    async with built.browser() as browser:
        page = await browser.get("/hello", headers={"Authorization": f"Bearer {token}"})
        assert "Hello, Mei Lim" in page.text
        assert f"{town.bill.total_minor / 100:.2f} SGD" in page.text
        assert (await browser.get("/hello", headers={"Authorization": "Bearer e30.e30.x"})).status_code == 401
