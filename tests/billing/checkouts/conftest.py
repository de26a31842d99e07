"""The sandbox, and one person who owes two institutions."""

import pytest

from tests import make
from tests.billing.payments import world
from tests.billing.payments.conftest import hasty, outside, place, sandbox

__all__ = ["hasty", "outside", "place", "sandbox"]


@pytest.fixture
async def school(place, bank):
    """Another institution whose account the same person holds."""
    made = await world.build(bank)
    await make.holder(made.account, place.person)
    return made
