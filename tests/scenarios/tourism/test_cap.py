"""As many people on site as may be at once: gates that let in at the same moment let in no more together."""

import asyncio

from scenarios.tourism.gates import presence
from scenarios.tourism.models import Site
from tests.scenarios.tourism import world
from tests.scenarios.tourism.gates import open_now, scan, station


async def last_place(bank) -> list[str]:
    """What two gates say at once to two people when there is room for one."""
    palace = await world.build(bank)
    _, tickets = await open_now(palace, ("palace", "adult", 2))
    async with palace.scope():
        await Site.filter(tenant_id=palace.id).update(instant_cap=1)
    gates = [(await station(palace, name))[0] for name in ("North", "South")]
    found = await asyncio.gather(
        *(scan(palace, gate, one.number) for gate, one in zip(gates, tickets, strict=True))
    )
    return sorted(told.verdict for told in found)


async def test_two_gates_do_not_both_give_away_the_last_place(committed, bank):
    assert await last_place(bank) == ["accepted", "rejected"]


async def test_it_is_the_queue_that_holds_the_cap(committed, bank, monkeypatch):
    """The control: without it both gates count before either has let anybody in, unless one is much the faster."""
    met = asyncio.Barrier(2)

    async def no_queue(_):
        await asyncio.wait_for(met.wait(), 5)

    monkeypatch.setattr(presence, "queue_up", no_queue)
    for _ in range(8):
        if await last_place(bank) == ["accepted", "accepted"]:
            return
    raise AssertionError("eight times the last place was given away once alone")
