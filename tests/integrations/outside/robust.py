"""schemathesis asks every endpoint for whatever it can think of: whatever it is, the answer is never a 5xx."""

import schemathesis
from browsing import TOLD, done
from hypothesis import HealthCheck, Phase, given, settings

TEXT = {"type": "string"}
NAMES = {
    "authorize": [
        *(
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
            "nonce",
            "prompt",
            "max_age",
            "claims",
        ),
        *("code_challenge", "code_challenge_method", "request", "request_uri", "id_token_hint", "acr_values"),
        *("ui_locales", "login_hint", "response_mode", "launch", "dpop_jkt", "registration"),
    ],
    "token": [
        *("grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "client_id", "scope"),
        *("client_assertion", "client_assertion_type", "client_secret"),
    ],
    "par": [
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "client_assertion",
        "client_assertion_type",
    ],
    "introspect": ["token", "token_type_hint", "client_id"],
    "revoke": ["token", "token_type_hint", "client_id"],
    "userinfo": ["access_token"],
    "logout": ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint"],
}
BY_ADDRESS = {"authorize": ("get", "post"), "logout": ("get", "post"), "userinfo": ("get", "post")}
KNOWN = {
    "client_id": [TOLD["apps"]["basic"]["client_id"]],
    "redirect_uri": [TOLD["apps"]["basic"]["redirect_uri"]],
    "response_type": ["code", "token"],
    "scope": ["openid", "openid email"],
    "grant_type": ["authorization_code", "refresh_token"],
    "code_challenge_method": ["S256", "plain"],
    "code_challenge": ["x" * 43],
    "client_assertion_type": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
}


def value_of(name: str) -> dict:
    return {"anyOf": [{"enum": KNOWN[name]}, TEXT]} if name in KNOWN else TEXT


def operation(path: str, method: str) -> dict:
    headers = [{"name": name, "in": "header", "schema": TEXT} for name in ("Authorization", "DPoP")]
    if method == "get":
        fields = [{"name": name, "in": "query", "schema": value_of(name)} for name in NAMES[path]]
        return {"parameters": [*headers, *fields], "responses": {"200": {"description": "fine"}}}
    form = {"type": "object", "properties": {name: value_of(name) for name in NAMES[path]}}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    return {"parameters": headers, "requestBody": body, "responses": {"200": {"description": "fine"}}}


SCHEMA = {
    "openapi": "3.0.3",
    "info": {"title": "OpenID provider", "version": "1"},
    "paths": {
        f"/oauth/{path}": {method: operation(path, method) for method in BY_ADDRESS.get(path, ("post",))}
        for path in NAMES
    },
}
EACH = settings(
    max_examples=TOLD["examples"],
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
schema = schemathesis.openapi.from_dict(SCHEMA)
statuses: dict[str, int] = {}
failed: list[str] = []

for result in schema.get_all_operations():
    found = result.ok()

    @EACH
    @given(case=found.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        cookies = {"session": TOLD["cookie"]}
        answer = case.call(base_url=TOLD["issuer"], cookies=cookies, allow_redirects=False, timeout=10)
        statuses[str(answer.status_code)] = statuses.get(str(answer.status_code), 0) + 1
        if answer.status_code >= 500:
            failed.append(f"{answer.status_code} {case.as_curl_command()}")

    ask()
done(statuses=statuses, failed=failed)
