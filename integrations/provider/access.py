"""What an access token opens: for userinfo here, and for every API that apps call."""

from dataclasses import dataclass

from starlette.requests import Request

from integrations.apps.clients import Granted
from integrations.provider import proofs, store
from integrations.provider.asked import form_of
from integrations.provider.errors import InvalidTokenError
from integrations.provider.proofs import InvalidProofError
from integrations.provider.store import Opened
from tenants.runtime import runtime


class InsufficientScopeError(InvalidTokenError):
    """The token is good, but not for this."""

    error = "insufficient_scope"
    status_code = 403


@dataclass(frozen=True, slots=True)
class Entry:
    """An access token that holds, and what the tenant lets its app have right now."""

    token: Opened
    granted: Granted


async def access(request: Request, *scopes: str) -> Entry:
    """Return what the access token of a request opens, and go on in its tenant's scope; a scope has to be open.

    A token bound to a key counts only with a proof of that key: shown as a mere bearer's it is nobody's.

    Raises:
        InvalidTokenError: when it is missing, has ended, is bound to another key, or is not for these ``scopes``.
    """
    scheme, token = await _shown(request)
    proof = request.headers.getlist("dpop")
    thumbprint = await _proven(request, proof, token) if scheme == "dpop" else ""
    found = await store.open_token(token) if token else None
    if (
        found is None
        or found.kind != "access"
        or not found.is_good
        or found.grant.key_thumbprint != thumbprint
    ):
        raise InvalidTokenError
    assert found.granted is not None  # noqa: S101 - good
    if not set(scopes) <= set(found.scope.split()) & found.granted.scopes:
        raise InsufficientScopeError
    return Entry(found, found.granted)


async def _shown(request: Request) -> tuple[str, str]:
    """Return how and what is shown: in the header, or in a form's ``access_token``; never in the address."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if token:
        return scheme.lower(), token.strip()
    if request.method == "POST" and request.headers.get("content-type", "").startswith(
        "application/x-www-form"
    ):
        return "bearer", (await form_of(request)).form.get("access_token", "")
    return "", ""


async def _proven(request: Request, proof: list[str], token: str) -> str:
    if len(proof) != 1:
        raise InvalidProofError("One proof has to come with the token.", status_code=401)
    try:
        return await proofs.prove(
            proof[0], request.method, runtime().public_url + request.url.path, token=token
        )
    except InvalidProofError as error:
        error.status_code = 401
        raise


def challenge(error: InvalidTokenError | InvalidProofError) -> str:
    """Return the ``WWW-Authenticate`` header that goes with a refusal (RFC 6750, RFC 9449)."""
    said = f'error="{error.error}"'
    return f'Bearer {said}, DPoP {said}, algs="{" ".join(proofs.ALGORITHMS)}"'


def refusal(error: InvalidTokenError | InvalidProofError) -> dict[str, str]:
    """Return the headers that go with a refusal: how to prove oneself, and the nonce of a proof that needs one."""
    with_nonce = {proofs.NONCE: proofs.nonce()} if isinstance(error, InvalidProofError) else {}
    return {"WWW-Authenticate": challenge(error), **with_nonce}
