"""The whole money core against a simple oracle: whatever happens in whatever order, every cent is in one place.

``MONEY_EXAMPLES`` says how many stories are told; the gate takes a few, always the same ones. A mechanism that is
broken on purpose must be found out by the same stories.
"""

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.channels import CHANNELS
from billing.payments.allocating import Allocated
from tests.billing.payments.story import ACTS, Fake, told

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "16"))


@pytest.fixture
def channel(outside, monkeypatch):
    fake = Fake()
    monkeypatch.setitem(CHANNELS, "bank", fake)
    return fake


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 16,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 11)), min_size=5, max_size=40))
async def test_any_story_ends_well(db, bank, channel, script):
    await told(bank, channel, script)


async def _nothing(*_args, **_given):
    """A mechanism that does not do its work."""


async def _takes_nothing_back(*_args):
    return Allocated((), {}, {})


BROKEN = {
    "money without a bill is forgotten": ("billing.payments.settling._keep_rest", _nothing),
    "a received payment is not booked": ("billing.payments.settling._book", _nothing),
    "a refund opens no bill": ("billing.payments.refunding.take_back", _takes_nothing_back),
    "a late success is not taken": ("billing.payments.settling._receive", _nothing),
}


@pytest.mark.parametrize("mechanism", BROKEN)
async def test_a_broken_mechanism_is_found_out(db, bank, channel, monkeypatch, mechanism):
    monkeypatch.setattr(*BROKEN[mechanism])
    chance = random.Random(7)  # noqa: S311 - the same stories each time
    for _ in range(12):
        script = [("start", 0), ("pay_there", 0), ("message", 0), ("refund", 0), ("submit", 0)]
        script += [(chance.choice(ACTS), chance.randrange(12)) for _ in range(25)]
        try:
            await told(bank, channel, script, is_checked_often=False)
        except Exception:  # noqa: BLE001 - found out, by whatever noticed first
            return
    raise AssertionError(f"nobody noticed that {mechanism}")
