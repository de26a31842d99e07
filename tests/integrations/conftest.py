"""A bank that signs people in, played by the sandbox over real HTTP, and a browser that goes there and back."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio

import tenants.runtime
from deploy.sandbox.server import Server
from integrations.sign_in import metadata
from integrations.sign_in.provider import save_provider
from tenants import sessions
from tests import make
from tests.asking import NOBODY

HERE = "http://cloud.test"
SECRET = "a client's secret: with / odd % signs"
SEAVIEW = {
    "enterprise_id": "ent-1001",
    "enterprise_name": "Seaview Property Management Co., Ltd.",
    "enterprise_uscc": "91350100M000100Y43",
    "enterprise_legal_representative": "Lin Guoqiang",
}
PEOPLE: list[dict[str, Any]] = [
    {"id": "p-ann", "kind": "personal", "name": "Ann Tan", "email": "ann@mail.example", "level": 2},
    {"id": "p-eve", "kind": "personal", "name": "Eve Ong", "email": "ann@mail.example", "level": 3},
    {
        "id": "op-chen",
        "kind": "company",
        "name": "Chen Jie",
        "email": "chen@seaview.example",
        "mandates": [{**SEAVIEW, "operator_role": "authoriser"}],
    },
    {
        "id": "op-two",
        "kind": "company",
        "name": "Lee Hua",
        "mandates": [
            {**SEAVIEW, "operator_role": "maker"},
            {
                **SEAVIEW,
                "enterprise_id": "ent-2002",
                "enterprise_name": "Hillside Homes Ltd",
                "enterprise_uscc": "91350100M000200Y2X",
                "operator_role": "maker",
            },
        ],
    },
    {"id": "s-wen", "kind": "staff", "name": "Wen Rui", "staff_id": "H0107"},
]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def control(sandbox: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{sandbox.url}/control", verify=NOBODY, trust_env=False) as client:
        client.post("/reset").raise_for_status()
        yield client


@dataclass
class World:
    """Our side and the bank's, and the steps between that a browser would take."""

    client: httpx2.AsyncClient
    bank: httpx2.AsyncClient
    control: httpx2.Client
    issuer: str
    tenant_bank: make.Bank

    async def leave(self, target: str = "/home", **form: str) -> str:
        """Press a button on our sign-in page; return the bank's address."""
        data = {"bank": self.tenant_bank.slug, "kind": "personal", "next": target} | form
        answer = await self.client.post("/sign-in/bank", data=data)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def at_bank(self, url: str, customer: str, **steps: str) -> str:
        """Sign in at the bank as a customer; return the address it sends the browser back to."""
        answer = await self.bank.get(url)
        if answer.headers["location"].startswith(HERE):
            return str(answer.headers["location"])
        page = f"{urlsplit(self.issuer).scheme}://{urlsplit(self.issuer).netloc}{answer.headers['location']}"
        answer = await self.bank.post(page, data={"customer": customer})
        for name, value in steps.items():
            if not answer.headers["location"].startswith(HERE):
                answer = await self.bank.post(page, data={name: value})
        assert answer.headers["location"].startswith(HERE), answer.headers["location"]
        return str(answer.headers["location"])

    async def back(self, url: str) -> httpx2.Response:
        """Follow the bank's redirect to us."""
        return await self.client.get(url.removeprefix(HERE))

    async def sign_in(self, customer: str, target: str = "/home", **steps: str) -> httpx2.Response:
        """The whole way."""
        return await self.back(await self.at_bank(await self.leave(target), customer, **steps))

    async def confirm(self, customer: str, target: str = "/home", level: str = "2", **steps: str) -> Any:
        """The whole way of a step-up."""
        answer = await self.client.post("/sign-in/confirm", data={"next": target, "level": level})
        assert answer.status_code == 303, answer.text
        return await self.back(await self.at_bank(answer.headers["location"], customer, **steps))

    @property
    def token(self) -> str:
        """The session's token in our browser."""
        return self.client.cookies.get(sessions.COOKIE) or ""

    def other_browser(self) -> None:
        """Go on as somebody who has never been here."""
        self.client.cookies.clear()
        self.bank.cookies.clear()


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    db: None, bank: make.Bank, client: httpx2.AsyncClient, sandbox: Server, control: httpx2.Client
) -> AsyncIterator[World]:
    before = tenants.runtime.runtime()
    hosts = before.private_hosts | {urlsplit(sandbox.url).netloc}
    smtp, sms = f"smtp://127.0.0.1:{sandbox.smtp_port}", f"{sandbox.url}/sms"
    tenants.runtime.use(
        replace(before, private_hosts=hosts, smtp_url=smtp, sms_url=sms, sms_key="sandbox-sms-key")
    )
    metadata.forget()
    issuer = f"{sandbox.url}/oidc/{bank.slug}"
    await save_provider(bank.id, issuer, "scenario-cloud", SECRET)
    register(control, bank)
    async with httpx2.AsyncClient(verify=NOBODY, trust_env=False) as browser:
        yield World(client, browser, control, issuer, bank)
    tenants.runtime.use(before)


def register(control: httpx2.Client, bank: make.Bank) -> None:
    """Tell the sandbox's bank about us and its customers."""
    client = {
        "client_id": "scenario-cloud",
        "client_secret": SECRET,
        "redirect_uris": [f"{HERE}/sign-in/callback"],
        "post_logout_redirect_uris": [f"{HERE}/"],
    }
    control.post("/clients", json={"bank": bank.slug, "clients": [client]}).raise_for_status()
    control.post("/customers", json={"bank": bank.slug, "customers": PEOPLE}).raise_for_status()
