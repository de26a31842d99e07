"""The estate that most of these tests play on."""

import pytest_asyncio

from tests.scenarios.community.estate import Place, build


@pytest_asyncio.fixture(loop_scope="session")
async def place(db, bank) -> Place:
    return await build(bank)
