"""A hospital for each test, undone at its end; one whose commits are real for races; one with its own system."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.sandbox.server import Server
from tests.scenarios.hospital.house import House, build
from tests.scenarios.hospital.ward import Ward, connect


@pytest_asyncio.fixture(loop_scope="session")
async def house(db: None, bank) -> House:
    return await build(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def real_house(committed: None, bank) -> House:
    return await build(bank)


@pytest.fixture(scope="session")
def sandbox():
    with Server() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def ward(
    committed: None, bank, sandbox: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ward]:
    made = await connect(await build(bank), sandbox.url, monkeypatch)
    yield made
    made.clear()
