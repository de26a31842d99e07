"""LTI at a record of ours: picking something in a tool, opening it from its place, marks for it."""

import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt

from integrations.apps.placing import marks, records, services
from integrations.apps.placing.records import Member, Record, RecordKind
from integrations.apps.tenant_models import Installation
from integrations.provider import subjects
from integrations.provider.lti.words import (
    CLAIM,
    DEEP_LINKING,
    GRADE_SCOPES,
    GRADES,
    MEMBERSHIPS,
    READ_ITEMS,
    READ_MEMBERSHIPS,
)
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.integrations.provider.conftest import HERE, a_world, install, listed
from tests.integrations.provider.test_lti import launched, message_of
from tests.page import inspect

LESSON = new_id()
LEARNERS = [Member(new_id(), "Ah Kow"), Member(new_id(), "Bee Leng")]
TOOL = "https://app.example/back"


@pytest.fixture
async def lesson(db, bank, client, monkeypatch):
    """A tool at a lesson that the member of staff may see."""
    world = await a_world(
        bank, client, protocols=["lti"], auth_method="private_key_jwt", launch_uri="https://app.example/login"
    )
    seers = {world.staff.person_id}
    teacher = Member(world.staff.person_id, "Mei Lim", "mei@school.example", is_learner=False)

    async def find(actor, record_id):
        return Record("Lesson 3B", f"/lessons/{record_id}") if actor.person_id in seers else None

    async def members(record_id):
        return [teacher, *LEARNERS] if record_id == LESSON else []

    monkeypatch.setitem(records.KINDS, "lesson", RecordKind("lesson", "dashboard.read", find, members))
    return world


def path_of(world, rest: str = "") -> str:
    return f"/t/{world.tenant.slug}/apps/{world.installation.id}{rest}"


async def opened(world, query: str):
    """What the tool's login address is called with, brought back as the tool does."""
    answer = await world.client.get(path_of(world, f"?{query}"))
    assert answer.status_code == 303, answer.text
    told = {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    hint = {"login_hint": told["login_hint"], "lti_message_hint": told["lti_message_hint"]}
    return told, await message_of(world, await launched(world, **hint))


async def picking(world):
    _, message = await opened(world, f"picking=1&record_kind=lesson&record_id={LESSON}")
    return message


async def send_back(world, message, items, made=None, **other):
    """Post what was picked, as the tool's page does by the person's browser."""
    made, now = made or world.made, int(time.time())
    told = {
        "iss": made.client_id,
        "aud": [HERE],
        "iat": now,
        "exp": now + 60,
        "nonce": secrets.token_urlsafe(8),
        f"{CLAIM}deployment_id": str(world.installation.id),
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": "1.3.0",
        f"{DEEP_LINKING}data": message[f"{DEEP_LINKING}deep_linking_settings"]["data"],
        f"{DEEP_LINKING}content_items": items,
    } | other
    token = jwt.encode({"alg": "ES256", "kid": made.key.kid}, told, made.key, algorithms=["ES256"])
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}
    return await world.post("/lti/returns", {"JWT": token}, headers)


RESOURCE = {
    "type": "ltiResourceLink",
    "title": "Fractions",
    "text": "Ten questions",
    "url": f"{TOOL}?quiz=7",
    "custom": {"quiz": "7"},
    "lineItem": {"scoreMaximum": 20, "label": "Fractions quiz", "tag": "quiz"},
}


async def things(world):
    async with open_scope(tenant_scope(world.tenant.id)):
        return await services.on_record(world.staff, "lesson", LESSON)


async def placed(world, items=(RESOURCE,)):
    answer = await send_back(world, await picking(world), list(items))
    assert answer.status_code == 303, answer.text
    return (await things(world))[0]


async def test_a_tool_is_asked_to_pick_and_what_it_sends_is_kept_at_the_record(lesson):
    message = await picking(lesson)
    assert message[f"{CLAIM}message_type"] == "LtiDeepLinkingRequest"
    assert f"{CLAIM}resource_link" not in message
    assert message[f"{CLAIM}context"]["title"] == "Lesson 3B"
    wanted = message[f"{DEEP_LINKING}deep_linking_settings"]
    assert wanted["accept_lineitem"] is True
    assert str(lesson.staff.person_id) not in json.dumps(message)
    answer = await send_back(
        lesson,
        message,
        [RESOURCE, {"type": "link", "url": "https://maths.example/", "title": "More"}, {"type": "html"}],
    )
    assert answer.headers["location"] == f"/t/{lesson.tenant.slug}/apps/at/lesson/{LESSON}"
    assert [(one["kind"], one["title"]) for one in await things(lesson)] == [
        ("resource", "Fractions"),
        ("link", "More"),
    ]
    page = inspect((await lesson.client.get(answer.headers["location"])).text)
    text = "".join(page.itertext())
    assert "Fractions" in text
    assert "Fractions quiz (of 20)" in text
    assert "Ah Kow" in text


async def test_an_answer_is_good_once_and_only_from_the_tool_it_was_asked_of(lesson, bank):
    message = await picking(lesson)
    other = await listed(bank, protocols=["lti"], auth_method="private_key_jwt")
    await install(other, lesson.tenant)
    assert (await send_back(lesson, message, [RESOURCE], other)).status_code == 422
    assert (await send_back(lesson, message, [RESOURCE], aud="https://other.example")).status_code == 422
    assert (await send_back(lesson, message, [RESOURCE], exp=int(time.time()) - 3600)).status_code == 422
    assert (
        await send_back(lesson, message, [RESOURCE], **{f"{DEEP_LINKING}data": "forged"})
    ).status_code == 422
    foreign = RESOURCE | {"url": "https://evil.example/"}
    assert (await send_back(lesson, message, [foreign])).status_code == 422
    message = await picking(lesson)
    assert (await send_back(lesson, message, [RESOURCE])).status_code == 303
    assert (await send_back(lesson, message, [RESOURCE])).status_code == 422
    assert len(await things(lesson)) == 1


async def test_nothing_is_kept_for_an_installation_that_has_ended(lesson):
    message = await picking(lesson)
    async with open_scope(tenant_scope(lesson.tenant.id)):
        await Installation.filter(id=lesson.installation.id).update(status="paused")
    assert (await send_back(lesson, message, [RESOURCE])).status_code == 422


async def test_a_placed_thing_is_launched_from_its_place(lesson):
    item = await placed(lesson)
    told, message = await opened(lesson, f"item={item['id']}")
    assert told["target_link_uri"] == RESOURCE["url"]
    assert message[f"{CLAIM}message_type"] == "LtiResourceLinkRequest"
    assert message[f"{CLAIM}resource_link"]["id"] == str(item["id"])
    assert message[f"{CLAIM}target_link_uri"] == RESOURCE["url"]
    assert message[f"{CLAIM}custom"]["quiz"] == "7"
    assert message[f"{CLAIM}context"]["id"] == str(LESSON)
    assert message[GRADES]["lineitem"].startswith(message[GRADES]["lineitems"])
    assert str(LESSON) in message[MEMBERSHIPS]["context_memberships_url"]


async def test_whoever_may_not_see_the_record_neither_opens_nor_adds_nor_takes_away(lesson):
    item = await placed(lesson)
    colleague = await make.staff(lesson.tenant, "finance", "Bo Li")
    await lesson.sign_in(colleague)
    here = f"/t/{lesson.tenant.slug}/apps"
    for path in (f"/at/lesson/{LESSON}", f"/{lesson.installation.id}?item={item['id']}"):
        assert (await lesson.client.get(here + path)).status_code == 404
    picking_path = f"/{lesson.installation.id}?picking=1&record_kind=lesson&record_id={LESSON}"
    assert (await lesson.client.get(here + picking_path)).status_code == 404
    removal = await lesson.client.post(f"{here}/things/{item['id']}/removal", headers={"Origin": HERE})
    assert removal.status_code == 404
    assert len(await things(lesson)) == 1


async def test_taking_a_thing_away_ends_its_place(lesson):
    item = await placed(lesson)
    done = await lesson.client.post(
        f"/t/{lesson.tenant.slug}/apps/things/{item['id']}/removal", headers={"Origin": HERE}
    )
    assert done.status_code == 303
    assert await things(lesson) == []
    assert (await lesson.client.get(path_of(lesson, f"?item={item['id']}"))).status_code == 404


async def service(world, *scopes, made=None):
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes)} | (made or world.made).assertion()
    return {"Authorization": f"Bearer {(await world.post('/oauth/token', form)).json()['access_token']}"}


class Grades:
    """A tool at the services of one record."""

    def __init__(self, world, headers, root):
        self.world, self.headers, self.root = world, headers, root

    async def call(self, method, path="", body=None):
        async with httpx2.AsyncClient(transport=self.world.client._transport, base_url=HERE) as program:
            return await program.request(method, self.root + path, json=body, headers=self.headers)

    async def score(self, column, user, given, at=None, **other):
        body = {
            "userId": user,
            "scoreGiven": given,
            "scoreMaximum": 100,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": (at or datetime.now(UTC)).isoformat(),
        } | other
        body = {name: value for name, value in body.items() if value is not None}
        return await self.call("POST", f"/lineitems/{column}/scores", body)


@pytest.fixture
async def grades(lesson):
    await placed(lesson)
    headers = await service(lesson, *GRADE_SCOPES, READ_MEMBERSHIPS)
    return Grades(lesson, headers, f"/lti/{lesson.tenant.id}/{lesson.installation.id}/lesson/{LESSON}")


async def known_as(world, member):
    return await subjects.subject(str(world.made.vendor.id), world.tenant.id, member.id)


async def test_a_tool_keeps_line_items(grades):
    (first,) = (await grades.call("GET", "/lineitems")).json()
    assert (first["label"], first["scoreMaximum"], first["tag"]) == ("Fractions quiz", 20, "quiz")
    made = await grades.call(
        "POST", "/lineitems", {"label": "Essay", "scoreMaximum": 10.5, "resourceId": "e"}
    )
    assert made.status_code == 201
    path = made.json()["id"].removeprefix(HERE + grades.root)
    assert made.headers["location"] == made.json()["id"]
    assert [one["label"] for one in (await grades.call("GET", "/lineitems?resource_id=e")).json()] == [
        "Essay"
    ]
    page = await grades.call("GET", "/lineitems?limit=1")
    following = page.headers["link"].partition(grades.root)[2].partition(">")[0]
    assert [one["label"] for one in (await grades.call("GET", following)).json()] == ["Essay"]
    changed = await grades.call("PUT", path, {"label": "Long essay", "scoreMaximum": 12})
    assert (changed.json()["label"], changed.json()["scoreMaximum"]) == ("Long essay", 12)
    blank, worded = {"label": "", "scoreMaximum": 1}, {"label": "x", "scoreMaximum": "1"}
    for body in ({"label": "x"}, blank, worded, 7):
        assert (await grades.call("POST", "/lineitems", body)).status_code == 400
    assert (await grades.call("DELETE", path)).status_code == 204
    assert (await grades.call("GET", path)).status_code == 404


async def test_scores_become_marks_on_the_columns_scale(grades):
    world = grades.world
    (column,) = (await grades.call("GET", "/lineitems")).json()
    column_id = column["id"].rpartition("/")[2]
    kow, leng = [await known_as(world, one) for one in LEARNERS]
    now = datetime.now(UTC)
    assert (await grades.score(column_id, kow, 85, now, comment="Well done")).status_code == 204
    assert (await grades.score(column_id, leng, 40, now, gradingProgress="Pending")).status_code == 204
    assert (await grades.score(column_id, kow, 10, now - timedelta(seconds=1))).status_code == 409, "older"
    found = {
        one["userId"]: one for one in (await grades.call("GET", f"/lineitems/{column_id}/results")).json()
    }
    assert (found[kow]["resultScore"], found[kow]["resultMaximum"], found[kow]["comment"]) == (
        17,
        20,
        "Well done",
    )
    only = (await grades.call("GET", f"/lineitems/{column_id}/results?user_id={leng}")).json()
    assert [one["userId"] for one in only] == [leng]
    async with open_scope(tenant_scope(world.tenant.id)):
        (kept,) = await marks.of_record("lesson", LESSON)
    assert kept.marks[LEARNERS[0].id].result == Decimal(17)
    assert not kept.marks[LEARNERS[1].id].is_final
    exported = await world.client.get(f"/t/{world.tenant.slug}/apps/at/lesson/{LESSON}?export=csv")
    assert "Ah Kow,17" in exported.text
    assert (await grades.score(column_id, kow, None, now + timedelta(seconds=1))).status_code == 204, (
        "taken back"
    )
    assert (
        "resultScore"
        not in (await grades.call("GET", f"/lineitems/{column_id}/results?user_id={kow}")).json()[0]
    )


async def test_a_score_is_for_a_learner_of_this_record(grades):
    (column,) = (await grades.call("GET", "/lineitems")).json()
    column_id = column["id"].rpartition("/")[2]
    kow = await known_as(grades.world, LEARNERS[0])
    teacher = await subjects.subject(
        str(grades.world.made.vendor.id), grades.world.tenant.id, grades.world.staff.person_id
    )
    for somebody in ("nobody", str(LEARNERS[0].id), teacher):
        assert (await grades.score(column_id, somebody, 5)).status_code == 404
    wrong: tuple[dict[str, Any], ...] = (
        {"timestamp": "yesterday"},
        {"gradingProgress": "Great"},
        {"scoreMaximum": 0},
        {"scoreGiven": -1},
    )
    for other in wrong:
        assert (await grades.score(column_id, kow, 5, **other)).status_code == 400


async def test_a_tool_sees_who_is_at_its_record(grades):
    told = (await grades.call("GET", "/memberships")).json()
    assert {one["name"] for one in told["members"]} == {"Ah Kow", "Bee Leng", "Mei Lim"}
    learners = (await grades.call("GET", "/memberships?role=Learner")).json()["members"]
    assert [one["user_id"] for one in learners] == [await known_as(grades.world, one) for one in LEARNERS]


async def test_a_tool_works_only_where_it_was_opened_and_as_far_as_it_was_agreed(grades, bank):
    world = grades.world
    elsewhere = Grades(world, grades.headers, grades.root.replace(str(LESSON), str(new_id())))
    assert (await elsewhere.call("GET", "/lineitems")).status_code == 404
    other = await listed(bank, protocols=["lti"], auth_method="private_key_jwt")
    installation = await install(other, world.tenant)
    theirs = Grades(world, await service(world, *GRADE_SCOPES, made=other), grades.root)
    assert (await theirs.call("GET", "/lineitems")).status_code == 404, "another tool's installation"
    root = grades.root.replace(str(world.installation.id), str(installation.id))
    assert (await Grades(world, theirs.headers, root).call("GET", "/lineitems")).status_code == 404, (
        "not opened here"
    )
    reader = Grades(world, await service(world, READ_ITEMS), grades.root)
    assert (await reader.call("GET", "/lineitems")).status_code == 200
    assert (await reader.call("POST", "/lineitems", {"label": "x", "scoreMaximum": 1})).status_code == 403
    async with open_scope(tenant_scope(world.tenant.id)):
        await Installation.filter(id=world.installation.id).update(scopes=["openid", "accounts"])
    assert (await grades.call("GET", "/lineitems")).status_code == 403
