"""OneRoster 1.2 by REST: a school's roster for the app it agreed with, in the standard's words; for nobody else."""

import base64
import time

import pytest_asyncio

from scenarios.education.classes import tools
from scenarios.education.models import SchoolClass, SchoolUser
from scenarios.education.oneroster.asking import MOST
from scenarios.education.oneroster.entry import CORE, DEMOGRAPHICS, WHOLE
from tenants import throttle
from tenants.scope import open_scope, tenant_scope
from tests import apps, make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil

AGREED = ("openid", "roster", "roster_demographics", "offline_access")


@pytest_asyncio.fixture(loop_scope="session")
async def school(db, bank):
    throttle.forget()
    tenant, staff = await world.school(bank)
    await world.bring_roster(tenant, staff, world.bundle(**world.small_roster(3)))
    return tenant, staff


@pytest_asyncio.fixture(loop_scope="session")
async def listed(db, bank):
    texts = {key: {"en": key, "zh_CN": key} for key in AGREED}
    return await apps.listed(await apps.vendor(bank), scenarios=["education"], scopes=texts)


def basic(listed, secret=apps.SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{listed.client_id}:{secret}".encode()).decode()}


async def asked(client, tenant, listed, *scopes, secret=apps.SECRET, **given):
    data = {"grant_type": "client_credentials", "scope": " ".join(scopes)} | given
    return await client.post(f"/api/oneroster/{tenant.slug}/token", data=data, headers=basic(listed, secret))


async def bearer(client, tenant, listed, *scopes) -> dict[str, str]:
    answer = await asked(client, tenant, listed, *(scopes or (WHOLE, DEMOGRAPHICS)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}


class Roster:
    """A consumer with its token."""

    def __init__(self, client, tenant, headers) -> None:
        self.client, self.headers = client, headers
        self.root = f"/api/oneroster/{tenant.slug}/ims/oneroster/rostering/v1p2"

    async def get(self, path: str, status: int = 200):
        answer = await self.client.get(self.root + path, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer

    async def ids(self, path: str, key: str) -> list[str]:
        return [one["sourcedId"] for one in (await self.get(path)).json()[key]]

    async def refused(self, path: str, status: int, minor: str):
        told = (await self.get(path, status)).json()
        field = told["imsx_CodeMinor"]["imsx_codeMinorField"][0]
        assert (told["imsx_codeMajor"], field["imsx_codeMinorFieldValue"]) == ("failure", minor)


@pytest_asyncio.fixture(loop_scope="session")
async def roster(client, school, listed):
    await apps.install(school[0], listed, scopes=AGREED)
    return Roster(client, school[0], await bearer(client, school[0], listed))


async def test_every_kind_is_told_with_what_it_refers_to(roster):
    assert await roster.ids("/orgs", "orgs") == ["o1"]
    assert await roster.ids("/schools", "orgs") == ["o1"]
    assert await roster.ids("/academicSessions", "academicSessions") == ["y1"]
    assert await roster.ids("/terms", "academicSessions") == []
    assert await roster.ids("/students", "users") == ["p1", "p2", "p3"]
    assert await roster.ids("/teachers", "users") == ["t1"]
    assert len(await roster.ids("/enrollments", "enrollments")) == 4
    one = (await roster.get("/classes/c1")).json()["class"]
    assert (one["title"], one["classType"], one["grades"], one["status"]) == (
        "3A",
        "homeroom",
        ["03"],
        "active",
    )
    assert one["school"]["href"].endswith("/ims/oneroster/rostering/v1p2/orgs/o1")
    assert one["terms"][0] == {
        "href": one["terms"][0]["href"], "sourcedId": "y1", "type": "academicSession",
    }  # fmt: skip
    child = (await roster.get("/users/p1")).json()["user"]
    assert (child["givenName"], child["familyName"], child["identifier"]) == ("Child1", "Tan", "S001")
    assert child["roles"][0]["role"] == "student"
    assert [agent["sourcedId"] for agent in child["agents"]] == ["g1"]
    assert child["dateLastModified"].endswith("Z")
    assert "birthDate" not in child
    assert "password" not in str(child)
    enrolment = (await roster.get("/enrollments/e-t1")).json()["enrollment"]
    assert (enrolment["role"], enrolment["user"]["sourcedId"], enrolment["class"]["sourcedId"]) == (
        "teacher", "t1", "c1",
    )  # fmt: skip


async def test_ways_through_other_documents(roster):
    assert await roster.ids("/schools/o1/classes", "classes") == ["c1"]
    assert await roster.ids("/classes/c1/students", "users") == ["p1", "p2", "p3"]
    assert await roster.ids("/classes/c1/teachers", "users") == ["t1"]
    assert await roster.ids("/students/p2/classes", "classes") == ["c1"]
    assert await roster.ids("/teachers/t1/classes", "classes") == ["c1"]
    assert await roster.ids("/classes/c1/students?filter=givenName='child2'", "users") == ["p2"]
    await roster.refused("/classes/nothing/students", 404, "unknownobject")
    await roster.refused("/teachers/p1/classes", 404, "unknownobject")


async def test_filter_sort_selection_and_pages(roster):
    async def users(query: str) -> list[str]:
        return await roster.ids(f"/users?{query}", "users")

    assert await users("filter=familyName='TAN' AND givenName~'LD3'") == ["p3"]
    assert await users("filter=identifier='S001' OR identifier='S002'") == ["p1", "p2"]
    assert await users("filter=roles.role='student'&sort=givenName&orderBy=desc") == ["p3", "p2", "p1"]
    assert set(await users("filter=roles.role!='student'")) == {"g1", "t1"}
    assert await users("filter=grades~'03'&limit=1") == ["p1"]
    assert await users("filter=givenName='O''Neil'") == []
    assert await users("filter=dateLastModified>'2100-01-01'") == []
    assert len(await users("filter=dateLastModified>='2020-01-01'&sort=nonsense")) == 5
    chosen = (await roster.get("/users?fields=sourcedId, givenName&limit=2&offset=1")).json()["users"]
    assert [set(one) for one in chosen] == [{"sourcedId", "givenName"}] * 2
    answer = await roster.get("/students?limit=2&filter=familyName='Tan'")
    assert answer.headers["x-total-count"] == "3"
    links = answer.headers["link"]
    assert 'offset=2>; rel="next"' in links
    assert 'rel="prev"' not in links
    following = links.split('>; rel="next"')[0].rsplit("<", 1)[1].partition("/api/")[2]
    page = await roster.client.get(f"/api/{following}", headers=roster.headers)
    assert [one["sourcedId"] for one in page.json()["users"]] == ["p3"]
    assert 'rel="prev"' in page.headers["link"]
    beyond = await roster.get("/students?offset=50")
    assert (beyond.json(), beyond.headers["x-total-count"]) == ({"users": []}, "3")
    await roster.get(f"/students?limit={MOST * 5}")
    for query in ("filter=nothing='x'", "filter=givenName", "filter=roles.secret='x'", "filter=" + "x" * 600,
                  "filter=givenName='a' AND familyName='b' AND username='c'",
                  "filter=givenName='x' or 1=1"):  # fmt: skip
        await roster.refused(f"/users?{query}", 400, "invalid_filter_field")
    await roster.refused("/users?fields=sourcedId,password", 400, "invalid_selection_field")
    for query in ("limit=0", "limit=x", "offset=-1", "limit=99999999"):
        await roster.refused(f"/users?{query}", 400, "invaliddata")


async def test_what_is_over_stays_readable_and_what_changes_is_found_by_its_date(roster, school):
    before = (await roster.get("/classes/c1")).json()["class"]["dateLastModified"]
    async with open_scope(tenant_scope(school[0].id)):
        await SchoolUser.filter(sourced_id="p3").update(closed_on="2026-01-31")
        await SchoolClass.filter(sourced_id="c1").update(location="Room 9")
        await SchoolClass.filter(sourced_id="c1").update(location="Room 9")
    assert (await roster.get("/users/p3")).json()["user"]["status"] == "tobedeleted"
    assert await roster.ids("/students?filter=status='active'", "users") == ["p1", "p2"]
    changed = await roster.ids(f"/classes?filter=dateLastModified>'{before}'", "classes")
    assert changed == ["c1"]


async def test_dates_of_birth_only_of_children_whose_guardian_agreed(client, bank, listed, school):
    tenant, staff = await world.school(bank)
    table = world.table(pupil("A1", "Ah", born="2017-03-01"), pupil("A2", "Bee", born="2017-04-01"))
    await world.bring_in(tenant, staff, table)
    await apps.install(tenant, listed, scopes=AGREED)
    parent = await world.parent(tenant, "A1")
    account = await world.account(tenant, "A1")
    roster = Roster(client, tenant, await bearer(client, tenant, listed))
    assert len(await roster.ids("/students", "users")) == 2
    assert await roster.ids("/orgs", "orgs") == ["local:school"], (
        "a school without a roster is one all the same"
    )
    assert await roster.ids("/schools/local:school/classes", "classes") == ["local:3a"]
    assert await roster.ids("/demographics", "demographics") == []
    async with open_scope(tenant_scope(tenant.id)):
        room = await SchoolClass.get(tenant_id=tenant.id)
        assert {one.is_named for one in await tools._members(room.id)} == {False}
    await make.sign_in(client, parent.person_id)
    page = f"/my/school/{account.id}/apps"
    assert page in (await client.get(f"/my/school/{account.id}")).text
    inspect((await client.get(page, headers={"Accept-Language": "zh-CN"})).text)
    for purpose in ("demographics", "names"):
        assert (await client.post(page, data={"purpose": purpose, "given": "1"})).status_code == 303
    assert "You have agreed" in text_of(inspect((await client.get(page)).text))
    assert (await client.post(page, data={"purpose": "health", "given": "1"})).status_code == 404
    (told,) = (await roster.get("/demographics")).json()["demographics"]
    assert told["birthDate"] == "2017-03-01"
    async with open_scope(tenant_scope(tenant.id)):
        named = {one.name: one.is_named for one in await tools._members(room.id)}
    assert named == {"Ah": True, "Bee": False}
    assert (await client.post(page, data={"purpose": "demographics", "given": ""})).status_code == 303
    assert await roster.ids("/demographics", "demographics") == []
    relative = await world.parent(tenant, "A1", name="Aunt", relation="relative")
    await make.sign_in(client, relative.person_id)
    assert (await client.post(page, data={"purpose": "names", "given": "1"})).status_code == 403


async def test_the_app_the_app_without_leave_and_the_stranger(client, bank, listed, school):
    tenant, _ = school
    await apps.install(tenant, listed, scopes=AGREED)
    wrong = await asked(client, tenant, listed, WHOLE, secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    for given in ({"scope": ""}, {"scope": "nonsense"}, {"scope": f"{WHOLE} admin"}):
        refused = await asked(client, tenant, listed, **given)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    other_grant = await asked(client, tenant, listed, WHOLE, grant_type="password")
    assert other_grant.json()["error"] == "unsupported_grant_type"
    core = Roster(client, tenant, await bearer(client, tenant, listed, CORE))
    await core.get("/users")
    await core.refused("/demographics", 403, "forbidden")
    stranger, _ = await world.school(bank)
    assert (await asked(client, stranger, listed, WHOLE)).json()["error"] == "invalid_scope"
    elsewhere = Roster(client, stranger, core.headers)
    await elsewhere.refused("/users", 401, "unauthorisedrequest")
    for headers in ({}, {"Authorization": "Bearer x.y"}, {"Authorization": "Basic eDp5"}):
        await Roster(client, tenant, headers).refused("/users", 401, "unauthorisedrequest")
    without = await apps.listed(await apps.vendor(bank), scenarios=["education"])
    await apps.install(tenant, without)
    assert (await asked(client, tenant, without, WHOLE)).json()["error"] == "invalid_scope"


async def test_uninstalling_and_time_end_a_token_at_once(client, school, listed, monkeypatch):
    tenant, _ = school
    installed = await apps.install(tenant, listed, scopes=AGREED)
    roster = Roster(client, tenant, await bearer(client, tenant, listed))
    await roster.get("/users")
    now = time.time()
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: now + 601)
        await roster.refused("/users", 401, "unauthorisedrequest")
    async with open_scope(tenant_scope(tenant.id)):
        installed.scopes = ["openid", "offline_access"]
        await installed.save(update_fields=["scopes"])
    await roster.refused("/users", 403, "forbidden")
    async with open_scope(tenant_scope(tenant.id)):
        installed.status = "paused"
        await installed.save(update_fields=["status"])
    await roster.refused("/users", 401, "unauthorisedrequest")
