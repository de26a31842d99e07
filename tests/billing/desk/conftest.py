"""A town with a cashier at its desk."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests import make
from tests.billing import town as towns


@pytest_asyncio.fixture(loop_scope="session")
async def town(db, bank) -> AsyncIterator[towns.Town]:
    yield await towns.found(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def cashier(town, client):
    """The cashier's browser, signed in."""
    actor = await make.staff(town.tenant, "cashier", "Cai Shi")
    await make.sign_in(client, actor.person_id)
    return client
