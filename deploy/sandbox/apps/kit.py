"""What an app needs to live inside Scenario Cloud: copy it, with ``parts.py``, ``kept.py`` and ``static/kit.js``.

Signing in is OpenID Connect (code, PKCE, id_token checked against the published keys). Inside a frame, where cookies
may be blocked, the page asks for a session token instead (``static/kit.js``). Webhooks are Standard Webhooks. The
open API is called with a token of one installation. Nothing here knows anything of the product but its address.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
from jinja2 import Environment, FileSystemLoader
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from deploy.sandbox.apps.kept import Kept
from deploy.sandbox.apps.parts import PRIVACY, About, Keys, NotReadyError, Person, is_signed, money
from deploy.sandbox.coins import places

__all__ = ["About", "Keys", "Kit", "NotReadyError", "Person", "money", "signed_in", "started"]
HERE = Path(__file__).parent
ALGORITHMS = ["RS256", "ES256"]
CACHED = 300
SESSION = 8 * 3600
FRAMED = 120
"""How long a cookie inside the product's page is good for: each new session token renews it, signing out lets it go."""


class Kit(Kept):
    """One app: what it keeps, and how it talks to the product."""

    def __init__(self, about: About, url: str, data: Path) -> None:
        """Open the storage."""
        self.name, self.titles, self.scope, self.places = (
            about.name,
            (about.title, about.title_zh),
            about.scope,
            about.places,
        )
        self.url = url
        super().__init__(about, data)
        loader = FileSystemLoader(HERE / "templates")
        self.pages = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self.http = httpx2.AsyncClient(timeout=10)
        self._cached: dict[str, tuple[float, Any]] = {}

    # ---- what the product publishes

    async def published(self, url: str) -> Any:
        """Return a public document of the product (discovery, keys), kept for five minutes."""
        at, found = self._cached.get(url, (0.0, None))
        if time.monotonic() - at > CACHED or found is None:
            found = (await self.http.get(url)).raise_for_status().json()
            self._cached[url] = (time.monotonic(), found)
        return found

    async def endpoint(self, name: str) -> str:
        """Return one of the product's addresses by its name in the discovery document."""
        found = await self.published(f"{self.keys().issuer}/.well-known/openid-configuration")
        return str(found[name])

    async def opened(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that the product signed for us; ``None`` for any other."""
        keys = KeySet.import_key_set(await self.published(await self.endpoint("jwks_uri")))
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            return None
        ours = self.keys()
        is_ours = claims.get("iss") == ours.issuer and claims.get("aud") in ours.clients
        return claims if is_ours and claims.get("exp", 0) > time.time() - 10 else None

    # ---- signing in, in a page of our own

    async def begin(
        self, *, client: str = "", launch: str = "", purpose: str = "", **further: str
    ) -> Response:
        """Send the browser to the product; ``purpose`` comes back to ``finish``, ``further`` goes into the request.

        ``client`` is the name by which the product has opened us: in our sandbox it is another.
        """
        client = self.keys().client(client)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self.db.execute("delete from login where at < ?", (int(time.time()) - 1800,))
        self.db.execute(
            "insert into login values (?, ?, ?, ?, ?, ?)",
            (state, nonce, verifier, purpose, client, int(time.time())),
        )
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": f"{self.url}/callback",
            "scope": self.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"launch": launch} if launch else {}),
            **further,
        }
        answer = RedirectResponse(f"{await self.endpoint('authorization_endpoint')}?{urlencode(asked)}", 303)
        answer.set_cookie(f"{self.name}-state", state, max_age=1800, httponly=True, samesite="lax")
        return answer

    async def finish(self, request: Request) -> tuple[Person, dict[str, Any], str] | None:
        """Take the browser back: exchange the code, check the id_token; return person, its claims and the purpose."""
        given, state = request.query_params, request.cookies.get(f"{self.name}-state", "")
        login = self.db.execute("delete from login where state = ? returning *", (state,)).fetchone()
        if (
            not login
            or given.get("state") != state
            or given.get("iss") != self.keys().issuer
            or "code" not in given
        ):
            return None
        tokens = await self._exchange(given["code"], login["verifier"], login["client"])
        claims = await self.opened(tokens.get("id_token", ""))
        if not claims or (claims.get("nonce"), claims["aud"]) != (login["nonce"], login["client"]):
            return None
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        told = (await self.http.get(await self.endpoint("userinfo_endpoint"), headers=bearer)).json()
        tenant = (await self.http.get(f"{self.keys().issuer}/api/v1/tenant", headers=bearer)).json()
        if told.get("sub") != claims["sub"] or "installation" not in tenant:
            return None
        self.meet(tenant["installation"], claims["aud"])
        self.know(tenant["installation"], {k: v for k, v in tenant.items() if k != "installation"})
        return Person(claims["sub"], tenant["installation"], told), claims, login["purpose"]

    async def _exchange(self, code: str, verifier: str, client: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{self.url}/callback",
            "code_verifier": verifier,
        }
        asked = await self.http.post(
            await self.endpoint("token_endpoint"), data=form, auth=(client, self.keys().client_secret)
        )
        return dict(asked.json())

    def remember(
        self, answer: Response, person: Person, sid: str = "", *, is_framed: bool = False
    ) -> Response:
        """Give the browser a session of ours. Inside the product's page it is a short one, in a jar of that page alone.

        Such a cookie (``Partitioned``) is kept where those of other sites are blocked; a tab of our own never sees it.
        """
        token, life = secrets.token_urlsafe(32), FRAMED if is_framed else SESSION
        self.db.execute("delete from session where ends < ?", (int(time.time()),))
        facts = json.dumps(
            {"sub": person.sub, "installation": person.installation, "claims": dict(person.claims)}
        )
        self.db.execute(
            "insert into session values (?, ?, ?, ?)", (_hash(token), facts, sid, int(time.time()) + life)
        )
        if is_framed:
            kept = (
                f"{self.framed}={token}; Max-Age={life}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
            )
            answer.headers.append("set-cookie", kept)
        else:
            answer.set_cookie(self.name, token, max_age=life, httponly=True, samesite="lax")
        return answer

    @property
    def framed(self) -> str:
        """The name of our cookie inside the product's page."""
        return f"{self.name}-framed"

    def shown_token(self, request: Request) -> str:
        """Return the session token that the product's page gave to ours, where one comes along."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    async def who(self, request: Request) -> Person | None:
        """Return who calls: by the session token of a frame, or by a cookie of ours."""
        if token := self.shown_token(request):
            claims = await self.opened(token)
            person = Person(claims["sub"], claims["dest"], claims) if claims and "dest" in claims else None
            if claims and person:
                self.meet(person.installation, claims["aud"])
        else:
            ours = [_hash(request.cookies.get(name, "")) for name in (self.name, self.framed)]
            kept = self.db.execute(
                "select person from session where token in (?, ?) and ends > ?", (*ours, int(time.time()))
            ).fetchone()
            person = Person(**json.loads(kept["person"])) if kept else None
        return person if person and self.is_standing(person.installation) else None

    async def logged_out(self, request: Request) -> Response:
        """Take a logout token (back-channel logout) and end what it names."""
        claims = await self.opened(str((await request.form()).get("logout_token") or ""))
        event = "http://schemas.openid.net/event/backchannel-logout"
        if not claims or event not in claims.get("events", {}) or "nonce" in claims:
            return JSONResponse({"error": "invalid_request"}, 400)
        self.db.execute("delete from session where sid = ?", (claims.get("sid", ""),))
        return Response(headers={"Cache-Control": "no-store"})

    async def forgotten(self, request: Request) -> Response:
        """End a session because the product's signed-out page opens this in a frame (front-channel logout).

        The browser may keep our cookie to itself in there, so that the session is found by what the product calls it.
        """
        given = request.query_params
        if given.get("iss") == self.keys().issuer and given.get("sid"):
            self.db.execute("delete from session where sid = ?", (given["sid"],))
        answer = Response("", headers=self.headers())
        answer.delete_cookie(self.name)
        return answer

    # ---- the open API

    async def api(self, installation: str, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """Call the open API for one installation; the token is kept until shortly before it ends."""
        ends, token = self._cached.get(f"token {installation}", (0.0, ""))
        if ends < time.monotonic():
            keys = self.keys()
            asked = await self.http.post(
                f"{keys.issuer}/api/v1/installation-tokens",
                data={"installation": installation},
                auth=(self.client_of(installation), keys.client_secret),
            )
            found = asked.raise_for_status().json()
            token = found["access_token"]
            self._cached[f"token {installation}"] = (time.monotonic() + found["expires_in"] - 30, token)
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.http.request(
            method, f"{self.keys().issuer}/api/v1/{path}", headers=headers, **sent
        )
        return dict(answer.raise_for_status().json())

    # ---- webhooks

    async def hook(self, request: Request, handle: "Handler") -> Response:
        """Take one webhook: check it, answer the product's own events, hand the rest to ``handle`` exactly once."""
        body = await request.body()
        if not is_signed(self.keys().webhook_secret, request.headers, body):
            return JSONResponse({"error": "signature"}, 401)
        message = json.loads(body)
        installation, event = message.get("installation", ""), message["type"]
        if message.get("is_check"):
            return JSONResponse({"deleted": True} if event.endswith("deletion_due") else {})
        self.meet(installation, message.get("client_id", ""))
        if event == "installation.uninstalled":
            self.db.execute("update installation set is_ended = 1 where id = ?", (installation,))
        if event == "installation.deletion_due":
            await handle(self, event, installation, {})
            self.db.execute("delete from installation where id = ?", (installation,))
            return JSONResponse({"deleted": True})
        if self.is_new(request.headers["webhook-id"]):
            try:
                await handle(self, event, installation, message["data"])
            except Exception:
                self.db.execute("delete from heard where id = ?", (request.headers["webhook-id"],))
                raise
        return JSONResponse({})

    # ---- pages

    def page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page that only the product may frame; ``t(en, zh)`` speaks the reader's language."""
        is_chinese = self.speaks_chinese(request, context.get("person"))
        html = self.pages.get_template(template).render(
            app=self,
            request=request,
            t=lambda english, chinese: chinese if is_chinese else english,
            lang="zh-CN" if is_chinese else "en",
            money=money,
            places=places,
            **context,
        )
        return HTMLResponse(html, status, self.headers())

    def say(self, request: Request, status: int, english: str, chinese: str) -> Response:
        """Return a page with one sentence."""
        return self.page(request, "message.html", status, said=(english, chinese))

    def speaks_chinese(self, request: Request, person: Person | None) -> bool:
        """Tell which of the two languages to speak."""
        told = request.query_params.get("ui_locales") or (person.claims.get("locale") if person else "")
        return str(told or request.headers.get("accept-language", "")).lower().startswith("zh")

    def headers(self) -> dict[str, str]:
        """Return what every page of ours carries."""
        try:
            ancestors = self.keys().issuer
        except NotReadyError:
            ancestors = "'none'"
        return {
            "Content-Security-Policy": f"default-src 'self'; frame-ancestors {ancestors}; base-uri 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        }

    def routes(self, handle: "Handler") -> list[BaseRoute]:
        """Return what every app has: health, privacy, the way back from signing in, logout, webhooks, static files."""

        async def hooks(request: Request) -> Response:
            return await self.hook(request, handle)

        async def health(_: Request) -> Response:
            return Response("ok", headers=self.headers())

        async def privacy(request: Request) -> Response:
            return self.say(request, 200, *PRIVACY)

        return [
            Route("/favicon.ico", health),
            Route("/health", health),
            Route("/privacy", privacy),
            Route("/logout", self.logged_out, methods=["POST"]),
            Route("/signed-out", self.forgotten),
            Route("/webhooks", hooks, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    def frame(self, request: Request) -> Response:
        """Return the empty page that a frame starts with; its script fetches the rest with a session token."""
        return self.page(request, "frame.html", start=f"/{request.query_params.get('place', '')}")


Handler = Callable[[Kit, str, str, dict[str, Any]], Awaitable[None]]
"""Handles one event: its name, the installation, its data."""
Shown = Callable[[Request, Kit, Person], Awaitable[Response]]


def signed_in(page: Shown) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler for whoever has the app open; anybody else is asked to open it again."""

    @wraps(page)
    async def handle(request: Request) -> Response:
        kit: Kit = request.app.state.kit
        person = await kit.who(request)
        if person is None:
            return kit.say(request, 401, "Please open it again.", "请重新打开。")
        answer = await page(request, kit, person)
        return kit.remember(answer, person, is_framed=True) if kit.shown_token(request) else answer

    return handle


def started(kit: Kit, pages: Sequence[BaseRoute], handle: Handler) -> Starlette:
    """Return the finished app."""
    app = Starlette(routes=[*pages, *kit.routes(handle)])
    app.state.kit = kit
    return app


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
