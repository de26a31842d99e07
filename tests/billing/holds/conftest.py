"""The payments' institution and outside world, and a scenario that keeps seats."""

import pytest

from billing.holds.kinds import HOLD_KINDS, HoldKind, register_hold
from tests.billing.checkouts.conftest import school
from tests.billing.holds.seats import Seats
from tests.billing.payments.conftest import hasty, outside, place, real_place, sandbox

__all__ = ["hasty", "outside", "place", "real_place", "sandbox", "school"]


@pytest.fixture
def seats():
    made = Seats()
    register_hold(HoldKind("seat", made.kept, made.let_go, made.came_late, made.page, made.returned))
    yield made
    del HOLD_KINDS["seat"]
