"""Authlib's authorization server over our storage: one object for one request, run inside the bridge."""

from collections.abc import Awaitable, Callable
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, OAuth2Error
from starlette.responses import JSONResponse, Response

from integrations.apps import clients
from integrations.provider import proofs, proving
from integrations.provider.asked import Asked, said
from integrations.provider.bridge import run, wait
from integrations.provider.grants import CodeGrant, IdToken, ProofKey, RefreshGrant, pay_out
from integrations.provider.lti.tokens import ServiceGrant
from integrations.provider.relying import App
from integrations.provider.smart_system import SystemGrant
from tenants.scope import Scope, open_scope

NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
Result = tuple[int, Any, list[tuple[str, str]]]


class Server(AuthorizationServer):  # type: ignore[misc]
    """What Authlib's grants ask of us. ``app`` is who the request says it is from, loaded beforehand."""

    def __init__(self, asked: Asked, app: App | None = None) -> None:
        super().__init__()
        self.asked, self.app = asked, app
        for method, function in (
            ("private_key_jwt", proving.by_key),
            ("client_secret_basic", proving.by_secret),
        ):
            self.register_client_auth_method(method, function)
        self.register_grant(CodeGrant, [ProofKey(required=True), IdToken()])
        self.register_grant(RefreshGrant, [IdToken()])
        self.register_grant(SystemGrant)
        self.register_grant(ServiceGrant)

    def query_client(self, client_id: str) -> App | None:
        """Return the app, which is asked for many times in one request and looked up once."""
        if self.app is None or self.app.client_id != client_id:
            self.app = wait(find_app(client_id))
        return self.app

    def authenticate_client(self, request: Asked, methods: list[str], endpoint: str = "token") -> App:
        """Return the app that has proven itself; a suspended one is told so at every endpoint."""
        app: App = super().authenticate_client(request, methods, endpoint)
        if app.client.status != "active":
            raise InvalidClientError(description="The app is suspended.")
        return app

    def generate_token(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Return what is paid out for a code or refresh token; it is written together with it."""
        return wait(pay_out(self.asked))

    def save_token(self, token: dict[str, Any], request: Asked) -> None:
        """Do nothing: ``pay_out`` has written it."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: nobody listens."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        """Return the request, which is in Authlib's shape already."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Result:
        """Return the parts of an answer."""
        return status, body, headers


async def find_app(client_id: str) -> App | None:
    """Return the app with this client id, be it suspended or not."""
    found = await clients.client(client_id) if 0 < len(client_id) <= 60 else None  # noqa: PLR2004 - the column
    return App(found) if found else None


async def answer(
    ask: Callable[[], Awaitable[Asked]],
    act: Callable[[Server], Result | Awaitable[Result]],
    before: Callable[[Asked], Awaitable[None]] | None = None,
) -> Response:
    """Answer a program: read its request, load its keys, act in one transaction, and say errors as JSON.

    ``act`` is plain and may ``wait``. What it wrote before an error is kept: a replayed code ends its family.
    """
    try:
        asked = await ask()
        server = await prepared(asked)
        if before is not None:
            await before(asked)
        async with open_scope(Scope()):
            status, body, headers = await run(_safely, act, server)
        headers = [*headers, (proofs.NONCE, proofs.nonce())] if asked.thumbprint else headers
    except (OAuth2Error, ValueError) as error:
        status, body, headers = said(error)()
    return JSONResponse(body, status, {**dict(headers), **NEVER_KEPT})


async def prepared(asked: Asked) -> Server:
    """Return the server for a request, with whoever it is from loaded."""
    app = await find_app(proving.named(asked))
    if app is not None:
        await proving.load_keys(app, asked)
    return Server(asked, app)


def _safely(act: Callable[[Server], Any], server: Server) -> Result:
    """Errors become answers inside the transaction, which then commits."""
    try:
        found: Result = act(server)
    except (OAuth2Error, ValueError) as error:
        found = said(error)()
    return found
