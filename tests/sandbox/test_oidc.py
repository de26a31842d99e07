import html
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sandbox.conftest import Receiver

CALLBACK = "http://app.example/callback"
ISSUER = "/oidc/harbour"
CLIENT = {
    "client_id": "app",
    "client_secret": "s3cret with space & more",
    "name": "The App",
    "redirect_uris": [CALLBACK],
    "post_logout_redirect_uris": ["http://app.example/bye"],
}
VERIFIER = generate_token(48)


@pytest.fixture(autouse=True)
def client(control: httpx.Client) -> None:
    control.post("/clients", json={"bank": "harbour", "clients": [CLIENT]}).raise_for_status()


def authorize(browser: httpx.Client, **extra: Any) -> httpx.Response:
    params = {
        "client_id": "app",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile",
        "state": "st",
        "nonce": "no",
        "code_challenge": create_s256_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
        **extra,
    }
    return browser.get(f"{ISSUER}/authorize", params={k: v for k, v in params.items() if v is not None})


def query(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith(CALLBACK)
    return {k: v[0] for k, v in parse_qs(urlsplit(response.headers["location"]).query).items()}


def pick(browser: httpx.Client, begun: httpx.Response, **form: str) -> httpx.Response:
    assert "/sign-in/" in begun.headers["location"]
    return browser.post(begun.headers["location"], data=form)


def redeem(browser: httpx.Client, code: str, **extra: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    secret = httpx.BasicAuth("app", "s3cret+with+space+%26+more")
    return browser.post(f"{ISSUER}/token", data={**form, **extra}, auth=secret)


def claims_of(browser: httpx.Client, id_token: str) -> CodeIDToken:
    keys = KeySet.import_key_set(browser.get(f"{ISSUER}/jwks").json())
    token = jwt.decode(id_token, keys, algorithms=["ES256"])
    return CodeIDToken(token.claims, token.header)


def sign_in(browser: httpx.Client, customer: str, **extra: Any) -> CodeIDToken:
    answer = query(pick(browser, authorize(browser, **extra), customer=customer))
    return claims_of(browser, redeem(browser, answer["code"]).json()["id_token"])


def test_the_whole_flow(browser: httpx.Client) -> None:
    meta = browser.get(f"{ISSUER}/.well-known/openid-configuration").json()
    begun = authorize(browser, login_hint="tan.meiling@mail.example")
    form = browser.get(begun.headers["location"]).text
    assert "Continue as" in form
    assert form.index('value="p-tan"') < form.index('value="staff-wen"')
    answer = query(pick(browser, begun, customer="p-tan"))
    assert (answer["state"], answer["iss"]) == ("st", meta["issuer"])
    tokens = redeem(browser, answer["code"]).json()
    claims = claims_of(browser, tokens["id_token"])
    claims.options = {"iss": {"value": meta["issuer"]}, "aud": {"value": "app"}}
    claims.params = {"nonce": "no", "access_token": tokens["access_token"]}
    claims.validate(leeway=5)
    assert claims["name"] == "Tan Mei Ling"
    assert claims["customer_type"] == "personal"
    assert claims["acr"] == "urn:scenario:loa:2"
    assert claims["phone_number"].startswith("+86")
    assert claims["sid"]
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(f"{ISSUER}/userinfo", headers=bearer).json()["sub"] == "p-tan"


def test_a_code_is_spent_once_and_its_replay_revokes_the_token(browser: httpx.Client) -> None:
    code = query(pick(browser, authorize(browser), customer="p-tan"))["code"]
    first = redeem(browser, code).json()
    assert redeem(browser, code).json()["error"] == "invalid_grant"
    bearer = {"Authorization": f"Bearer {first['access_token']}"}
    assert browser.get(f"{ISSUER}/userinfo", headers=bearer).status_code == 401


@pytest.mark.parametrize(
    "wrong", [{"code_verifier": "x" * 43}, {"redirect_uri": "http://other.example/"}, {"code": "nonsense"}]
)
def test_a_wrong_exchange_is_refused(browser: httpx.Client, wrong: dict[str, str]) -> None:
    code = query(pick(browser, authorize(browser), customer="p-tan"))["code"]
    answer = redeem(browser, wrong.pop("code", code), **wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_wrong_secret_is_refused(browser: httpx.Client) -> None:
    answer = browser.post(f"{ISSUER}/token", data={"grant_type": "authorization_code"}, auth=("app", "no"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("extra", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"prompt": "none"}, "login_required"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
    ],
)
def test_bad_requests_go_back_with_state_and_issuer(
    browser: httpx.Client, extra: dict[str, Any], error: str
) -> None:
    answer = query(authorize(browser, **extra))
    assert (answer["error"], answer["state"]) == (error, "st")
    assert answer["iss"].endswith(ISSUER)


def test_an_unregistered_redirect_is_never_followed(browser: httpx.Client) -> None:
    answer = authorize(browser, redirect_uri=CALLBACK + "/")
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_single_sign_on_and_prompt_login(browser: httpx.Client) -> None:
    first = sign_in(browser, "p-tan")
    again = claims_of(
        browser, redeem(browser, query(authorize(browser, prompt="none"))["code"]).json()["id_token"]
    )
    assert (again["sid"], again["auth_time"]) == (first["sid"], first["auth_time"])
    assert "/sign-in/" in authorize(browser, prompt="login").headers["location"]
    assert "/sign-in/" in authorize(browser, login_hint="staff-wen").headers["location"]


def test_max_age_asks_again_and_keeps_the_session(browser: httpx.Client) -> None:
    first = sign_in(browser, "p-tan")
    time.sleep(2)
    assert query(authorize(browser, prompt="none", max_age="1"))["error"] == "login_required"
    second = sign_in(browser, "p-tan", max_age="1")
    assert second["sid"] == first["sid"]
    assert second["auth_time"] >= first["auth_time"] + 2


def test_tokens_keep_real_time_when_the_clock_is_moved(browser: httpx.Client, control: httpx.Client) -> None:
    control.post("/clock", json={"advance_seconds": 10**6})
    assert abs(sign_in(browser, "p-tan")["iat"] - time.time()) < 5


EITHER = '{"id_token": {"acr": {"essential": true, "values": ["urn:scenario:loa:3", "urn:scenario:loa:2"]}}}'


def test_any_of_several_essential_levels_will_do(browser: httpx.Client) -> None:
    begun = authorize(browser, claims=EITHER)
    pick(browser, begun, customer="p-tan")
    answer = query(pick(browser, begun, act="without_key"))
    claims = claims_of(browser, redeem(browser, answer["code"]).json()["id_token"])
    assert claims["acr"] == "urn:scenario:loa:2"


def test_a_stronger_login_takes_one_more_click(browser: httpx.Client) -> None:
    begun = authorize(browser, acr_values="urn:scenario:loa:3")
    step = pick(browser, begun, customer="staff-wen")
    assert step.headers["location"].split("?")[0] == begun.headers["location"].split("?")[0]
    assert "bank key" in browser.get(begun.headers["location"]).text
    claims = claims_of(
        browser, redeem(browser, query(pick(browser, begun, act="key"))["code"]).json()["id_token"]
    )
    assert claims["acr"] == "urn:scenario:loa:3"
    assert (claims["staff_id"], claims["bank"]) == ("H0107", "harbour")


ESSENTIAL = '{"id_token": {"acr": {"essential": true, "values": ["urn:scenario:loa:3"]}, "auth_time": null}}'


def test_an_essential_level_that_is_not_reached_is_an_error(browser: httpx.Client) -> None:
    begun = authorize(browser, claims=ESSENTIAL)
    pick(browser, begun, customer="p-tan")
    answer = query(pick(browser, begun, act="without_key"))
    assert answer["error"] == "unmet_authentication_requirements"


def test_a_person_without_a_key_cannot_pretend(browser: httpx.Client) -> None:
    begun = authorize(browser, acr_values="urn:scenario:loa:3")
    pick(browser, begun, customer="p-tan")
    assert "/sign-in/" in pick(browser, begun, act="key").headers["location"]


def company(control: httpx.Client) -> None:
    def mandate(number: int, role: str) -> dict[str, str]:
        return {
            "enterprise_id": f"ent-{number}",
            "enterprise_name": f"Enterprise {number}",
            "enterprise_uscc": f"USCC{number}",
            "enterprise_legal_representative": "Lin",
            "operator_role": role,
        }

    people = [
        {
            "id": "op-2",
            "kind": "company",
            "name": "Op Two",
            "mandates": [mandate(1, "maker"), mandate(2, "authoriser")],
        }
    ]
    control.post("/customers", json={"bank": "harbour", "customers": people}).raise_for_status()


def test_several_mandates_are_chosen_from_and_another_is_another_session(
    browser: httpx.Client, control: httpx.Client
) -> None:
    company(control)
    begun = authorize(browser)
    pick(browser, begun, customer="op-2")
    assert "Enterprise 2" in browser.get(begun.headers["location"]).text
    code = query(pick(browser, begun, enterprise="ent-2"))["code"]
    claims = claims_of(browser, redeem(browser, code).json()["id_token"])
    assert (claims["enterprise_id"], claims["operator_role"]) == ("ent-2", "authoriser")
    assert claims["enterprise_uscc"] == "USCC2"
    again = authorize(browser, prompt="login")
    pick(browser, again, customer="op-2")
    other = claims_of(
        browser, redeem(browser, query(pick(browser, again, enterprise="ent-1"))["code"]).json()["id_token"]
    )
    assert other["enterprise_id"] == "ent-1"
    assert other["sid"] != claims["sid"]


def test_thousands_of_customers_are_registered_and_found(
    browser: httpx.Client, control: httpx.Client
) -> None:
    people = [
        {"id": f"r{n}", "kind": "personal", "name": f"Resident {n}", "phone": f"+86{n}"} for n in range(3000)
    ]
    answer = control.post("/customers", json={"bank": "harbour", "customers": people})
    assert answer.json() == {"count": 3000}
    begun = authorize(browser)
    assert "Resident 2999" not in browser.get(begun.headers["location"]).text
    assert "Resident 2999" in browser.get(begun.headers["location"], params={"q": "resident 2999"}).text
    assert "2953 more" in browser.get(begun.headers["location"]).text


@pytest.mark.parametrize(
    "person",
    [
        {"id": "x", "kind": "robot", "name": "X"},
        {"id": "x", "kind": "company", "name": "X"},
        {"id": "x", "kind": "personal"},
        {"id": "x", "kind": "personal", "name": "X", "level": 9},
        {"id": "x", "kind": "personal", "name": "X", "shoe_size": 44},
    ],
)
def test_wrong_customers_are_refused(control: httpx.Client, person: dict[str, Any]) -> None:
    assert control.post("/customers", json={"bank": "harbour", "customers": [person]}).status_code == 422


def test_the_pages_speak_chinese(browser: httpx.Client) -> None:
    begun = authorize(browser, ui_locales="zh-CN")
    text = browser.get(begun.headers["location"]).text
    assert 'lang="zh-CN"' in text
    assert "海港银行" in text
    assert not re.search(r"<script|style=|\son\w+=", text)
    assert (
        "登录" in browser.get(begun.headers["location"].split("?")[0], headers={"Accept-Language": "zh"}).text
    )


def test_logout_by_the_application(browser: httpx.Client) -> None:
    code = query(pick(browser, authorize(browser), customer="p-tan"))["code"]
    hint = redeem(browser, code).json()["id_token"]
    params = {"id_token_hint": hint, "post_logout_redirect_uri": "http://app.example/bye", "state": "z"}
    answer = browser.get(f"{ISSUER}/end_session", params=params)
    assert answer.headers["location"] == "http://app.example/bye?state=z"
    assert query(authorize(browser, prompt="none"))["error"] == "login_required"


def test_logout_without_a_hint_asks_first_and_goes_nowhere_unregistered(browser: httpx.Client) -> None:
    sign_in(browser, "p-tan")
    params = {"post_logout_redirect_uri": "http://evil.example/", "client_id": "app"}
    asked = browser.get(f"{ISSUER}/end_session", params=params)
    assert "Do you want to sign out" in asked.text
    assert "code" in query(authorize(browser, prompt="none"))
    done = browser.post(f"{ISSUER}/end_session", data={**params, "confirmed": "yes"})
    assert done.status_code == 200
    assert query(authorize(browser, prompt="none"))["error"] == "login_required"


def test_back_channel_logout(browser: httpx.Client, control: httpx.Client, receiver: Receiver) -> None:
    body = {"bank": "harbour", "clients": [{**CLIENT, "backchannel_logout_uri": receiver.url + "/out"}]}
    control.post("/clients", json=body)
    claims = sign_in(browser, "p-tan")
    assert control.post("/oidc/logout", json={"bank": "harbour", "customer": "p-tan"}).json() == {"ended": 1}
    form = parse_qs(receiver.wait(1)[0].body.decode())
    keys = KeySet.import_key_set(browser.get(f"{ISSUER}/jwks").json())
    token = jwt.decode(form["logout_token"][0], keys, algorithms=["ES256"])
    assert token.header["typ"] == "logout+jwt"
    assert (token.claims["sid"], token.claims["sub"], token.claims["aud"]) == (claims["sid"], "p-tan", "app")
    assert "nonce" not in token.claims
    assert list(token.claims["events"]) == ["http://schemas.openid.net/event/backchannel-logout"]


def test_front_channel_logout(browser: httpx.Client, control: httpx.Client) -> None:
    """The bank's own sign-out page opens what the applications of the session have registered, and nothing else."""
    uri = "http://app.example/ended?bank=harbour"
    control.post(
        "/clients", json={"bank": "harbour", "clients": [{**CLIENT, "frontchannel_logout_uri": uri}]}
    )
    claims = sign_in(browser, "p-tan")
    done = browser.post(f"{ISSUER}/end_session", data={"confirmed": "yes"})
    (src,) = re.findall(r'<iframe src="([^"]+)"', done.text)
    assert parse_qs(urlsplit(html.unescape(src)).query) == {
        "bank": ["harbour"],
        "iss": [browser.get(f"{ISSUER}/.well-known/openid-configuration").json()["issuer"]],
        "sid": [claims["sid"]],
    }
    assert done.headers["content-security-policy"].endswith("; frame-src http://app.example")
    again = browser.post(f"{ISSUER}/end_session", data={"confirmed": "yes"})
    assert "iframe" not in again.text


def test_a_new_key_signs_and_the_old_stays_published(browser: httpx.Client, control: httpx.Client) -> None:
    before = sign_in(browser, "p-tan").header["kid"]
    control.post("/oidc/rotate-key", json={"bank": "harbour"})
    after = sign_in(browser, "p-tan", prompt="login").header["kid"]
    assert before != after
    assert {k["kid"] for k in browser.get(f"{ISSUER}/jwks").json()["keys"]} == {before, after}
    assert not any("d" in key for key in browser.get(f"{ISSUER}/jwks").json()["keys"])


def test_whoever_picked_the_wrong_person_chooses_again(browser: httpx.Client) -> None:
    begun = authorize(browser, acr_values="urn:scenario:loa:3")
    pick(browser, begun, customer="staff-wen")
    assert "/sign-in/" in pick(browser, begun, act="restart").headers["location"]
    assert "Zhao Min" in browser.get(begun.headers["location"]).text
    pick(browser, begun, customer="staff-zhao")
    answer = query(pick(browser, begun, act="key"))
    claims = claims_of(browser, redeem(browser, answer["code"]).json()["id_token"])
    assert claims["sub"] == "staff-zhao"


def test_a_person_may_cancel(browser: httpx.Client) -> None:
    assert query(pick(browser, authorize(browser), act="cancel"))["error"] == "access_denied"
