"""Claims and signed tokens, and the token and userinfo endpoints."""

import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import unquote_plus

from joserfc import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.oidc.model import LEVELS, Provider, provider_of
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import new_id

_TOKEN_SECONDS = 300
_NO_STORE = {"Cache-Control": "no-store"}


class TokenError(Exception):
    """A refused token request: the OAuth error code and the status."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        """Say what is wrong."""
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


def sign(provider: Provider, claims: Doc, typ: str = "JWT") -> str:
    """A compact JWS over the claims, ES256, with the current key."""
    key = provider.signing_keys()[-1]
    return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": typ}, claims, key, algorithms=["ES256"])


def person_claims(provider: Provider, customer: Doc, mandate: Doc | None) -> Doc:
    """What the bank has verified about the person, and about the enterprise that they act for."""
    claims: Doc = {
        "sub": customer["id"],
        "name": customer["name"],
        "customer_type": customer["kind"],
        "document_level": customer["document_level"],
    }
    if customer["email"]:
        claims |= {"email": customer["email"], "email_verified": True}
    if customer["phone"]:
        claims |= {"phone_number": customer["phone"], "phone_number_verified": True}
    if customer["kind"] == "staff":
        claims |= {"staff_id": customer["staff_id"], "bank": provider.slug}
    return claims | (mandate or {})


def acr_to_return(level: int, wanted: list[int]) -> str:
    """The level reached; when levels were listed, the highest listed one that it covers."""
    covered = [w for w in wanted if w <= level]
    return LEVELS[level if level in wanted or not covered else max(covered)]


def session_person(provider: Provider, session: Doc) -> Doc:
    """Claims of whoever is signed in; the customer as registered now."""
    customer = provider.customer(session["customer"])
    if customer is None:
        raise TokenError("invalid_grant", "The customer no longer exists.")
    mandate = next((m for m in customer["mandates"] if m["enterprise_id"] == session["enterprise_id"]), None)
    return person_claims(provider, customer, mandate)


async def token(request: Request) -> Response:
    """Exchange a code for tokens."""
    provider = provider_of(request)
    if provider is None:
        return JSONResponse({"error": "not_found"}, 404)
    form = await request.form()
    try:
        client = _authenticated(provider, request)
        answer = _exchange(provider, client, {k: str(v) for k, v in form.items()})
    except TokenError as error:
        body = {"error": error.code, "error_description": error.description}
        extra = {"WWW-Authenticate": "Basic"} if error.status == 401 else {}  # noqa: PLR2004
        return JSONResponse(body, error.status, {**_NO_STORE, **extra})
    return JSONResponse(answer, headers=_NO_STORE)


def _authenticated(provider: Provider, request: Request) -> Doc:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name = secret = ""
    client = provider.client(unquote_plus(name)) if scheme.lower() == "basic" else None
    if client is None or not _is_secret(str(client["client_secret"]), secret):
        raise TokenError("invalid_client", "Use client_secret_basic with the registered secret.", 401)
    return client


def _is_secret(known: str, given: str) -> bool:
    """RFC 6749 form-encodes the secret first; many clients do not, so both are taken."""
    same = [hmac.compare_digest(known.encode(), form.encode()) for form in (given, unquote_plus(given))]
    return any(same)


def _exchange(provider: Provider, client: Doc, form: dict[str, str]) -> Doc:
    if form.get("grant_type") != "authorization_code":
        raise TokenError("unsupported_grant_type", "Only authorization_code.")
    code = _spend(provider, form.get("code", ""))
    if code["client_id"] != client["client_id"] or code["redirect_uri"] != form.get("redirect_uri"):
        raise TokenError("invalid_grant", "The code was given to another client or redirect address.")
    if not hmac.compare_digest(
        code["challenge"].encode(), _challenge(form.get("code_verifier", "")).encode()
    ):
        raise TokenError("invalid_grant", "The code verifier does not match.")
    session = provider.world.store.get("oidc.session", code["session"])
    if session is None:
        raise TokenError("invalid_grant", "The sign-in has ended.")
    return _issue(provider, code, session)


def _spend(provider: Provider, value: str) -> Doc:
    store = provider.world.store
    used = store.get("oidc.spent", _digest(value))
    if used is not None:
        store.delete("oidc.access", used["access"])
        raise TokenError("invalid_grant", "The code was used before; its token is revoked.")
    code = store.take("oidc.code", _digest(value))
    if code is None or code["bank"] != provider.slug or code["expires"] < provider.now():
        raise TokenError("invalid_grant", "The code is unknown or too old.")
    return {**code, "digest": _digest(value)}


def _issue(provider: Provider, code: Doc, session: Doc) -> Doc:
    world, access = provider.world, new_id("at_", 40)
    now = provider.now()
    claims = session_person(provider, session) | {
        "iss": provider.issuer,
        "aud": code["client_id"],
        "iat": now,
        "exp": now + _TOKEN_SECONDS,
        "auth_time": session["auth_time"],
        "acr": code["acr"],
        "amr": ["pwd", "hwk"] if session["level"] == max(LEVELS) else ["pwd"],
        "sid": session["sid"],
        "at_hash": _half_hash(access),
    }
    if code["nonce"]:
        claims["nonce"] = code["nonce"]
    kept = {"bank": provider.slug, "session": code["session"], "expires": now + _TOKEN_SECONDS}
    world.store.put("oidc.access", Row(_digest(access), kept))
    world.store.put("oidc.spent", Row(code["digest"], {"access": _digest(access)}))
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": _TOKEN_SECONDS,
        "scope": code["scope"],
        "id_token": sign(provider, claims),
    }


async def userinfo(request: Request) -> Response:
    """What the bank has verified, for the holder of an access token (header, or form body)."""
    provider = provider_of(request)
    if provider is None:
        return JSONResponse({"error": "not_found"}, 404)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if request.method == "POST" and not value:
        scheme, value = "bearer", str((await request.form()).get("access_token", ""))
    kept = provider.world.store.get("oidc.access", _digest(value)) if scheme.lower() == "bearer" else None
    session = _live_session(provider, kept)
    if session is None:
        return JSONResponse(
            {"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )
    return JSONResponse(session_person(provider, session), headers=_NO_STORE)


def _live_session(provider: Provider, kept: Doc | None) -> Doc | None:
    if kept is None or kept["bank"] != provider.slug or kept["expires"] < provider.now():
        return None
    return provider.world.store.get("oidc.session", kept["session"])


def new_code(provider: Provider, **facts: Any) -> str:
    """A code for one use within a minute."""
    value = new_id("", 43)
    facts |= {"bank": provider.slug, "expires": provider.now() + 60}
    provider.world.store.put("oidc.code", Row(_digest(value), facts))
    return value


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _half_hash(value: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()
