"""The waiting room's screen without signing in: a secret address, numbers alone, renewed and closed."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from scenarios.hospital import arriving, live, screens
from tenants.days import today
from tenants.live import hub
from tenants.models import Audit
from tenants.scope import execute
from tests import make
from tests.page import inspect
from ui.errors import Forbidden, NotFound


async def called(house):
    """A patient who is called now and one who waits, both of today."""
    session = await house.session()
    found = []
    for name in ("Ann Secret", "Bosco Hidden"):
        made = await house.booked(await house.patient(name), session)
        found.append(made)
    async with house.scope():
        now, day = datetime.now(UTC), today(house.tenant.timezone)
        await execute(
            "update hospital_session set day = $3, template_id = null, starts_at = $4, ends_at = $5"
            " where tenant_id = $1 and id = $2",
            house.id, session.id, day, now - timedelta(hours=1), now + timedelta(hours=2),
        )  # fmt: skip
        await execute(
            "update hospital_appointment set day = $3, starts_at = $4, ends_at = $5 where tenant_id = $1"
            " and session_id = $2", house.id, session.id, day, now, now + timedelta(hours=2),
        )  # fmt: skip
    async with house.scope():
        for one in found:
            await arriving.arrive(house.clerk, one.id)
        await arriving.call_next(house.clerk, session.id)
    return session


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_whoever_has_the_address_sees_numbers_and_nobody(house, client, language):
    client.headers["Accept-Language"] = language
    await called(house)
    async with house.scope():
        path = await screens.renew(house.chief, house.departments[0].id)
    client.cookies.clear()
    answer = await client.get(path)
    assert answer.status_code == 200
    inspect(answer.text)
    assert 'http-equiv="refresh"' in answer.text
    assert "/news" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert re.search(r'wall__now">\s*\d', answer.text)
    seen = answer.text.replace(path, "")
    for secret in ("Ann", "Secret", "Bosco", "Hidden", "Lin Wei", "Ravi"):
        assert secret not in seen, "its own address is random letters, and may have three that are a name"


async def test_a_new_address_ends_the_old_and_a_closed_screen_shows_nothing(house, client):
    department = house.departments[0].id
    async with house.scope():
        old = await screens.renew(house.chief, department)
        new = await screens.renew(house.chief, department)
    assert old != new
    client.cookies.clear()
    for path, status in ((old, 404), (new, 200), (f"{old}/news", 404), (f"{screens.ROOT}/x", 404)):
        assert (await client.get(path)).status_code == status if "news" not in path or status == 404 else True
    async with house.scope():
        await screens.close(house.chief, department)
        await screens.close(house.chief, department)
        acts = [one.act for one in await Audit.filter(tenant_id=house.id, subject_kind="department")]
    assert [acts.count(f"screen.{act}") for act in ("opened", "renewed", "closed")] == [1, 1, 1]
    assert (await client.get(new)).status_code == 404


async def test_a_call_wakes_the_screen(house):
    async with house.scope():
        path = await screens.renew(house.chief, house.departments[0].id)
    tenant_id, department_id = await screens.of(path.rsplit("/", 1)[1])
    topic = live.of_department(tenant_id, department_id)
    stream = hub().listen(topic, "screen")
    assert b"changed" in await anext(stream)
    hub().wake(topic)
    assert b"changed" in await anext(stream)


async def test_who_may_give_it_an_address(house, client):
    department = house.departments[0].id
    async with house.scope():
        with pytest.raises(Forbidden):
            await screens.renew(house.clerk, department)
    with pytest.raises(NotFound):
        await screens.of("x")
    await make.sign_in(client, house.chief.person_id)
    here = f"{house.root}/departments/{department}"
    page = (await client.get(here)).text
    inspect(page)
    assert screens.ROOT not in page
    assert (await client.post(f"{here}/screen")).status_code == 303
    page = (await client.get(here)).text
    inspect(page)
    (path,) = set(re.findall(rf'href="({screens.ROOT}/[^"]+)"', page))
    assert (await client.get(path)).status_code == 200
    assert (await client.post(f"{here}/screen/closing")).status_code == 303
    assert (await client.get(path)).status_code == 404
    await make.sign_in(client, house.clerk.person_id)
    assert (await client.post(f"{here}/screen")).status_code in {403, 404}
