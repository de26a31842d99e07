"""Shares add up to the unit, and whatever goes back after whatever was shared leaves every receiver with nothing.

``SPLIT_SEQUENCES`` says how many random tales are told: a hundred thousand, in about three seconds.
"""

import os
import random
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.splits.core import WHOLE, Claim, fees_of, split, take

SEQUENCES = int(os.environ.get("SPLIT_SEQUENCES", "100000"))
CLAIMS = st.lists(
    st.builds(
        Claim,
        amount_minor=st.sampled_from((0, 0, 1, 99, 5000)),
        rate=st.integers(0, WHOLE),
        base=st.sampled_from(("gross", "after_fees")),
        cap_minor=st.sampled_from((None, None, 0, 7, 1000)),
    ),
    max_size=6,
)


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The first draw of a process looks through the constants of every module there is, which is no fault of ours."""


@patient
@given(gross=st.integers(0, 10**9), fee=st.integers(0, 10**6), claims=CLAIMS)
def test_shares_are_whole_never_more_than_asked_and_never_more_than_there_is(gross, fee, claims):
    fee = min(fee, gross)
    shares = split(gross, fee, claims)
    assert sum(shares) <= gross - fee
    for share, claim in zip(shares, claims, strict=True):
        assert 0 <= share < Fraction(claim.asks(gross, fee), WHOLE) + 1
        assert claim.cap_minor is None or share <= claim.cap_minor


@patient
@given(
    fee=st.integers(0, 10**6),
    amounts=st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
    own=st.integers(0, 99),
)
def test_a_payments_fee_falls_on_its_amounts_to_the_unit(fee, amounts, own):
    """Whoever gets all of several fees gets no more than the channel passes on."""
    whole = sum(amounts) + own
    parts = fees_of(fee, amounts, whole)
    assert all(0 <= part <= amount for part, amount in zip(parts, amounts, strict=True))
    everything = [
        split(amount, part, [Claim(rate=WHOLE)])[0] for amount, part in zip(amounts, parts, strict=True)
    ]
    assert sum(everything) <= whole - min(fee, whole)
    assert own or sum(everything) == whole - min(fee, whole)


@pytest.mark.parametrize(
    ("gross", "fee", "claims", "shares"),
    [
        (10000, 38, (Claim(rate=3000), Claim(rate=1000, base="after_fees")), [3000, 996]),
        (100, 0, (Claim(rate=3333), Claim(rate=3333), Claim(rate=3334)), [33, 33, 34]),
        (101, 0, (Claim(rate=5000), Claim(rate=5000)), [51, 50]),
        (500, 0, (Claim(amount_minor=400), Claim(amount_minor=400)), [400, 100]),
        (10000, 0, (Claim(rate=5000, cap_minor=1200),), [1200]),
        (10, 10, (Claim(rate=WHOLE),), [0]),
        (0, 0, (Claim(amount_minor=5),), [0]),
    ],
    ids=["after fees", "thirds", "odd unit", "not enough for both", "capped", "all of it is fee", "nothing"],
)
def test_a_rule_as_people_would_reckon(gross, fee, claims, shares):
    assert split(gross, fee, claims) == shares


@pytest.mark.parametrize(("gross", "fee"), [(5, 6), (5, -1), (-1, 0)])
def test_fees_that_cannot_be_are_refused(gross, fee):
    with pytest.raises(ValueError, match="fee"):
        split(gross, fee, ())


@patient
@given(nets=st.lists(st.integers(0, 10**9), min_size=1, max_size=8), part=st.fractions(0, 1))
def test_nobody_gives_more_than_they_have_and_all_gives_all(nets, part):
    amount = int(sum(nets) * part)
    given_ = take(nets, amount)
    assert sum(given_) == amount
    assert all(0 <= back <= net for back, net in zip(given_, nets, strict=True))
    assert all(
        abs(back - Fraction(amount * net, sum(nets))) < 1
        for back, net in zip(given_, nets, strict=True)
        if sum(nets)
    )
    assert take(nets, sum(nets)) == nets


def test_more_than_there_is_cannot_go_back():
    with pytest.raises(ValueError, match="back"):
        take([1, 2], 4)


class Tale:
    """One payment: shared, refunded in parts, refunds that come back, disputes lost, won, and won after all."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.gross = chance, chance.randrange(1, 10 ** chance.randrange(1, 9))
        fee = self.gross * 38 // 10_000
        claims = [_claim(chance) for _ in range(chance.randrange(1, 6))]
        shares = split(self.gross, fee, claims)
        self.first = [*shares, self.gross - sum(shares)]
        self.nets, self.taken = list(self.first), list[tuple[int, list[int]]]()

    def tell(self) -> None:
        for _ in range(self.chance.randrange(1, 8)):
            if self.taken and self.chance.random() < 0.3:
                self.give_again(self.chance.randrange(len(self.taken)))
            else:
                self.go_back(self.chance.randrange(sum(self.nets) + 1))
            assert sum(self.nets) == self.gross - sum(amount for amount, _ in self.taken)
            assert min(self.nets) >= 0
        self.go_back(sum(self.nets))
        assert not any(self.nets)

    def go_back(self, amount: int) -> None:
        """A refund, or a dispute: everybody gives back in proportion."""
        given_ = take(self.nets, amount)
        self.nets = [net - back for net, back in zip(self.nets, given_, strict=True)]
        self.taken.append((amount, given_))

    def give_again(self, which: int) -> None:
        """A refund that came back, or a dispute that was won: everybody gets what exactly that one took."""
        self.nets = [net + back for net, back in zip(self.nets, self.taken.pop(which)[1], strict=True)]

    def undo_all(self) -> None:
        while self.taken:
            self.give_again(self.chance.randrange(len(self.taken)))
        assert self.nets == self.first


def _claim(chance: random.Random) -> Claim:
    if chance.random() < 0.3:
        return Claim(amount_minor=chance.randrange(5000))
    base = "gross" if chance.random() < 0.5 else "after_fees"
    cap = chance.randrange(100_000) if chance.random() < 0.2 else None
    return Claim(rate=chance.randrange(WHOLE // 2), base=base, cap_minor=cap)


def test_any_sequence_of_splits_refunds_and_disputes_unwinds_to_nothing():
    chance = random.Random(20260101)  # noqa: S311 - the same tales each time
    for _ in range(SEQUENCES):
        tale = Tale(chance)
        tale.tell()
        tale.undo_all()


def _rounds_down(nets, amount):
    held = sum(nets)
    return [amount * net // held for net in nets] if held else list(nets)


def _first_pays_all(nets, amount):
    return [amount, *(0 for _ in nets[1:])]


@pytest.mark.parametrize("broken", [_rounds_down, _first_pays_all])
def test_a_sharing_that_loses_a_unit_is_found_out(monkeypatch, broken):
    monkeypatch.setattr(f"{__name__}.take", broken)
    with pytest.raises(AssertionError):
        test_any_sequence_of_splits_refunds_and_disputes_unwinds_to_nothing()
