"""The two ways to pay for tokens, a code and a refresh token, with the gaps of Authlib's own closed.

Both are spent in ``authenticate_user``, the last hook before tokens are made and after every check: whoever wins
there is paid, once, however many ask at the same time.
"""

import re
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants.code import OpenIDToken

from integrations.provider import id_tokens, store
from integrations.provider.admission import Admission, begin
from integrations.provider.asked import Asked
from integrations.provider.bridge import wait
from integrations.provider.errors import (
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestUriNotSupportedError,
)
from integrations.provider.proofs import InvalidProofError
from integrations.provider.proving import METHODS
from integrations.provider.relying import App
from integrations.provider.store import Fresh, Opened

RESPONSE_MODES = frozenset({"query", "form_post"})
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST_STATE = 2000
REFUSED: dict[str, Any] = {
    "request": RequestNotSupportedError,
    "request_uri": RequestUriNotSupportedError,
    "registration": RegistrationNotSupportedError,
}


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Authorization code: S256 alone, an answer to exactly the registered address, one payment."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def validate_authorization_request(self) -> str:
        """Return the address of the answer; errors after it is known go there."""
        self.register_hook("after_validate_authorization_request_payload", _refuse_what_we_do_not_do)
        found: str = super().validate_authorization_request()
        return found

    def create_authorization_response(self, redirect_uri: str, grant_user: Admission) -> dict[str, str]:
        """Return the parameters of the answer; how they travel is ``replies``' business."""
        del redirect_uri
        self.request.user = grant_user
        code = self.generate_authorization_code()
        self.save_authorization_code(code, self.request)
        return {"code": code}

    def save_authorization_code(self, code: str, request: Asked) -> None:
        """Begin the family that this code, and all it pays for, belongs to."""
        wait(begin(request.user, request, code))

    def query_authorization_code(self, code: str, client: App) -> Opened | None:
        """Return the code if it is this app's and good; one that was paid before ends all it was paid with."""
        found = wait(store.open_token(code))
        if found is None or found.kind != "code" or not found.check_client(client):
            return None
        if found.spent_at is not None:
            wait(store.end_family(found.grant, "code replayed"))
        return found if found.is_good else None

    def authenticate_user(self, authorization_code: Opened) -> Opened:
        """Spend the code.

        Raises:
            InvalidGrantError: when somebody else just has.
        """
        _check_key(self.request, authorization_code)
        if not wait(store.spend(authorization_code)):
            wait(store.end_family(authorization_code.grant, "code replayed"))
            raise InvalidGrantError
        return authorization_code

    def delete_authorization_code(self, authorization_code: Opened) -> None:
        """Do nothing: it is spent, and kept so that a replay is known."""


def _refuse_what_we_do_not_do(grant: CodeGrant, redirect_uri: str) -> None:
    """Refuse what must not be ignored: request objects, other modes, a missing challenge."""
    del redirect_uri
    given = grant.request.payload.data
    for name, refusal in REFUSED.items():
        if name in given:
            raise refusal()
    if given.get("response_mode", "query") not in RESPONSE_MODES:
        raise InvalidRequestError("The response_mode is not offered.")
    if len(given.get("state", "")) > LONGEST_STATE or len(given.get("nonce", "")) > LONGEST_STATE:
        raise InvalidRequestError("The state or nonce is too long.")
    if not CHALLENGE.fullmatch(given.get("code_challenge", "")):
        raise InvalidRequestError("A code_challenge (PKCE, S256) is needed.")
    if given.get("code_challenge_method") != "S256":
        raise InvalidRequestError("The code_challenge_method has to be S256.")
    if "openid" not in (grant.request.payload.scope or "").split():
        raise InvalidScopeError("The scope has to have openid.")


class ProofKey(CodeChallenge):  # type: ignore[misc]
    """PKCE at the token endpoint; what the authorization endpoint asks for is in ``_refuse_what_we_do_not_do``."""


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Refresh token: a new one each time and the old one spent, or the same one for ever bound to a key."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Opened | None:
        """Return the token if it is this app's and good; one that was used before ends its family, races apart."""
        found = wait(store.open_token(refresh_token))
        if found is None or found.kind != "refresh" or not found.check_client(self.request.client):
            return None
        if found.spent_at is not None and not store.is_race(found):
            wait(store.end_family(found.grant, "refresh token replayed"))
        return found if found.is_good else None

    def authenticate_user(self, refresh_token: Opened) -> Opened:
        """Spend the token where the app's profile rotates them.

        Raises:
            InvalidGrantError: when another request was first.
        """
        _check_key(self.request, refresh_token)
        if self.request.client.profile.rotates and not wait(store.spend(refresh_token)):
            raise InvalidGrantError
        return refresh_token

    def revoke_old_credential(self, refresh_token: Opened) -> None:
        """Do nothing: it is spent."""


def _check_key(asked: Asked, token: Opened) -> None:
    """Check that whoever pays holds the key that the grant is bound to, where the profile or the grant asks."""
    if asked.client.profile.must_prove_key and not asked.thumbprint:
        raise InvalidProofError("This app has to prove its key (DPoP).")
    bound = token.grant.key_thumbprint
    if bound and bound != asked.thumbprint:
        raise InvalidProofError("This belongs to another key.")


async def pay_out(asked: Asked) -> dict[str, Any]:
    """Make and write the tokens that a spent code or refresh token pays for."""
    paid: Opened = asked.authorization_code or asked.refresh_token
    app: App = asked.client
    scope = _scope(asked, paid)
    access = Fresh(
        "access", store.new_token(), scope, store.until(paid.grant.expires_at, app.profile.access), {}
    )
    fresh, key = [access], paid.grant.key_thumbprint or asked.thumbprint
    if key and not paid.grant.key_thumbprint:
        await _bind(paid, key)
    if paid.kind == "code" or app.profile.rotates:
        end = store.until(paid.grant.expires_at, app.profile.refresh)
        fresh.append(Fresh("refresh", store.new_token(), paid.scope, end, {}))
    await store.save(paid.grant, *fresh)
    seconds = int((access.expires_at - datetime.now(UTC)).total_seconds() + 0.5)
    answer = {"access_token": access.token, "token_type": "DPoP" if key else "Bearer", "expires_in": seconds}
    answer |= {each.kind + "_token": each.token for each in fresh[1:]}
    return {**answer, "scope": scope, **_launched(paid)}


def _scope(asked: Asked, paid: Opened) -> str:
    """Return what the access token is good for: less than was granted, where a refresh asks for less."""
    wished = (asked.payload.scope or "").split() if paid.kind == "refresh" else []
    granted = paid.scope.split()
    return " ".join(name for name in granted if not wished or name in wished)


def _launched(paid: Opened) -> dict[str, Any]:
    """Return what stands beside the token of an app that was launched (SMART App Launch, 2.0)."""
    beside = paid.grant.context.get("beside")
    return dict(beside) if isinstance(beside, dict) else {}


async def _bind(paid: Opened, key: str) -> None:
    """Bind a grant to the key that its code was paid with."""
    await store.bind(paid.grant, key)
    paid.grant.key_thumbprint = key


class IdToken(OpenIDToken):  # type: ignore[misc]
    """Adds the id_token, always made from the grant: refreshed ones keep when and how the person signed in."""

    def encode_id_token(self, token: dict[str, Any], request: Asked) -> str:
        """Return the signed token."""
        paid: Opened = request.authorization_code or request.refresh_token
        return wait(id_tokens.make(paid, request.client, token["access_token"]))
