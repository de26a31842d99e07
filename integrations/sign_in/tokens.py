"""The exchange of a code, and what must hold before an ``id_token`` is believed.

Source: OpenID Connect Core 1.0, 3.1.3; RFC 9700. The access token is not used: all we need is in the token.
"""

import base64
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import quote

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from integrations.sign_in import flow as flows
from integrations.sign_in.failures import SignInFailed, down, refused, said_by_bank
from integrations.sign_in.flow import Flow
from integrations.sign_in.levels import level_of
from integrations.sign_in.metadata import Metadata, keys_of
from integrations.sign_in.provider import Provider
from tenants.outbound import Answer, OutboundError, call
from ui.i18n import t

ALGORITHMS = ("ES256", "RS256")
SKEW = 60
"""Seconds that the bank's clock may differ from ours."""
CUSTOMER_TYPES = frozenset({"personal", "company", "staff"})
LONGEST_SUBJECT = 255
Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """What the bank vouches for, after every check."""

    issuer: str
    subject: str
    customer_type: str
    level: int
    auth_time: datetime
    sid: str
    id_token: str
    claims: Claims


async def exchange(code: str, flow: Flow, provider: Provider, metadata: Metadata) -> str:
    """Return the ``id_token`` that the bank gives for ``code``."""
    try:
        answer = await call(
            "POST",
            metadata.token_endpoint,
            headers={"Accept": "application/json", "Authorization": _basic(provider)},
            form={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": flows.redirect_uri(),
                "code_verifier": flow.verifier,
            },
        )
        return _id_token(answer)
    except OutboundError as error:
        raise down(str(error), issuer=metadata.issuer) from error


def _id_token(answer: Answer) -> str:
    if answer.status >= 500:  # noqa: PLR2004 - HTTP
        raise OutboundError(t("It answered {status}.", status=answer.status))
    document = answer.json()
    if not answer.is_success:
        raise said_by_bank(f"token endpoint: {document.get('error')}")
    token = document.get("id_token")
    if not isinstance(token, str) or not token:
        raise refused("no id_token in the token answer")
    return token


def _basic(provider: Provider) -> str:
    """Both parts are form-encoded first (RFC 6749, 2.3.1)."""
    pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


async def verify(token: str, flow: Flow, provider: Provider, metadata: Metadata) -> Verified:
    """Return what an ``id_token`` says once it is proven to be the answer to this very request."""
    claims = await signed_claims(token, provider, metadata)
    if claims.get("nonce") != flow.nonce:
        raise refused("nonce", issuer=metadata.issuer)
    _check_times(claims)
    auth_time = _auth_time(claims, flow)
    level = level_of(claims.get("acr"))
    if level < flow.level:
        raise _too_weak()
    if claims.get("customer_type") not in CUSTOMER_TYPES:
        raise refused("customer_type", issuer=metadata.issuer)
    return Verified(
        issuer=metadata.issuer,
        subject=_subject(claims),
        customer_type=claims["customer_type"],
        level=level,
        auth_time=auth_time,
        sid=str(claims.get("sid") or "")[:LONGEST_SUBJECT],
        id_token=token,
        claims=claims,
    )


async def signed_claims(token: str, provider: Provider, metadata: Metadata) -> Claims:
    """Return the claims of a token that this provider has signed for us: signature, issuer and audience hold."""
    claims = await _decode(token, metadata)
    if claims.get("iss") != metadata.issuer:
        raise refused("iss", issuer=metadata.issuer)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    is_alone = len(audiences) == 1 or claims.get("azp") == provider.client_id
    if provider.client_id not in audiences or not is_alone:
        raise refused("aud", issuer=metadata.issuer)
    return claims


async def _decode(token: str, metadata: Metadata) -> Claims:
    keys = await keys_of(metadata)
    try:
        return _checked(token, keys)
    except InvalidKeyIdError:
        keys = await keys_of(metadata, is_unknown=True)
    except (JoseError, ValueError) as error:
        raise refused(f"signature: {type(error).__name__}", issuer=metadata.issuer) from error
    try:
        return _checked(token, keys)
    except (JoseError, ValueError) as error:
        raise refused(f"signature: {type(error).__name__}", issuer=metadata.issuer) from error


def _checked(token: str, keys: KeySet) -> Claims:
    return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)


def _check_times(claims: Claims) -> None:
    now = time.time()
    expires, issued = claims.get("exp"), claims.get("iat")
    if not _is_number(expires) or expires <= now - SKEW:
        raise refused("exp")
    if not _is_number(issued) or issued > now + SKEW:
        raise refused("iat")


def _auth_time(claims: Claims, flow: Flow) -> datetime:
    """A demanded sign-in must have happened after it was demanded, or an old one would pass for a fresh one."""
    found = claims.get("auth_time")
    if found is None and not flow.level:
        found = claims.get("iat")
    if not _is_number(found) or found > time.time() + SKEW:
        raise refused("auth_time")
    if flow.level and found < flow.started - SKEW:
        raise refused("auth_time is older than the request")
    return datetime.fromtimestamp(found, UTC)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _subject(claims: Claims) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise refused("sub")
    return subject


def _too_weak() -> SignInFailed:
    return said_by_bank("unmet_authentication_requirements")
