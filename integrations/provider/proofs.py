"""DPoP: proof that whoever asks holds the key that its tokens are bound to (RFC 9449).

A proof carries a nonce of ours, so that none can be made beforehand and kept: without one that is young enough the
answer is ``use_dpop_nonce`` and brings one, as every answer to a proof does. Nonces need no memory.
"""

import base64
import hashlib
import hmac
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from integrations.provider import lives
from integrations.sign_in.flow import once
from tenants.runtime import runtime

ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256")
KEYS: dict[str, Any] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
LONGEST = 4000
LEAST_RSA_BITS = 2048
NONCE = "DPoP-Nonce"
NONCE_SECONDS = 300


class InvalidProofError(OAuth2Error):  # type: ignore[misc]
    """The proof of possession does not hold."""

    error = "invalid_dpop_proof"

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the headers of the refusal: the nonce for the next proof is among them."""
        return [*super().get_headers(), (NONCE, nonce())]


class UseNonceError(InvalidProofError):
    """The proof has no nonce of ours, or an old one: another has to be made with the one that comes with this."""

    error = "use_dpop_nonce"


def nonce() -> str:
    """Return the nonce of now, the same for everybody for five minutes."""
    return _nonce(int(time.time()) // NONCE_SECONDS)


def _nonce(stretch: int) -> str:
    signed = runtime().sign("dpop nonce", str(stretch).encode())
    return base64.urlsafe_b64encode(signed[:18]).decode()


def _is_young(given: object) -> bool:
    now = int(time.time()) // NONCE_SECONDS
    return isinstance(given, str) and any(
        [hmac.compare_digest(_nonce(stretch), given) for stretch in (now, now - 1)]  # noqa: C419 - both are compared
    )


async def prove(proof: str, method: str, url: str, *, token: str = "") -> str:
    """Return the thumbprint of the key that a proof was made with; ``token`` is the access token it goes with.

    Raises:
        InvalidProofError: saying what is wrong, for the app's developer.
    """
    try:
        claims, key = _read(proof)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidProofError("The proof cannot be read.") from error
    _check(claims, method, url)
    if token and claims.get("ath") != _hash(token):
        raise InvalidProofError("The proof is for another access token.")
    if not _is_young(claims.get("nonce")):
        raise UseNonceError("The proof has to have the nonce of this answer.")
    found: str = key.thumbprint()
    life = timedelta(seconds=2 * (lives.EARLY + lives.LATE))
    if not await once(f"dpop {found} {claims['jti']}", life):
        raise InvalidProofError("The proof was used before.")
    return found


def _read(proof: str) -> tuple[dict[str, Any], Any]:
    if len(proof) > LONGEST:
        raise ValueError
    header = jws.extract_compact(proof.encode()).headers()
    shown = header.get("jwk")
    if header.get("typ") != "dpop+jwt" or not isinstance(shown, dict) or PRIVATE & shown.keys():
        raise ValueError
    key = KEYS[shown["kty"]].import_key(shown)
    if shown["kty"] == "RSA" and key.raw_value.key_size < LEAST_RSA_BITS:
        raise ValueError
    return dict(jwt.decode(proof, key, algorithms=list(ALGORITHMS)).claims), key


def _check(claims: dict[str, Any], method: str, url: str) -> None:
    issued, jti = claims.get("iat"), claims.get("jti")
    if claims.get("htm") != method or not _is_same(claims.get("htu"), url):
        raise InvalidProofError("The proof is for another request.")
    if not isinstance(jti, str) or not jti:
        raise InvalidProofError("The proof has no jti.")
    now = time.time()
    if not isinstance(issued, int | float) or not now - lives.LATE <= issued <= now + lives.EARLY:
        raise InvalidProofError("The proof is not from now.")


def _is_same(said: object, url: str) -> bool:
    """Compare without query and fragment; letter case counts in the path alone (RFC 9449, 4.3)."""
    return isinstance(said, str) and _plain(said) == _plain(url)


def _plain(url: str) -> str:
    parts = urlsplit(url)
    port = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return urlunsplit(
        (parts.scheme, parts.netloc.lower().removesuffix(port or "\0"), parts.path or "/", "", "")
    )


def _hash(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
