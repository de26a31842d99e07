"""Payers in front of a town whose money the sandbox's bank and Stripe take, over real HTTP."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
import stripe

import billing.runtime
from billing.runtime import ChannelSettings
from deploy.sandbox.server import Server
from tests.asking import NOBODY
from tests.billing import town as towns


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def control(sandbox: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{sandbox.url}/control", verify=NOBODY, trust_env=False) as client:
        client.post("/reset").raise_for_status()
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def town(db, bank, sandbox: Server, control: httpx.Client) -> AsyncIterator[towns.Town]:
    before = billing.runtime.channel_settings()
    billing.runtime.use(
        ChannelSettings(
            stripe_api_key="sk_test_pages",
            stripe_api_base=sandbox.stripe_base,
            stripe_webhook_secret="whsec_test",
            rail_url=f"{sandbox.url}/rail",
            timeout_seconds=3.0,
        )
    )
    api = stripe.StripeClient(
        "sk_test_pages", base_addresses={"api": sandbox.stripe_base}, max_network_retries=0
    )
    account = api.v1.accounts.create({"country": "SG", "business_profile": {"name": "Town"}})
    yield await towns.found(bank, stripe_account=account.id, **towns.at_sandbox(control))
    billing.runtime.use(before)


@pytest_asyncio.fixture(loop_scope="session")
async def ann(town: towns.Town, client):
    """Ann's browser, signed in."""
    from tests import make  # noqa: PLC0415

    await make.sign_in(client, town.ann.id)
    return client
