"""Whether somebody is let straight in, sent to their bank, asked something, or refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tenants.models import Membership, Role, Session
from tenants.scope import open_scope, person_scope, tenant_scope
from tests import make
from tests.integrations.provider.conftest import BACK, HERE, install, listed, query_of
from tests.page import inspect, text_of


def back_of(answer) -> dict[str, str]:
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(BACK), answer.headers["location"]
    return query_of(answer.headers["location"])


def next_of(answer) -> str:
    assert answer.status_code == 303, answer.text
    return query_of(answer.headers["location"])["next"]


async def test_nobody_goes_to_the_bank_and_comes_back_to_the_same_request(world):
    world.client.cookies.clear()
    answer = await world.authorize(login_hint="mei@bank.example", state="kept")
    assert answer.headers["location"].startswith("/sign-in?next=%2Foauth%2Fauthorize")
    assert query_of(answer.headers["location"])["login_hint"] == "mei@bank.example"
    await world.sign_in()
    back = back_of(await world.client.get(next_of(answer)))
    assert back["state"] == "kept"
    assert (await world.redeem(back["code"])).status_code == 200


@pytest.mark.parametrize("other", [{}, {"id_token_hint": "garbage"}, {"max_age": "0"}])
async def test_silently_nobody_is_sent_anywhere(world, other):
    world.client.cookies.clear()
    back = back_of(await world.authorize(prompt="none", **other))
    assert (back["error"], back["iss"], back["state"]) == ("login_required", HERE, "st")


async def test_silently_whoever_is_signed_in_is_let_in(world):
    assert "code" in back_of(await world.authorize(prompt="none"))


async def test_a_login_that_is_demanded_has_to_be_new_and_cannot_go_round(world):
    answer = await world.authorize(prompt="login")
    assert answer.headers["location"].startswith("/sign-in/confirm?")
    unchanged = await world.client.get(next_of(answer))
    assert unchanged.headers["location"].startswith("/sign-in/confirm?"), (
        "coming back as before is not enough"
    )
    back = back_of(await world.client.get(next_of(unchanged)))
    assert back["error"] == "unmet_authentication_requirements"
    over = await world.client.get(next_of(unchanged))
    assert over.status_code == 400, "and the request is over"


async def test_a_login_that_was_demanded_and_done_lets_in(world):
    answer = await world.authorize(prompt="login")
    await world.sign_in()
    assert "code" in back_of(await world.client.get(next_of(answer)))


async def test_a_banks_clock_may_be_a_little_slow(world):
    answer = await world.authorize(prompt="login")
    await world.sign_in(at=datetime.now(UTC) - timedelta(seconds=30))
    assert "code" in back_of(await world.client.get(next_of(answer)))


async def test_max_age_counts_from_the_sign_in(world):
    await world.sign_in(at=datetime.now(UTC) - timedelta(seconds=100))
    assert "code" in back_of(await world.authorize(max_age="200"))
    assert (await world.authorize(max_age="50")).headers["location"].startswith("/sign-in/confirm?")
    assert back_of(await world.authorize(max_age="50", prompt="none"))["error"] == "login_required"
    tokens = await world.tokens(max_age="200")
    claims = await world.claims(tokens["id_token"])
    assert 95 < datetime.now(UTC).timestamp() - claims["auth_time"] < 110


@pytest.mark.parametrize(
    "wish",
    [
        {"acr_values": "urn:scenario:loa:3"},
        {"acr_values": "urn:nobody:knows urn:scenario:loa:3"},
        {"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:scenario:loa:3"]}}})},
        {"claims": json.dumps({"id_token": {"acr": {"value": "urn:scenario:loa:3"}}})},
    ],
)
async def test_a_stronger_sign_in_is_asked_for_once(world, wish):
    await world.sign_in(level=2)
    answer = await world.authorize(**wish)
    assert answer.headers["location"].endswith("&level=3")
    await world.sign_in(level=3)
    claims = (await world.redeem(back_of(await world.client.get(next_of(answer)))["code"])).json()
    assert (await world.claims(claims["id_token"]))["acr"] == "urn:scenario:loa:3"


async def test_the_least_of_several_levels_is_enough(world):
    await world.sign_in(level=2)
    assert "code" in back_of(await world.authorize(acr_values="urn:scenario:loa:3 urn:scenario:loa:2"))


async def test_an_installation_may_ask_for_more_than_the_app(world, bank):
    made = await listed(bank)
    await install(made, world.tenant, min_level=3)
    await world.sign_in(level=2)
    answer = await world.authorize(made)
    assert answer.headers["location"].endswith("&level=3")
    assert back_of(await world.authorize(made, prompt="none"))["error"] == "login_required"
    again = await world.client.get(next_of(answer))
    back = back_of(await world.client.get(next_of(again)))
    assert back["error"] == "unmet_authentication_requirements"


async def test_a_strong_sign_in_is_not_strong_for_ever(world, bank):
    """Level 3 counts for a quarter of an hour, level 2 for eight hours."""
    await world.sign_in(level=3, at=datetime.now(UTC) - timedelta(minutes=16))
    assert (await world.claims((await world.tokens())["id_token"]))["acr"] == "urn:scenario:loa:2"
    made = await listed(bank)
    await install(made, world.tenant, min_level=3)
    assert (await world.authorize(made)).headers["location"].endswith("&level=3")
    await world.sign_in(level=3, at=datetime.now(UTC) - timedelta(hours=9))
    assert (await world.claims((await world.tokens())["id_token"]))["acr"] == "urn:scenario:loa:1"


async def test_a_hint_at_somebody_else_lets_them_sign_in_once(world):
    other = await make.staff(world.tenant, "finance", "Bo Li")
    hint = (await world.tokens())["id_token"]
    await world.sign_in(other)
    assert back_of(await world.authorize(id_token_hint=hint, prompt="none"))["error"] == "login_required"
    answer = await world.authorize(id_token_hint=hint)
    assert answer.headers["location"].startswith("/sign-in?")
    assert back_of(await world.client.get(next_of(answer)))["error"] == "login_required", "still the other"
    answer = await world.authorize(id_token_hint=hint)
    await world.sign_in()
    assert "code" in back_of(await world.client.get(next_of(answer)))


async def test_a_hint_of_another_app_is_no_hint(world, bank):
    made = await listed(bank)
    await install(made, world.tenant)
    foreign = (await world.tokens(made))["id_token"]
    assert back_of(await world.authorize(id_token_hint=foreign, prompt="none"))["error"] == "login_required"


async def test_a_subject_that_is_demanded_is_that_or_nobody(world):
    own = (await world.claims((await world.tokens())["id_token"]))["sub"]
    for sub, name in ((own, "code"), ("somebody", "error")):
        claims = json.dumps({"id_token": {"sub": {"value": sub}}})
        assert name in back_of(await world.authorize(claims=claims, prompt="none"))


async def test_an_app_that_is_not_installed_is_not_open(world, bank):
    stranger = await listed(bank)
    assert back_of(await world.authorize(stranger))["error"] == "access_denied"
    assert back_of(await world.authorize(stranger, prompt="none"))["error"] == "access_denied"


async def test_three_people(world):
    """The administrator is let in above; a colleague without the role and a stranger are not."""
    colleague = await make.staff(world.tenant, "cashier", "Cai Wen")
    await world.sign_in(colleague)
    assert back_of(await world.authorize())["error"] == "access_denied"
    stranger = await make.person("Somebody")
    await make.sign_in(world.client, stranger.id)
    assert back_of(await world.authorize())["error"] == "access_denied"


async def two_places(world, bank):
    second = await make.tenant(bank)
    await install(world.made, second)
    async with open_scope(tenant_scope(second.id)):
        role = await Role.get(tenant_id=second.id, key="administrator")
        await Membership.create(
            tenant_id=second.id,
            person_id=world.staff.person_id,
            role_id=role.id,
            name="Mei",
            email="m@example.com",
        )
    return second


async def test_one_of_several_institutions_is_chosen(world, bank):
    second = await two_places(world, bank)
    assert back_of(await world.authorize(prompt="none"))["error"] == "interaction_required"
    page = await world.authorize(scope="openid tenant")
    forms = [f for f in inspect(page.text).iter("form") if f.get("action") == "/sign-on/answers"]
    assert {world.tenant.short_name, second.short_name} == {text_of(form) for form in forms}
    chosen = {
        field.get("name"): field.get("value")
        for form in forms
        if text_of(form) == second.short_name
        for field in form.iter("input")
    }
    answer = await world.client.post("/sign-on/answers", data=chosen)
    back = back_of(await world.client.get(answer.headers["location"]))
    tokens = (await world.redeem(back["code"])).json()
    assert (await world.userinfo(tokens["access_token"])).json()["tenant"] == str(second.id)


async def test_the_hint_of_an_earlier_sign_in_finds_its_institution(world, bank):
    hint = (await world.tokens())["id_token"]
    await two_places(world, bank)
    claims = await world.claims((await world.tokens(id_token_hint=hint, prompt="none"))["id_token"])
    assert claims["sub"] == (await world.claims(hint))["sub"]


async def test_a_choice_is_the_choosers_alone(world, bank):
    """Somebody who gets hold of the waiting request does not inherit what another person chose."""
    await two_places(world, bank)
    form = inspect((await world.authorize(prompt="consent")).text).find(".//form[@action='/sign-on/answers']")
    chosen = {f.get("name"): f.get("value") for f in form.iter("input")} | {"answer": "yes"}
    answer = await world.client.post("/sign-on/answers", data=chosen)
    other = await make.staff(world.tenant, "finance", "Bo Li")
    await world.sign_in(other)
    page = await world.client.get(answer.headers["location"])
    assert page.status_code == 200
    assert "Sign in to" in page.text


async def test_consent_shows_what_is_told_and_takes_no_for_an_answer(world):
    page = await world.authorize(prompt="consent", scope="openid profile email")
    shown = text_of(inspect(page.text).find(".//main"))
    assert "E-mail" in shown
    assert world.tenant.short_name in shown
    form = inspect(page.text).find(".//form[@action='/sign-on/answers']")
    kept = {f.get("name"): f.get("value") for f in form.iter("input")}
    for answer, name in (("no", "error"), ("yes", "code")):
        if answer == "yes":
            page = await world.authorize(prompt="consent")
            form = inspect(page.text).find(".//form[@action='/sign-on/answers']")
            kept = {f.get("name"): f.get("value") for f in form.iter("input")}
        sent = await world.client.post("/sign-on/answers", data=kept | {"answer": answer})
        assert name in back_of(await world.client.get(sent.headers["location"]))


async def test_the_apps_language_is_spoken_to_whoever_chose_none(world):
    world.client.cookies.clear()
    answer = await world.authorize(ui_locales="fr zh-CN")
    assert "lang=zh_CN" in answer.headers["set-cookie"]
    world.client.cookies.set("lang", "en")
    answer = await world.authorize(ui_locales="zh-CN")
    assert "lang=" not in answer.headers.get("set-cookie", "")


async def test_a_launch_from_our_pages_says_where_and_is_good_once(world, bank):
    await two_places(world, bank)
    await world.launch("a launch value", place="drafts", context={"record": {"kind": "bill", "id": "b-1"}})
    code = back_of(await world.authorize(launch="a launch value", prompt="none"))["code"]
    tokens = (await world.redeem(code)).json()
    assert tokens["launch"] == {"place": "drafts", "record": {"kind": "bill", "id": "b-1"}}
    assert (await world.introspect(tokens["access_token"]))["launch"] == tokens["launch"]
    assert (
        back_of(await world.authorize(launch="a launch value", prompt="none"))["error"] == "invalid_request"
    )


async def test_a_launch_is_for_the_person_who_was_on_our_page(world):
    other = await make.staff(world.tenant, "finance", "Bo Li")
    await world.launch("a launch value")
    await world.sign_in(other)
    assert back_of(await world.authorize(launch="a launch value"))["error"] == "invalid_request"


async def test_a_session_of_a_one_time_code_is_not_sent_to_confirm_at_a_bank_it_has_not(world, bank):
    made = await listed(bank)
    await install(made, world.tenant, min_level=2)
    await make.sign_in(world.client, world.staff.person_id, level=1)
    async with open_scope(person_scope(world.staff.person_id)):
        await Session.filter(person_id=world.staff.person_id).update(method="code")
    assert (await world.authorize(made)).headers["location"].startswith("/sign-in?")
