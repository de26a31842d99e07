"""The demonstration's learning tool, by PyLTI1p3: placed by a teacher, opened at home, with a mark that comes back."""

import asyncio
import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from deploy.sandbox.apps import practice
from deploy.sandbox.apps.exercises import EXERCISES
from integrations.apps.placing import services as placing
from integrations.apps.placing.models import Mark, PlacedItem
from integrations.apps.tenant_models import Installation
from scenarios.education.classes import services as classes
from scenarios.education.family import app_consents, consents
from scenarios.education.models import SchoolClass, SchoolUser
from scenarios.education.samples import PUPILS
from tenants.models import Membership
from tenants.scope import open_scope, tenant_scope
from tests import apps, make
from tests.integrations.apps.demo import Stage, client_of
from tests.page import inspect
from tests.scenarios.education import world


class _Wire(BaseAdapter):
    """PyLTI1p3 asks from a thread: its calls are answered by the product in this process, the same bytes."""

    def __init__(self, product, loop):
        super().__init__()
        self.product, self.loop = product, loop

    def send(self, request: Any, **_: Any) -> Any:  # type: ignore[override]
        asked = self.product.request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )
        answer = asyncio.run_coroutine_threadsafe(asked, self.loop).result(10)
        found = requests.Response()
        found.status_code, found.url, found._content = answer.status_code, request.url, answer.content
        found.headers.update(answer.headers)
        return found

    def close(self):
        pass


class School:
    """Class 3A with a teacher, Ah Kow and his family; the tool is installed for teachers and families."""

    held: Any
    teacher: Any
    room: Any
    ah_kow: Any
    mother: Any

    def __init__(self, tenant, staff, client, stage, product):
        self.tenant, self.staff, self.client, self.stage, self.product = tenant, staff, client, stage, product
        self.root = f"/t/{tenant.slug}"
        self.tool = stage.app.state.tool

    def inside(self):
        return open_scope(tenant_scope(self.tenant.id))

    async def sign_in(self, actor):
        await make.sign_in(self.client, actor.person_id)

    async def follow(self, path, browser):
        """Go the way of a launch: our page, the tool, the provider, its form; return what the tool shows."""
        at = await self.client.get(path)
        if at.status_code != 303 or not at.headers["location"].startswith(self.stage.url):
            return at
        away = await browser.get(at.headers["location"])
        page = await self.client.get(away.headers["location"])
        if page.status_code != 200:
            return page
        fields = {k: unescape(v) for k, v in re.findall(r'name="([^"]*)" value="([^"]*)"', page.text)}
        started = await browser.post("/start", data=fields)
        return await browser.get("/") if started.status_code == 303 else started

    async def place(self, exercise):
        """Put an exercise into the class as its teacher does, in the tool's own page."""
        await self.sign_in(self.teacher)
        async with self.stage.browser() as browser:
            page = await self.follow(
                f"{self.root}/apps/{self.held.id}?picking=1&record_kind=class&record_id={self.room.id}",
                browser,
            )
        n = list(EXERCISES).index(exercise)
        url = re.findall(r'action="([^"]*)"', page.text)[n]
        token = re.findall(r'name="JWT" value="([^"]*)"', page.text)[n]
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": self.stage.url}
        answer = await self.client.post(url, data={"JWT": token}, headers=headers)
        assert answer.status_code == 303, answer.text
        async with self.inside():
            return await PlacedItem.get(tenant_id=self.tenant.id, custom__contains={"exercise": exercise})

    def at_home(self, item):
        return f"/my/school/{self.ah_kow.id}/tools/{item.id}"

    async def marks(self):
        async with self.inside():
            return [(one.member_id, float(one.given)) for one in await Mark.filter(tenant_id=self.tenant.id)]

    async def agree(self, guardian, *purposes):
        found = await world.child(guardian, self.ah_kow.id)
        async with self.inside():
            for purpose in purposes:
                await consents.sign(guardian, found, purpose=purpose, words=app_consents.WORDS[purpose])


@pytest.fixture
def stage(app, tmp_path):
    return Stage("practice", app, tmp_path)


async def offered(stage, bank, product, **given):
    """The tool as its vendor offers it, with its own keys, and reaching the product."""
    tool = stage.app.state.tool
    tool.http.mount("http://cloud.test", _Wire(product, asyncio.get_running_loop()))
    facts = {
        "protocols": ["lti"],
        "auth_method": "private_key_jwt",
        "jwks": tool.jwks(),
        "frame_origins": [],
        "redirect_uris": [f"{stage.url}/start"],
        "backchannel_logout_uri": "",
        "scenarios": ["education"],
    }
    return await stage.listed(await apps.vendor(bank), **facts | given)


@pytest.fixture
async def school(db, bank, client, app, stage):
    tenant, staff = await world.school(bank)
    await world.bring_in(
        tenant, staff, world.table(world.pupil("S1", "Ah Kow"), world.pupil("S2", "Bee Leng"))
    )
    made = School(tenant, staff, client, stage, client_of(app, "http://cloud.test"))
    listed = await offered(stage, bank, made.product)
    scopes = tuple(practice.ABOUT.scope.split())
    made.held = await apps.install(tenant, listed, scopes=scopes, roles=("class_teacher", "family"))
    made.teacher = await make.staff(tenant, "class_teacher", name="Ann Lee")
    async with made.inside():
        made.room = await SchoolClass.get(tenant_id=tenant.id, title="3A")
        member = await Membership.get(tenant_id=tenant.id, person_id=made.teacher.person_id)
        await classes.add_teacher(staff, made.room.id, membership_id=member.id)
    made.ah_kow = await world.account(tenant, "S1")
    made.mother = await world.parent(tenant, "S1")
    return made


def answers(page, *, wrong=0):
    """What a child types who gets all but the last few right, and where it goes."""
    sums = re.findall(r"<label>(\d+) × (\d+) =", page.text)
    given = {f"sum-{n}": str(int(a) * int(b)) for n, (a, b) in enumerate(sums)}
    given |= {f"sum-{9 - n}": "1" for n in range(wrong)}
    return re.search(r'action="(/attempts/\d+)"', page.text)[1], given


async def test_a_child_practises_at_home_and_the_best_mark_comes_back(school):
    item = await school.place("times")
    await school.sign_in(school.mother)
    page = await school.client.get(f"/my/school/{school.ah_kow.id}")
    inspect(page.text)
    assert "Read and agree" in page.text
    assert school.at_home(item) not in page.text
    refused = await school.client.get(school.at_home(item))
    assert refused.headers["location"] == f"/my/school/{school.ah_kow.id}", "nobody has agreed yet"
    await school.agree(school.mother, consents.TOOLS)
    assert school.at_home(item) in (await school.client.get(f"/my/school/{school.ah_kow.id}")).text
    async with school.stage.browser() as browser:
        page = await school.follow(school.at_home(item), browser)
        assert "Times tables" in page.text
        assert "Ah Kow" not in page.text, "the name was not agreed to"
        where, given = answers(page, wrong=2)
        assert "8 of 10 right" in (await browser.post(where, data=given)).text
        assert (await browser.post(where, data=given)).status_code == 303, "a go is marked once"
        where, given = answers(await browser.get("/"), wrong=5)
        assert "5 of 10 right" in (await browser.post(where, data=given)).text
    assert await school.marks() == [(school.ah_kow.id, 8.0)]
    assert "8 / 10" in (await school.client.get(f"/my/school/{school.ah_kow.id}")).text
    await school.agree(school.mother, consents.NAMES)
    async with school.stage.browser() as browser:
        assert "Ah Kow" in (await school.follow(school.at_home(item), browser)).text
    await the_teacher_sees_it(school, item)


async def the_teacher_sees_it(school, item):
    await school.sign_in(school.teacher)
    async with school.stage.browser() as browser:
        page = await school.follow(f"{school.root}/apps/{school.held.id}?item={item.id}", browser)
    assert re.search(r"Ah Kow</td><td>8 / 10", page.text)
    assert "Bee Leng" not in page.text, "nobody has agreed for her name"
    assert page.text.count("not yet") == 1


async def test_a_mark_that_could_not_be_handed_over_is_handed_over_later(school):
    item = await school.place("times")
    await school.agree(school.mother, consents.TOOLS)
    await school.sign_in(school.mother)
    async with school.stage.browser() as browser:
        where, given = answers(await school.follow(school.at_home(item), browser))
        async with school.inside():
            await Installation.filter(id=school.held.id).update(status="paused")
        assert "could not be handed over" in (await browser.post(where, data=given)).text
        assert await school.marks() == []
        async with school.inside():
            await Installation.filter(id=school.held.id).update(status="active")
        await browser.get("/")
    assert await school.marks() == [(school.ah_kow.id, 10.0)]


async def test_who_may_open_it_for_a_child(school):
    item = await school.place("times")
    await school.agree(school.mother, consents.TOOLS)
    grandmother = await world.parent(school.tenant, "S1", name="Tan Ah Lian", relation="relative")
    stranger = await world.parent(school.tenant, "S2", name="Somebody else")
    async with school.stage.browser() as browser:
        for who, status in ((grandmother, 403), (stranger, 404), (school.mother, 200)):
            await school.sign_in(who)
            assert (await school.follow(school.at_home(item), browser)).status_code == status, who.name
        async with school.inside():
            await Installation.filter(id=school.held.id).update(roles=["class_teacher"])
        assert (await school.follow(school.at_home(item), browser)).status_code == 403, "not for families"
        assert school.at_home(item) not in (await school.client.get(f"/my/school/{school.ah_kow.id}")).text


async def test_a_launch_that_was_allowed_a_moment_ago_is_asked_about_again(school):
    item = await school.place("times")
    await school.agree(school.mother, consents.TOOLS)
    await school.sign_in(school.mother)
    async with school.stage.browser() as browser:
        at = await school.client.get(school.at_home(item))
        found = await world.child(school.mother, school.ah_kow.id)
        async with school.inside():
            await consents.take_back(school.mother, found, purpose=consents.TOOLS, words="No")
        away = await browser.get(at.headers["location"])
        page = await school.client.get(away.headers["location"])
    assert 'name="id_token"' not in page.text
    assert 'value="access_denied"' in page.text


async def test_a_pupil_who_signs_in_works_and_the_parent_looks_on(school):
    item = await school.place("times")
    ah_kow = await world.parent(school.tenant, "S1", name="Ah Kow", relation="student")
    async with school.inside():
        born = date(datetime.now(UTC).year - 15, 1, 1)
        await SchoolUser.filter(tenant_id=school.tenant.id, account_id=school.ah_kow.id).update(born_on=born)
    await school.sign_in(ah_kow)
    async with school.stage.browser() as browser:
        where, given = answers(await school.follow(school.at_home(item), browser), wrong=1)
        assert "9 of 10 right" in (await browser.post(where, data=given)).text, (
            "at fifteen nobody has to agree"
        )
    await school.sign_in(school.mother)
    async with school.stage.browser() as browser:
        page = await school.follow(school.at_home(item), browser)
        assert "9 / 10" in page.text
        assert page.text.count("<tr>") == 2, "her child alone"
        assert "/attempts/" not in page.text


async def test_what_others_send_is_no_launch(school):
    async with school.stage.browser() as browser:
        assert (await browser.get("/launch")).status_code == 400
        assert (
            await browser.post("/start", data={"id_token": "e30.e30.e30", "state": "made up"})
        ).status_code == 400
        assert (await browser.get("/")).status_code == 401
    async with school.inside():
        assert await placing.for_visitors("class", [school.room.id]) == []


async def test_a_draft_is_tried_at_the_class_of_its_vendors_sandbox(db, bank, client, app, stage):
    product = client_of(app, "http://cloud.test")
    listed = await offered(stage, bank, product)
    tenant, who = await apps.sandbox(client, listed, "education")
    made = School(tenant, who, client, stage, product)
    held = await apps.installed(client, tenant, listed, roles=["class_teacher", "administrator", "family"])
    made.held, made.teacher = held, who
    assert held.is_test
    async with made.inside():
        made.room = await SchoolClass.get(tenant_id=tenant.id)
    made.ah_kow = await world.account(tenant, "S-001")
    things = f"{made.root}/apps/at/class/{made.room.id}"
    assert things in (await client.get(f"{made.root}/classes/{made.room.id}")).text
    assert f"{held.id}?picking=1" in (await client.get(things)).text, "something of it can be placed there"
    item = await made.place("times")
    at_class = f"{made.root}/apps/{held.id}?item={item.id}"
    async with stage.browser() as browser:
        assert (await made.follow(at_class, browser)).text.count("not yet") == len(PUPILS["en"])
    await made.agree(who, consents.TOOLS, consents.NAMES)
    async with stage.browser() as browser:
        target, given = answers(await made.follow(made.at_home(item), browser))
        assert "10 of 10 right" in (await browser.post(target, data=given)).text
    async with stage.browser() as browser:
        page = await made.follow(at_class, browser)
    assert re.search(r"Ada Example</td><td>10 / 10", page.text)
    assert await made.marks() == [(made.ah_kow.id, 10.0)]
