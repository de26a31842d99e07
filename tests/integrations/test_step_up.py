"""Proving once more that it is you, and what waited for it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest

from tenants import models, sessions
from tenants.scope import execute, open_scope, person_scope
from tests import make
from tests.integrations.conftest import World, query_of
from tests.integrations.test_sign_in import session_of
from tests.page import inspect


async def grow_old(session: models.Session, **age: int) -> None:
    async with open_scope(person_scope(session.person_id)):
        await execute(
            "update tenants_session set auth_time = now() - $2::interval where id = $1",
            session.id,
            timedelta(**age),
        )


async def test_a_step_up_strengthens_the_session_in_place(world: World):
    await world.sign_in("op-chen")
    before, old = await session_of(world.token), world.token
    await grow_old(before, hours=1)
    page = await world.client.get("/sign-in/confirm?next=/sessions&level=3")
    inspect(page.text)
    answer = await world.confirm("op-chen", "/sessions", "3", act="key")
    assert answer.headers["location"] == "/sessions"
    after = await session_of(world.token)
    assert after.id == before.id
    assert (before.level, after.level) == (2, 3)
    assert datetime.now(UTC) - after.auth_time < timedelta(minutes=1)
    assert world.token != old
    assert after.expires_at <= after.created_at + sessions.LIFE


async def test_the_bank_is_told_what_is_needed(world: World):
    await world.sign_in("op-chen")
    answer = await world.client.post("/sign-in/confirm", data={"next": "/home", "level": "2"})
    asked = query_of(answer.headers["location"])
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert '"values": ["urn:scenario:loa:2", "urn:scenario:loa:3"]' in asked["claims"]
    assert '"essential": true' in asked["claims"]


async def test_somebody_else_cannot_strengthen_the_session(world: World):
    await world.sign_in("p-ann")
    before, token = await session_of(world.token), world.token
    answer = await world.confirm("p-eve", "/sessions")
    assert answer.status_code == 403
    assert "Somebody else signed in" in answer.text
    inspect(answer.text)
    after = await session_of(world.token)
    assert world.token == token
    assert (after.id, after.level, after.auth_time) == (before.id, before.level, before.auth_time)


async def test_a_key_that_was_not_used_is_not_strong_enough(world: World):
    await world.sign_in("op-chen")
    answer = await world.confirm("op-chen", "/sessions", "3", act="without_key")
    assert answer.status_code == 400
    assert "stronger sign-in" in answer.text
    assert (await session_of(world.token)).level == 2


async def test_another_company_of_the_same_person_is_another_session(world: World):
    await world.sign_in("op-two", enterprise="ent-1001")
    before, old = await session_of(world.token), world.token
    world.bank.cookies.clear()
    await world.confirm("op-two", enterprise="ent-2002")
    after = await session_of(world.token)
    assert after.id != before.id
    assert after.company["enterprise_id"] == "ent-2002"
    assert (await session_of(old)).ended_at is not None


async def test_a_code_cannot_be_confirmed_at_a_bank(world: World):
    ann = await make.person("Ann")
    await make.sign_in(world.client, ann.id, level=1)
    answer = await world.client.get("/sign-in/confirm?next=/sessions")
    assert answer.status_code == 400
    assert "one-time code" in answer.text
    inspect(answer.text)


async def test_a_form_sent_after_the_session_ran_out_waits_for_its_owner(world: World, bank):
    await world.sign_in("op-chen")
    session = await session_of(world.token)
    async with open_scope(person_scope(session.person_id)):
        await execute("update tenants_session set expires_at = now() where id = $1", session.id)
    typed = {"name": "Block 12 <b>", "note": "two\nlines", "amount_minor": "12.50", "pin_code": "1234"}
    answer = await world.client.post("/t/somewhere/things", data=typed)
    assert answer.status_code == 404
    answer = await world.client.post("/sessions/others/ending", data=typed)
    assert answer.status_code == 303
    waiting = unquote(query_of(answer.headers["location"])["next"])
    assert waiting.startswith("/resume/")
    page = await world.client.get(answer.headers["location"])
    assert "Nothing you typed was lost" in page.text
    answer = await world.sign_in("op-chen", waiting)
    assert answer.headers["location"] == waiting
    page = await world.client.get(waiting)
    shown = inspect(page.text)
    assert "Block 12 &lt;b&gt;" in page.text
    assert "Amount" in page.text
    hidden = {i.get("name"): i.get("value") for i in shown.iter("input") if i.get("type") == "hidden"}
    assert typed.items() <= hidden.items()
    visible = "".join("".join(dd.itertext()) for dd in shown.iter("dd"))
    assert "1234" not in visible
    answer = await world.client.post(waiting, data=typed)
    assert (answer.status_code, answer.headers["location"]) == (307, "/sessions/others/ending")
    again = await world.client.post(waiting, data=typed)
    assert again.status_code == 410
    assert "You have sent this form already" in again.text
    inspect(again.text)
    meant = await world.client.post(waiting, data={**typed, "again": "yes"})
    assert meant.status_code == 307


@pytest.mark.parametrize(("lang", "label"), [("en", "Full name"), ("zh_CN", "姓名")])
async def test_a_waiting_form_that_nobody_has_read_yet_has_the_labels_of_its_page(
    world: World, bank, lang, label
):
    await world.sign_in("op-chen")
    session = await session_of(world.token)
    async with open_scope(person_scope(session.person_id)):
        await execute("update tenants_session set expires_at = now() where id = $1", session.id)
    typed = {"name": "Li Lei", "email": "li@town.example", "role": "cashier"}
    answer = await world.client.post("/t/somewhere/staff/invitations", data=typed)
    waiting = unquote(query_of(answer.headers["location"])["next"])
    await world.sign_in("op-chen", waiting)
    world.client.cookies.set("lang", lang)
    labels = [dt.text for dt in inspect((await world.client.get(waiting)).text).iter("dt")]
    assert labels[0] == label


async def test_a_parked_form_is_nobody_else_s(world: World):
    ann, eve = await make.person("Ann"), await make.person("Eve")
    token = await sessions.park_form(ann.id, "/sessions", [("name", "secret plan")], ["plan.pdf"])
    assert (await world.client.get(f"/resume/{token}")).status_code == 303
    await make.sign_in(world.client, eve.id)
    for answer in (await world.client.get(f"/resume/{token}"), await world.client.post(f"/resume/{token}")):
        assert answer.status_code == 404
        assert "secret plan" not in answer.text
    await make.sign_in(world.client, ann.id)
    page = await world.client.get(f"/resume/{token}")
    assert "plan.pdf" in page.text
    async with open_scope(person_scope(ann.id)):
        await execute("update tenants_parked_form set expires_at = now()")
    late = await world.client.get(f"/resume/{token}")
    assert late.status_code == 410
    assert "secret plan" in late.text
    inspect(late.text)
    assert (await world.client.post(f"/resume/{token}", data={"again": "yes"})).status_code == 410
