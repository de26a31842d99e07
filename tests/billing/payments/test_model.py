"""The whole money core against a simple oracle: whatever happens in whatever order, every cent is in one place.

``MONEY_EXAMPLES`` says how many stories are told; the gate takes a few, always the same ones. A mechanism that is
broken on purpose must be found out by the same stories.
"""

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.channels import CHANNELS, rail_shares
from billing.payments.allocating import Allocated
from tests.billing.payments.fake_channel import Fake
from tests.billing.payments.story import ACTS, told
from tests.billing.payments.story_whole import WHOLE_ACTS, Rail, WholeStory

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "16"))
WHOLE_EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "2"))
SEEDS = range(EXAMPLES) if EXAMPLES > 16 else (14, 18, 28, 35, 42, 59)
"""The gate's stories go everywhere; the second one once gave back more than its bills had left."""
BEGUN = [("start", 2), ("pay_there", 0), ("message", 0), ("share", 0)]
"""How stories with everything begin: one payment has come in and is shared."""
EVERYWHERE = {
    "Dispute won", "Dispute lost", "decided owed", "decided borne", "Share paid", "ShareReturn returned",
    "ShareReturn undone", "Payment refunded", "Payment part_refunded", "Payment charged_back", "Refund succeeded",
    "Refund failed", "InstalmentPlan broken", "InstalmentPlan active", "InstalmentPlan completed", "credit note",
}  # fmt: skip


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


@pytest.fixture
def rail(outside, monkeypatch):
    fake = Rail()
    monkeypatch.setitem(CHANNELS, "bank", fake)
    for name in ("pay_share", "take_share_back", "query_share", "query_return", "fee_of_order"):
        monkeypatch.setattr(rail_shares, name, getattr(fake, name))
    return fake


@settings(
    max_examples=WHOLE_EXAMPLES,
    deadline=None,
    derandomize=WHOLE_EXAMPLES <= 16,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(st.tuples(st.sampled_from(WHOLE_ACTS), st.integers(0, 11)), min_size=20, max_size=50))
async def test_any_story_with_partners_disputes_and_plans_ends_well(db, bank, rail, script):
    await told(bank, rail, BEGUN + script, is_checked_often=False, kind=WholeStory)


def by_chance(seed: int) -> list[tuple[str, int]]:
    """A story of seventy acts, the same each time."""
    chance = random.Random(seed)  # noqa: S311
    return BEGUN + [(chance.choice(WHOLE_ACTS), chance.randrange(12)) for _ in range(70)]


async def test_stories_by_chance_go_everywhere_and_end_well(db, bank, rail):
    reached: set[str] = set()
    for seed in SEEDS:
        story = await told(bank, rail, by_chance(seed), is_checked_often=False, kind=WholeStory)
        assert isinstance(story, WholeStory)
        reached |= await story.reached()
    assert reached >= EVERYWHERE, EVERYWHERE - reached


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


UNTOLD = {
    "what comes back of a share is not booked": ("billing.splits.returning._book", (14, 42)),
    "a dispute that is lost is not booked": ("billing.disputes.booking._lose", (35, 59)),
}


@pytest.mark.parametrize("mechanism", UNTOLD)
async def test_a_broken_mechanism_of_partners_and_disputes_is_found_out(
    db, bank, rail, monkeypatch, mechanism
):
    target, seeds = UNTOLD[mechanism]
    monkeypatch.setattr(target, _nothing)
    for seed in seeds:
        try:
            await told(bank, rail, by_chance(seed), is_checked_often=False, kind=WholeStory)
        except Exception:  # noqa: BLE001 - found out, by whatever noticed first
            return
    raise AssertionError(f"nobody noticed that {mechanism}")
