"""Gates without a network: their batches merge to one truth in any order, and never count beyond a ticket."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.tourism.gates import presence, scanning
from scenarios.tourism.gates.scanning import Asked
from scenarios.tourism.models import Redemption, Ticket
from scenarios.tourism.orders import codes
from tenants.gates import judging as core
from tenants.gates.judging import ENTRY, EXIT, OFFLINE, ONLINE, Rights
from tests.scenarios.tourism import world
from tests.scenarios.tourism.gates import open_now, scan, station

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
GATES = [UUID(int=n) for n in range(3)]


def batches(tickets, devices, start):
    """Five devices that were alone for two hours and let the same hundred codes in, each at its own times."""
    drawn = random.Random(7)  # noqa: S311 - the same times in every run
    for number, device in enumerate(devices):
        made = []
        for place, ticket in enumerate(tickets):
            when = start + timedelta(seconds=drawn.randrange(7200))
            made.append(
                Asked(
                    f"off-{number}-{place}",
                    codes.code_of(ticket),
                    mode=OFFLINE,
                    scanned_at=when,
                    has_let_in=True,
                )
            )
        drawn.shuffle(made)
        yield device, made


async def merged(palace, order):
    for device, batch in order:
        for asked in batch:
            async with palace.scope():
                await scanning.scan(device, asked)
    async with palace.scope():
        scans = await Redemption.filter(tenant_id=palace.id).order_by("device_id", "nonce")
        tickets = await Ticket.filter(tenant_id=palace.id).order_by("id")
    return (
        [(one.nonce, one.verdict, one.reason, one.is_repeat) for one in scans],
        [(one.used, one.inside, one.status) for one in tickets],
    )


async def test_ten_gates_half_of_them_alone_for_two_hours_with_the_same_hundred_codes(db, bank):
    palace = await world.build(bank, day_cap=100, half=100, most_per_order=100)
    devices = [(await station(palace, f"Gate {n}"))[0] for n in range(10)]
    _, tickets = await open_now(palace, ("palace", "adult", 100))
    start = datetime.now(UTC) - timedelta(hours=2)
    for place in range(30):
        await scan(palace, devices[place % 5], tickets[place].number)
    alone = list(batches(tickets, devices[5:], start))
    first = await merged(palace, alone)
    await merged(palace, alone)
    assert await merged(palace, [(d, list(reversed(b))) for d, b in reversed(alone)]) == first
    verdicts, states = first
    assert states == [(1, 1, "used")] * 100
    offline = [one for one in verdicts if one[0].startswith("off-")]
    accepted = [one for one in offline if one[1] == "accepted" and not one[3]]
    conflicts = [one for one in offline if one[1] == "conflict"]
    assert len(offline) == 500
    assert len(accepted) == 70
    assert len(conflicts) == 430
    async with palace.scope():
        assert await presence.on_site(palace.id, palace.site.id) == 100


async def test_what_comes_in_any_order_is_judged_alike(db, bank):
    palace = await world.build(bank)
    devices = [(await station(palace, f"Gate {n}"))[0] for n in range(3)]
    _, (ticket,) = await open_now(palace)
    start = datetime.now(UTC) - timedelta(hours=1)
    code = codes.code_of(ticket)
    times = [start + timedelta(minutes=9 * n) for n in range(3)]
    made = [
        (device, Asked(f"n{n}", code, mode=OFFLINE, scanned_at=times[n], has_let_in=True))
        for n, device in enumerate(devices)
    ]
    results = set()
    for order in itertools.permutations(made):
        async with palace.scope():
            await Redemption.filter(tenant_id=palace.id).delete()
        results.add(str(await merged(palace, [(device, [asked]) for device, asked in order])))
    assert len(results) == 1


def scans_of(draws):
    return [
        core.Scan(
            UUID(int=n + 100), f"n{n:03}", GATES[gate], (ENTRY, EXIT)[exit_], OFFLINE, people,
            NOW.date(), NOW + timedelta(minutes=minute), let_in, "", annulled,
        )
        for n, (gate, exit_, people, minute, let_in, annulled) in enumerate(draws)
    ]  # fmt: skip


DRAWS = st.lists(
    st.tuples(
        st.integers(0, 2), st.booleans(), st.integers(1, 3), st.integers(0, 90), st.booleans(), st.booleans()
    ),
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(DRAWS, st.integers(1, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_rules_know_no_order_and_never_count_beyond_the_ticket(draws, people, uses, chance):
    rights, scans = Rights(people, uses), scans_of(draws)
    shuffled = list(scans)
    chance.shuffle(shuffled)
    one, two = core.judge(rights, scans), core.judge(rights, shuffled)
    assert {v.scan.id: (v.verdict, v.reason, v.is_repeat) for v in one.verdicts} == {
        v.scan.id: (v.verdict, v.reason, v.is_repeat) for v in two.verdicts
    }
    assert (one.used, one.inside) == (two.used, two.inside)
    assert one.used <= rights.most
    assert 0 <= one.inside <= people


@settings(max_examples=150, deadline=None)
@given(DRAWS, st.integers(1, 3))
def test_online_never_lets_in_beyond_the_ticket(draws, uses):
    rights = Rights(1, uses)
    kept: list[core.Scan] = []
    in_time = sorted(draws, key=lambda one: one[3])
    for scan_ in scans_of([(g, False, 1, m, True, False) for g, _, _, m, _, _ in in_time]):
        asked = core.Scan(**{name: getattr(scan_, name) for name in core.Scan.__slots__} | {"mode": ONLINE})
        told = core.would_accept(rights, kept, asked)
        let_in = told.verdict == core.ACCEPTED
        kept.append(
            core.Scan(**{name: getattr(asked, name) for name in core.Scan.__slots__} | {"has_let_in": let_in})
        )
        counted = [
            v for v in core.judge(rights, kept).verdicts if v.verdict == core.ACCEPTED and not v.is_repeat
        ]
        assert len(counted) <= uses
        assert not [v for v in core.judge(rights, kept).verdicts if v.verdict == core.CONFLICT]
