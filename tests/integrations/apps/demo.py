"""The demonstration's apps beside the product in one process: HTTP between them, but no network."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx2

from deploy.sandbox.apps import contract, invoice, people, practice, visits
from integrations.apps.models import App, Vendor
from tenants.outbound import Answer
from tests import apps

MADE = {
    "contract": contract.create,
    "invoice": invoice.create,
    "people": people.create,
    "practice": practice.create,
    "visits": visits.create,
}


class Stage:
    """One app of the demonstration, listed for a vendor, reached by the product and reaching it."""

    def __init__(self, name: str, product: Any, folder: Any) -> None:
        self.name, self.url = name, f"https://{name}.example"
        self.app = MADE[name](self.url, folder)
        self.kit = self.app.state.kit
        self.kit.http = client_of(product, "http://cloud.test")
        self.folder = folder

    def browser(self) -> httpx2.AsyncClient:
        """Somebody's browser at the app."""
        return client_of(self.app, self.url)

    async def listed(self, vendor: Vendor, **given: Any) -> App:
        """List the app for a vendor and give it its keys."""
        scopes = {key: {"en": f"For {key}", "zh_CN": f"为了 {key}"} for key in self.kit.scope.split()}
        facts = {
            "scopes": scopes,
            "launch_uri": f"{self.url}/launch",
            "redirect_uris": [f"{self.url}/callback"],
            "webhook_uri": f"{self.url}/webhooks",
            "health_uri": f"{self.url}/health",
            "backchannel_logout_uri": f"{self.url}/logout",
            "frontchannel_logout_uri": f"{self.url}/signed-out",
            "frame_origins": [] if self.name == "contract" else [self.url],
        }
        made = await apps.listed(vendor, **facts | given)
        keys = {
            "issuer": "http://cloud.test",
            "client_id": made.client_id,
            "test_client_id": made.test_client_id,
            "client_secret": apps.SECRET,
            "webhook_secret": apps.WEBHOOK_SECRET,
        }
        self.kit.file.write_text(json.dumps(keys))
        return made


def client_of(app: Any, url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=url)


def wired(*stages: Stage) -> Any:
    """What stands in for outgoing calls: each goes to the app of its host, the same bytes."""
    by_host = {urlsplit(stage.url).netloc: stage for stage in stages}

    async def call(
        method: str, url: str, *, headers: Any = None, form: Any = None, content: Any = None, **_: Any
    ) -> Answer:
        stage = by_host[urlsplit(url).netloc]
        async with stage.browser() as browser:
            answer = await browser.request(method, url, headers=headers, data=form, content=content)
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    return call
