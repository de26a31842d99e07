"""The queue live on open pages: they hear that it has moved, of their own hospital alone, and never what."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest

from scenarios.hospital import arriving, live
from scenarios.hospital.models import Appointment
from tenants import live as tenants_live
from tenants.days import today
from tenants.live import CHANGED, STILL_HERE, Hub
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from tests.page import inspect
from tests.scenarios.hospital.house import build


class Stream:
    """One open connection to the application, as a browser's EventSource has it."""

    def __init__(self, app, path, token):
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.status, self.headers = 0, dict[str, str]()
        self._gone = asyncio.Event()
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(b"host", b"cloud.test"), (b"accept", b"text/event-stream"),
                        (b"cookie", f"session={token}".encode())],
            "scheme": "http", "server": ("cloud.test", 80), "client": ("127.0.0.1", 1), "http_version": "1.1",
            "root_path": "",
        }  # fmt: skip
        self._task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message.get("body"):
            self.heard.put_nowait(message["body"])

    async def next(self, seconds=5.0):
        async with asyncio.timeout(seconds):
            return await self.heard.get()

    async def leave(self):
        self._gone.set()
        async with asyncio.timeout(5):
            await self._task


@asynccontextmanager
async def listening(app, path, token):
    found = Stream(app, path, token)
    try:
        yield found
    finally:
        await found.leave()


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(tenants_live, "GATHER", 0.0)


async def here(house, client, *, name="Bo Lim"):
    """A patient who is at the hospital for a session of today, with their browser's session."""
    person, actor, account = await house.mine()
    made = await house.booked(account, await house.session(), actor=actor.within(house.id))
    async with house.scope():
        await execute(
            "update hospital_appointment set day = (now() at time zone 'Asia/Singapore')::date where id = $1",
            made.id,
        )
    return await make.sign_in(client, person.id), await house.fresh(made)


async def test_the_patient_hears_that_the_queue_has_moved(real_house, app, client):
    token, made = await here(real_house, client)
    async with listening(app, f"/my/care/appointments/{made.id}/news", token) as stream:
        assert CHANGED in await stream.next(), "it looks once, for what moved while the page was opened"
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert stream.headers["cache-control"] == "no-store"
        async with real_house.scope():
            await arriving.arrive(real_house.clerk, made.id)
        assert await stream.next() == CHANGED, "that it moved, and nothing else"
        async with real_house.scope():
            await arriving.call(real_house.clerk, made.id)
        assert await stream.next() == CHANGED
    assert tenants_live.hub().each.total() == 0, "who has left is forgotten"


async def undone(house, made):
    async with house.scope():
        await arriving.arrive(house.clerk, made.id)
        raise ZeroDivisionError


async def test_nothing_is_told_of_what_did_not_happen_or_happened_elsewhere(real_house, app, client, bank):
    token, made = await here(real_house, client)
    other = await build(bank)
    stranger = await other.booked(await other.patient(), await other.session())
    async with listening(app, f"/my/care/appointments/{made.id}/news", token) as stream:
        await stream.next()
        async with other.scope():
            await execute(
                "update hospital_appointment set session_id = session_id, day = $2 where id = $1",
                stranger.id,
                today(other.tenant.timezone),
            )
            await arriving.arrive(other.clerk, stranger.id)
        with pytest.raises(ZeroDivisionError):
            await undone(real_house, made)
        with pytest.raises(TimeoutError):
            await stream.next(0.3)


async def test_the_doctors_screen_and_the_waiting_rooms_hear_it_too(real_house, app, client):
    _, made = await here(real_house, client)
    token = await make.sign_in(client, real_house.clerk.person_id)
    for path in (f"consulting/{made.session_id}", f"waiting-rooms/{made.department_id}"):
        page = (await client.get(f"{real_house.root}/{path}")).text
        inspect(page)
        news = re.search(r'data-live="([^"]+)"', page)
        assert news, path
        async with listening(app, news[1], token) as stream:
            await stream.next()
            async with real_house.scope():
                found = await Appointment.get(tenant_id=real_house.id, id=made.id)
                await (arriving.arrive if found.status == "booked" else arriving.call)(
                    real_house.clerk, made.id
                )
            assert await stream.next() == CHANGED


async def test_only_whoever_may_see_the_page_may_listen(real_house, client):
    _, made = await here(real_house, client)
    stranger = await make.person("Someone Else")
    await make.sign_in(client, stranger.id)
    assert (await client.get(f"/my/care/appointments/{made.id}/news")).status_code == 404
    await make.sign_in(client, real_house.finance.person_id)
    for path in (f"consulting/{made.session_id}", f"waiting-rooms/{made.department_id}"):
        assert (await client.get(f"{real_house.root}/{path}/news")).status_code == 403
    client.cookies.clear()
    assert (await client.get(f"/my/care/appointments/{made.id}/news")).status_code == 303


async def test_open_streams_are_bounded(real_house, client, monkeypatch):
    _, made = await here(real_house, client)
    monkeypatch.setattr(tenants_live, "MOST_EACH", 0)
    refused = await client.get(f"/my/care/appointments/{made.id}/news")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "60"


async def test_while_redis_is_away_every_beat_is_a_look(monkeypatch):
    monkeypatch.setattr(tenants_live, "BEAT", 0.05)
    hub = Hub()
    monkeypatch.setattr(hub, "_open_ear", lambda: None)
    stream = hub.listen("t", "me")
    assert CHANGED in await anext(stream)
    assert await anext(stream) == STILL_HERE
    hub.is_deaf = True
    assert await anext(stream) == CHANGED
    await hub.close()
    assert len([beat async for beat in stream]) <= 1
    assert hub.listeners == {}


async def test_a_stream_ends_after_a_while_so_that_it_is_asked_for_anew(monkeypatch):
    monkeypatch.setattr(tenants_live, "BEAT", 0.02)
    monkeypatch.setattr(tenants_live, "LIFE", 0.05)
    async with asyncio.timeout(5):
        beats = [beat async for beat in Hub().listen("t", "me")]
    assert 1 < len(beats) < 6


async def test_topics_of_two_hospitals_are_two(real_house, bank):
    other = await build(bank)
    session = await real_house.session()
    mine, theirs = live.of_session(real_house.id, session.id), live.of_session(other.id, session.id)
    assert mine != theirs
    async with open_scope(tenant_scope(other.id)):
        assert await Appointment.filter(tenant_id=real_house.id).count() == 0
