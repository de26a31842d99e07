"""How an app proves that it is itself: its secret in the header, or a token signed with its key (RFC 7523)."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from joserfc import jws, jwt
from joserfc.errors import JoseError

from integrations.provider import lives
from integrations.provider.asked import Asked
from integrations.provider.bridge import wait
from integrations.provider.lti.words import PROTOCOL as LTI
from integrations.provider.relying import App, keys_of
from integrations.provider.smart import PROTOCOL as SMART
from integrations.sign_in.flow import once
from tenants.runtime import runtime

ALGORITHMS = ("PS256", "ES256", "EdDSA", "Ed25519")
OTHERS = {LTI: ("RS256",), SMART: ("RS384", "ES384")}
"""IMS Security Framework 1.0, 5.1.1.3; SMART App Launch 2.2, client-confidential-asymmetric."""
METHODS = ["private_key_jwt", "client_secret_basic", "none"]
LONGEST = 8000
Query = Callable[[str], App | None]


def named(asked: Asked) -> str:
    """Return who a request says it is from, before any of it is believed, so that its keys can be fetched first.

    Raises:
        InvalidRequestError: when it says it in two ways.
    """
    basic, _ = basic_of(asked)
    assertion = asked.form.get("client_assertion", "")
    if basic and assertion:
        raise InvalidRequestError("An app proves itself in one way at a time.")
    return basic or str(unproven(assertion)[1].get("sub") or "") or asked.form.get("client_id", "")


def basic_of(asked: Asked) -> tuple[str, str]:
    """Return name and secret of the header.

    Raises:
        InvalidRequestError: for a header that cannot be read.
    """
    try:
        name, secret = extract_basic_authorization(asked.headers)
    except ValueError:
        raise InvalidRequestError("The Authorization header cannot be read.") from None
    return name or "", secret or ""


def unproven(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims as they stand there; nothing of it may be believed yet."""
    if not assertion or len(assertion) > LONGEST:
        return {}, {}
    try:
        token = jws.extract_compact(assertion.encode())
        claims = json.loads(token.payload)
    except (JoseError, ValueError, TypeError):
        return {}, {}
    return token.headers(), claims if isinstance(claims, dict) else {}


async def load_keys(app: App, asked: Asked) -> None:
    """Fetch the keys that an assertion will be checked with, before a transaction is open."""
    assertion = asked.form.get("client_assertion", "")
    if assertion:
        kid = unproven(assertion)[0].get("kid")
        app.key_set = await keys_of(app.client, kid if isinstance(kid, str) else None)


def by_secret(query: Query, asked: Asked) -> App | None:
    """Return the app whose secret the header has."""
    name, secret = basic_of(asked)
    app = query(name) if name and secret else None
    return app if app is not None and app.check_client_secret(secret) else None


def by_key(query: Query, asked: Asked) -> App | None:
    """Return the app whose key has signed the assertion; each assertion proves once.

    Raises:
        InvalidClientError: for an assertion that does not hold.
    """
    assertion = asked.form.get("client_assertion", "")
    if asked.form.get("client_assertion_type") != ASSERTION_TYPE or not assertion:
        return None
    claims = unproven(assertion)[1]
    app = query(str(claims.get("sub") or ""))
    if app is None or app.key_set is None:
        raise InvalidClientError(description="The app, or its keys, are not known.")
    try:
        proven = dict(jwt.decode(assertion, app.key_set, algorithms=_algorithms(app)).claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidClientError(description="The assertion is not signed with a key of the app.") from error
    _check(proven, app, asked.form.get("client_id", app.client_id))
    return app


def _algorithms(app: App) -> list[str]:
    """What LTI and SMART demand of their tools besides, where no stricter profile is kept."""
    more = [one for protocol, found in OTHERS.items() if protocol in app.client.protocols for one in found]
    return [*ALGORITHMS, *(() if app.profile.must_push else more)]


def _check(claims: dict[str, Any], app: App, said: str) -> None:
    """Check what is claimed: about itself, to us alone, now, for the first time (FAPI 2.0, 5.3.2.1)."""
    client_id = app.client_id
    if claims.get("iss") != client_id or claims.get("sub") != client_id or said != client_id:
        raise InvalidClientError(description="The assertion is about somebody else.")
    if claims.get("aud") not in _audiences(app):
        raise InvalidClientError(description="The assertion is not for this issuer alone.")
    now, expires = time.time(), claims.get("exp")
    if not isinstance(expires, int | float) or not now - lives.EARLY < expires < now + _longest():
        raise InvalidClientError(description="The assertion has ended, or never ends.")
    for name in ("iat", "nbf"):
        issued = claims.get(name, now)
        if not isinstance(issued, int | float) or issued > now + lives.EARLY + 1:
            raise InvalidClientError(description="The assertion is from the future.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise InvalidClientError(description="The assertion has no jti.")
    if not wait(once(f"assertion {client_id} {jti}", timedelta(seconds=expires - now + 2 * lives.LATE))):
        raise InvalidClientError(description="The assertion was used before.")


def _audiences(app: App) -> tuple[str, ...]:
    """Return whom an assertion may be for: the issuer, and as SMART has it the token endpoint."""
    is_smart = SMART in app.client.protocols and not app.profile.must_push
    here = runtime().public_url
    return (here, f"{here}/oauth/token") if is_smart else (here,)


def _longest() -> float:
    return lives.ASSERTION.total_seconds() + lives.LATE
