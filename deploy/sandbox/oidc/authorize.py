"""The authorization endpoint: check the request, decide whether the person must act, answer the client."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.oidc.model import ACRS, LEVELS, Provider, provider_of
from deploy.sandbox.oidc.tokens import acr_to_return, new_code
from deploy.sandbox.pages import go, page, with_query
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import new_id

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class Refused(Exception):
    """An error that goes back to the client's redirect address."""

    def __init__(self, code: str, description: str) -> None:
        """Say what is wrong."""
        super().__init__(description)
        self.code, self.description = code, description


@dataclass(frozen=True, slots=True)
class Wish:
    """A valid authorization request. `levels` are the assurance levels asked for, most wanted first."""

    client_id: str
    redirect_uri: str
    state: str | None
    nonce: str | None
    scope: str
    challenge: str
    prompt: list[str]
    max_age: int | None
    levels: list[int]
    is_level_essential: bool
    login_hint: str
    ui_locales: str | None

    @property
    def level(self) -> int:
        """The level to go for: the one named first."""
        return self.levels[0] if self.levels else 1

    def is_met_by(self, level: int) -> bool:
        """Whether the client can be given a yes: any listed level will do, and none is needed unless essential."""
        return not self.is_level_essential or level >= min(self.levels)


async def discovery(request: Request) -> Response:
    """The provider's metadata."""
    provider = provider_of(request)
    if provider is None:
        return JSONResponse({"error": "not_found"}, 404)
    iss = provider.issuer
    return JSONResponse(
        {
            "issuer": iss,
            "authorization_endpoint": f"{iss}/authorize",
            "token_endpoint": f"{iss}/token",
            "userinfo_endpoint": f"{iss}/userinfo",
            "jwks_uri": f"{iss}/jwks",
            "end_session_endpoint": f"{iss}/end_session",
            "scopes_supported": ["openid", "profile", "email", "phone", "enterprise"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": list(LEVELS.values()),
            "claims_supported": _CLAIMS,
            "claims_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "prompt_values_supported": ["none", "login", "select_account"],
            "ui_locales_supported": ["en", "zh-CN"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "frontchannel_logout_supported": True,
            "frontchannel_logout_session_supported": True,
        }
    )


_CLAIMS = [
    *("sub", "name", "email", "email_verified", "phone_number", "phone_number_verified", "customer_type"),
    *(
        "document_level",
        "acr",
        "amr",
        "auth_time",
        "sid",
        "staff_id",
        "bank",
        "enterprise_id",
        "enterprise_name",
    ),
    *("enterprise_uscc", "enterprise_legal_representative", "operator_role"),
]


async def jwks(request: Request) -> Response:
    """The public halves of the signing keys."""
    provider = provider_of(request)
    if provider is None:
        return JSONResponse({"error": "not_found"}, 404)
    return JSONResponse({"keys": [key.as_dict(private=False) for key in provider.signing_keys()]})


async def authorize(request: Request) -> Response:
    """Begin a sign-in, by GET or POST."""
    provider = provider_of(request)
    if provider is None:
        return page(
            request, "message.html", 404, title="Unknown bank", text="There is no bank at this address."
        )
    asked = {k: str(v) for k, v in (await request.form()).items()} if request.method == "POST" else None
    params = asked if asked is not None else dict(request.query_params)
    client = provider.client(params.get("client_id", ""))
    if client is None or params.get("redirect_uri") not in client["redirect_uris"]:
        text = "The application or its return address is not registered with the bank."
        return page(request, "message.html", 400, title="This sign-in cannot start", text=text)
    try:
        return _decide(request, provider, _wish(params))
    except Refused as refusal:
        return refuse(provider, params["redirect_uri"], params.get("state"), refusal)


def _decide(request: Request, provider: Provider, wish: Wish) -> Response:
    session = browser_session(request, provider)
    fits = session is not None and _is_enough(provider, session, wish)
    if "none" in wish.prompt and not fits:
        raise Refused("login_required", "Nobody is signed in as strongly and recently as asked.")
    if fits and session is not None and not {"login", "select_account"} & set(wish.prompt):
        return grant(provider, wish, session)
    return go(begin(provider, wish))


def _is_enough(provider: Provider, session: Doc, wish: Wish) -> bool:
    age = provider.now() - session["auth_time"]
    young = wish.max_age is None or age <= wish.max_age
    hinted = not wish.login_hint or wish.login_hint in session["hints"]
    return young and hinted and session["level"] >= wish.level


def begin(provider: Provider, wish: Wish) -> str:
    """Remember the request; the address where the person signs in."""
    interaction = new_id("", 32)
    provider.world.store.put("oidc.interaction", Row(interaction, {**asdict(wish), "bank": provider.slug}))
    locale = wish.ui_locales
    return with_query(f"/oidc/{provider.slug}/sign-in/{interaction}", ui_locales=locale)


def wish_of(interaction: Doc) -> Wish:
    """The request as it was remembered."""
    return Wish(**{name: interaction[name] for name in Wish.__slots__})


def browser_session(request: Request, provider: Provider) -> Doc | None:
    """Who is signed in at the bank in this browser."""
    key = request.cookies.get(provider.cookie, "")
    session = provider.world.store.get("oidc.session", key)
    return session if session is not None and session["bank"] == provider.slug else None


def grant(provider: Provider, wish: Wish, session: Doc) -> Response:
    """Send the browser back with a code."""
    if wish.client_id not in session["clients"]:
        session["clients"].append(wish.client_id)
        provider.world.store.save("oidc.session", session["key"], session)
    code = new_code(
        provider,
        client_id=wish.client_id,
        redirect_uri=wish.redirect_uri,
        challenge=wish.challenge,
        nonce=wish.nonce,
        scope=wish.scope,
        session=session["key"],
        acr=acr_to_return(session["level"], wish.levels),
    )
    return go(with_query(wish.redirect_uri, code=code, state=wish.state, iss=provider.issuer))


def refuse(provider: Provider, redirect_uri: str, state: str | None, refusal: Refused) -> Response:
    """Send the browser back with an error."""
    facts = {"error": refusal.code, "error_description": refusal.description}
    return go(with_query(redirect_uri, **facts, state=state, iss=provider.issuer))


def _wish(params: dict[str, str]) -> Wish:
    for name in ("request", "request_uri"):
        if name in params:
            raise Refused(f"{name}_not_supported", "Send plain parameters.")
    if params.get("response_type") != "code":
        raise Refused("unsupported_response_type", "Only code.")
    if "openid" not in params.get("scope", "").split():
        raise Refused("invalid_scope", "The scope must hold openid.")
    if params.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
        params.get("code_challenge", "")
    ):
        raise Refused("invalid_request", "PKCE with S256 is required.")
    prompt = params.get("prompt", "").split()
    if "none" in prompt and len(prompt) > 1:
        raise Refused("invalid_request", "prompt=none stands alone.")
    levels, essential = _levels(params)
    return Wish(
        client_id=params["client_id"],
        redirect_uri=params["redirect_uri"],
        state=params.get("state"),
        nonce=params.get("nonce"),
        scope=params["scope"],
        challenge=params["code_challenge"],
        prompt=prompt,
        max_age=_max_age(params.get("max_age")),
        levels=levels,
        is_level_essential=essential,
        login_hint=params.get("login_hint", ""),
        ui_locales=params.get("ui_locales"),
    )


def _max_age(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if not text.isdigit():
        raise Refused("invalid_request", "max_age is a number of seconds.")
    return int(text)


def _levels(params: dict[str, str]) -> tuple[list[int], bool]:
    claim = _acr_claim(params.get("claims", ""))
    values = claim.get("values") or [claim.get("value")]
    known = [ACRS[v] for v in values if v in ACRS]
    voluntary = [ACRS[v] for v in params.get("acr_values", "").split() if v in ACRS]
    return known or voluntary, bool(claim.get("essential")) and bool(known)


def _acr_claim(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        asked = json.loads(text)
        return dict((asked.get("id_token") or {}).get("acr") or {})
    except (ValueError, AttributeError, TypeError) as error:
        raise Refused("invalid_request", "The claims parameter is not valid JSON.") from error
