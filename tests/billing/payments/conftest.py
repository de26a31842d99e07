"""The outside world in a child process, and an institution that is connected to it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

import billing.payments.jobs
import billing.runtime
from billing.runtime import ChannelSettings
from deploy.sandbox.server import Server
from tests import make
from tests.billing.payments import world
from tests.billing.payments.world import Outside, Place


@pytest.fixture(scope="session")
def sandbox(one_outside: Server) -> Server:
    """Every folder that takes this fixture has its own of it, which would start a sandbox for each."""
    return one_outside


@pytest.fixture
def outside(committed: None, sandbox: Server) -> Iterator[Outside]:
    """The sandbox with no fault on, and the product pointed at it for the length of a test."""
    before = billing.runtime.channel_settings()
    billing.runtime.use(
        ChannelSettings(
            stripe_api_key="sk_test_123",
            stripe_api_base=sandbox.stripe_base,
            stripe_webhook_secret=world.WEBHOOK_SECRET,
            rail_url=f"{sandbox.url}/rail",
            rail_merchants_url=f"{sandbox.url}/control/merchants",
            timeout_seconds=2.0,
        )
    )
    control = Outside(sandbox.url)
    yield control
    control.clear()
    control.post("clock", offset_seconds=0)
    billing.runtime.use(before)


@pytest.fixture
def hasty(outside: Outside) -> None:
    """Channels that are given up on after a quarter of a second."""
    billing.runtime.use(replace(billing.runtime.channel_settings(), timeout_seconds=0.25))


@pytest_asyncio.fixture(loop_scope="session")
async def place(outside: Outside, db: None, bank) -> Place:
    return await world.build(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def real_place(outside: Outside, bank) -> Place:
    """An institution whose commits are real, for races and crashes."""
    return await world.build(bank)


@pytest.fixture
async def officer(place):
    return await make.staff(place.tenant, "finance", "Fin Lim")


@pytest.fixture
async def manager(place):
    return await make.staff(place.tenant, "administrator", "Man Tan")
