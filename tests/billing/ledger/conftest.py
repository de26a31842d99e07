"""Institutions with something in their books; ``real_place`` for what is really committed."""

import pytest_asyncio

from tests import make
from tests.billing.payments import world
from tests.billing.payments.world import Place


@pytest_asyncio.fixture(loop_scope="session")
async def place(committed: None, db: None, bank) -> Place:
    """An institution with one bill of 50.00, 40.00 of which were paid at the desk."""
    return await _with_a_payment(await world.build(bank, is_connected=False))


@pytest_asyncio.fixture(loop_scope="session")
async def real_place(committed: None, bank) -> Place:
    """The same, really committed: for what happens between transactions, and for tampering."""
    return await _with_a_payment(await world.build(bank, is_connected=False))


async def _with_a_payment(place: Place) -> Place:
    bill = await world.bill(place, 3000, 2000)
    await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 4000))
    return place
