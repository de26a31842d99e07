"""A town, its staff, and a payment taken at its desk."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from billing.payments.service import take_payment
from tests import make
from tests.billing import town as towns


@pytest_asyncio.fixture(loop_scope="session")
async def town(db, bank) -> AsyncIterator[towns.Town]:
    yield await towns.found(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def paid(town) -> UUID:
    """The July bill of the first flat, paid in cash."""
    cashier = await make.staff(town.tenant, "cashier", "Cai Shi")
    return await take_payment(
        cashier,
        bills=[(town.bill.id, town.bill.total_minor)],
        method="cash",
        key="k-1",
        payer_name="Ann Tan",
    )
