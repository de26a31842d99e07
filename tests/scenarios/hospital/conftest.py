"""A hospital for each test, undone at its end; one whose commits are real for races."""

import pytest_asyncio

from tests.scenarios.hospital.house import House, build


@pytest_asyncio.fixture(loop_scope="session")
async def house(db: None, bank) -> House:
    return await build(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def real_house(committed: None, bank) -> House:
    return await build(bank)
