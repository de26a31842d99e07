"""One-time codes: they prove control of an address, to one browser, once, and tell nobody anything."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import tenants.runtime
from integrations.sign_in import codes
from tenants import models, throttle
from tenants.codes import hash_token, new_token
from tenants.scope import execute, open_scope, person_scope, secret_scope
from tests import make
from tests.integrations.conftest import World
from tests.integrations.test_sign_in import session_of
from tests.page import inspect


@pytest.fixture(autouse=True)
def fresh_limits():
    throttle.forget()


def code_in(world: World, to: str, channel: str = "mail") -> str:
    message = world.control.get(f"/{channel}", params={"to": to}).json()["messages"][0]
    return re.search(r"\b(\d{6})\b", message["text"])[1]


async def ask(world: World, destination: str, target: str = "/sessions"):
    return await world.client.post("/sign-in/code", data={"destination": destination, "next": target})


async def enter(world: World, code: str):
    return await world.client.post("/sign-in/code/entry", data={"code": code, "next": "/sessions"})


async def test_a_payer_signs_in_with_a_mailed_code(world: World):
    inspect((await world.client.get("/sign-in/code?next=/sessions")).text)
    answer = await ask(world, "  Ann.Tan@Mail.Example ")
    assert answer.headers["location"] == "/sign-in/code/entry?next=%2Fsessions"
    page = await world.client.get(answer.headers["location"])
    inspect(page.text)
    assert "ann.tan@mail.example" in page.text
    assert page.text.count("000000") == 0
    answer = await enter(world, code_in(world, "ann.tan@mail.example"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sessions")
    session = await session_of(world.token)
    assert (session.method, session.level, session.company, session.bank_id) == ("code", 1, None, None)
    async with open_scope(person_scope(session.person_id)):
        identity = await models.Identity.get(person_id=session.person_id)
        assert (identity.issuer, identity.subject) == ("urn:scenario:otp", "ann.tan@mail.example")
        assert (await models.Person.get(id=session.person_id)).email == "ann.tan@mail.example"


async def test_a_text_message_works_too_and_the_same_number_is_the_same_person(world: World):
    persons = set()
    for typed in ("+65 9123-4567", "0065 91234567"):
        await ask(world, typed)
        assert (await enter(world, code_in(world, "+6591234567", "sms"))).status_code == 303
        persons.add((await session_of(world.token)).person_id)
    assert len(persons) == 1


async def test_a_code_never_makes_anybody_a_bank_s_person_or_a_holder(world: World, bank):
    """The address of a bank customer, and of a holder, opens neither."""
    await world.sign_in("p-ann")
    bank_person = (await session_of(world.token)).person_id
    tenant = await make.tenant(bank)
    await make.holder(await make.account(tenant), None, email="ann@mail.example")
    await ask(world, "ann@mail.example")
    await enter(world, code_in(world, "ann@mail.example"))
    session = await session_of(world.token)
    assert session.person_id != bank_person
    async with open_scope(person_scope(session.person_id)):
        assert await models.Account.all().count() == 0


async def test_known_and_unknown_addresses_look_the_same(world: World, bank):
    tenant = await make.tenant(bank)
    await make.holder(await make.account(tenant), None, email="known@mail.example")
    answers = []
    for address in ("known@mail.example", "never@mail.example"):
        answer = await ask(world, address)
        page = await world.client.get(answer.headers["location"])
        answers.append((answer.status_code, page.text.replace(address, "X")))
    assert answers[0] == answers[1]


async def test_a_code_is_good_once_in_one_browser_for_five_minutes(world: World):
    await ask(world, "ann@mail.example")
    code = code_in(world, "ann@mail.example")
    jar = world.client.cookies.get("code")
    world.other_browser()
    assert (await enter(world, code)).status_code == 422
    world.client.cookies.set("code", jar, domain="cloud.test", path="/sign-in/code")
    assert (await enter(world, f" {code[:3]} {code[3:]} ")).status_code == 303
    world.client.cookies.set("code", jar, domain="cloud.test", path="/sign-in/code")
    again = await enter(world, code)
    assert again.status_code == 422
    assert "no longer works" in again.text
    inspect(again.text)


async def test_an_old_code_is_refused_and_swept(world: World):
    await ask(world, "ann@mail.example")
    code, token = code_in(world, "ann@mail.example"), world.client.cookies.get("code")
    async with open_scope(secret_scope(hash_token(token))):
        await execute("update tenants_one_time_code set expires_at = now() - interval '1 second'")
    assert (await enter(world, code)).status_code == 422
    await ask(world, "eve@mail.example")
    async with open_scope(secret_scope(hash_token(token))):
        assert await models.OneTimeCode.all().count() == 0


async def test_five_tries_are_all(world: World):
    await ask(world, "ann@mail.example")
    code = code_in(world, "ann@mail.example")
    wrong = "111111" if code != "111111" else "222222"
    for left in (4, 3, 2, 1):
        answer = await enter(world, wrong)
        assert answer.status_code == 422
        assert f"You have {left} {'try' if left == 1 else 'tries'} left." in answer.text
        inspect(answer.text)
    assert "no longer works" in (await enter(world, wrong)).text
    assert (await enter(world, code)).status_code == 422
    assert not world.token


async def kept(token: str, code: str) -> None:
    async with open_scope(secret_scope(hash_token(token))):
        await models.OneTimeCode.create(
            token_hash=hash_token(token),
            destination="race@mail.example",
            code_hash=codes._hash(token, code),
            expires_at=datetime.now(UTC) + codes.LIFE,
        )


async def test_a_code_tried_many_times_at_once_signs_in_once(committed):
    await kept(token := new_token(), "123456")
    found = await asyncio.gather(*(codes._spend(token, "123456") for _ in range(8)))
    assert sorted(filter(None, found)) == ["race@mail.example"]


async def test_guesses_at_once_are_not_more_than_five(committed):
    await kept(token := new_token(), "123456")
    await asyncio.gather(*(codes._spend(token, f"{n:06d}") for n in range(20)))
    async with open_scope(secret_scope(hash_token(token))):
        assert (await models.OneTimeCode.get(token_hash=hash_token(token))).tries == codes.MOST_TRIES
    assert await codes._spend(token, "123456") is None


@pytest.mark.parametrize(
    "typed",
    ["", "ann", "ann@", "@x.example", "ann@localhost", "a b@x.example", "ann@x.example\r\nBcc: b@x.example",
     "ann@x.example,bob@x.example", "12345", "91234567", "+0123456789", "+" + "9" * 16, "x" * 300],
)  # fmt: skip
async def test_what_is_no_address_is_said_at_the_field(world: World, typed):
    answer = await ask(world, typed)
    assert answer.status_code == 422
    inspect(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert world.control.get("/mail").json()["messages"] == []


def test_addresses_have_one_form(world: World):
    assert codes.read_address("ＡＮＮ@Mail.Example").value == "ann@mail.example"
    assert codes.read_address("138 0000 0001".replace(" ", "")).value == "+8613800000001"
    assert codes.read_address("(0044) 20 7946 0958").value == "+442079460958"


async def test_an_address_is_not_flooded(world: World):
    statuses = [(await ask(world, "ann@mail.example")).status_code for _ in range(4)]
    assert statuses == [303, 303, 303, 429]
    refused = await ask(world, "ANN@mail.example")
    assert int(refused.headers["retry-after"]) > 0
    inspect(refused.text)
    assert (await ask(world, "bob@mail.example")).status_code == 303
    assert len(world.control.get("/mail", params={"to": "ann@"}).json()["messages"]) == 3


async def test_one_visitor_cannot_ask_for_everybody(world: World):
    statuses = [(await ask(world, f"p{n}@mail.example")).status_code for n in range(21)]
    assert statuses == [303] * 20 + [429]


async def test_channels_that_are_off_are_said(world: World):
    runtime = tenants.runtime.runtime()
    tenants.runtime.use(replace(runtime, sms_url=""))
    assert "We cannot send text messages here" in (await ask(world, "+6591234567")).text
    tenants.runtime.use(replace(runtime, sms_url="", smtp_url=""))
    page = await world.client.get("/sign-in/code")
    inspect(page.text)
    assert "Sending codes is switched off here" in page.text
    assert "one-time code" not in (await world.client.get("/sign-in")).text


async def test_a_mail_server_that_is_down_is_calm(world: World):
    tenants.runtime.use(replace(tenants.runtime.runtime(), smtp_url="smtp://127.0.0.1:1"))
    answer = await ask(world, "ann@mail.example")
    assert answer.status_code == 503
    assert "could not send" in answer.text
    inspect(answer.text)


def test_a_stolen_table_tells_no_code(world: World):
    assert codes._hash("token", "123456") != codes._hash("other", "123456")
    assert len(codes._hash("token", "123456")) == 32
    assert datetime.now(UTC) + codes.LIFE < datetime.now(UTC) + timedelta(minutes=6)
