"""A town with something of several kinds to do."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

import billing.worklist.kinds  # noqa: F401 - as the pages register them
from billing.payments.service import refundable_minor, request_refund, take_payment
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing import town as towns


@pytest_asyncio.fixture(loop_scope="session")
async def town(db, bank) -> AsyncIterator[towns.Town]:
    yield await towns.found(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def asked(town) -> UUID:
    """A refund of the whole first bill, asked for by a cashier, who decides about nothing."""
    cashier = await make.staff(town.tenant, "cashier", "Cai Shi")
    bills = [(town.bill.id, town.bill.total_minor)]
    paid = await take_payment(cashier, bills=bills, method="cash", key="k-1")
    async with open_scope(tenant_scope(town.tenant.id)):
        return await request_refund(
            cashier,
            payment_id=paid,
            amount_minor=town.bill.total_minor,
            seen_refundable_minor=await refundable_minor(town.tenant.id, paid),
            reason="Paid twice at the desk",
            key="k-2",
        )
