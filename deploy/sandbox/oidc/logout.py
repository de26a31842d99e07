"""Signing out: by the person, by an application, or by the bank, with logout tokens to every application."""

from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import Response

from deploy.sandbox.delivery import Message
from deploy.sandbox.oidc.authorize import browser_session
from deploy.sandbox.oidc.model import Provider, provider_of
from deploy.sandbox.oidc.tokens import sign
from deploy.sandbox.pages import go, page, with_query
from deploy.sandbox.store import Doc
from deploy.sandbox.world import new_id

_EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def end_session(request: Request) -> Response:
    """RP-initiated logout. Without a good hint the person is asked first."""
    provider = provider_of(request)
    if provider is None:
        return page(
            request, "message.html", 404, title="Unknown bank", text="There is no bank at this address."
        )
    form = {k: str(v) for k, v in (await request.form()).items()} if request.method == "POST" else {}
    params = {**request.query_params, **form}
    hint = _hint(provider, params.get("id_token_hint", ""))
    session = browser_session(request, provider)
    if session is not None and not _may_end(session, hint, params):
        return page(request, "sign_out.html", bank=provider.bank, params=params)
    if session is not None:
        end(provider, session)
    answer = _after(request, provider, hint, params, session or {})
    answer.delete_cookie(provider.cookie, path=f"/oidc/{provider.slug}")
    return answer


def _may_end(session: Doc, hint: Doc, params: dict[str, str]) -> bool:
    return params.get("confirmed") == "yes" or hint.get("sub") == session["customer"]


def _after(request: Request, provider: Provider, hint: Doc, params: dict[str, str], session: Doc) -> Response:
    client = provider.client(str(hint.get("aud") or params.get("client_id", "")))
    target = params.get("post_logout_redirect_uri", "")
    is_known = client is not None and target in client["post_logout_redirect_uris"]
    onward = with_query(target, state=params.get("state")) if is_known else ""
    frames = _frames(provider, session, client["client_id"] if client else "")
    if frames:
        return _told_in_frames(request, provider, frames, onward)
    if onward:
        return go(onward)
    return page(request, "message.html", title="You are signed out", text="You may close this page.")


def _frames(provider: Provider, session: Doc, asking: str) -> list[str]:
    """What the applications of a session want opened, but the one that asks (OpenID Connect Front-Channel Logout)."""
    clients = [provider.client(name) for name in session.get("clients", ()) if name != asking]
    return [
        with_query(client["frontchannel_logout_uri"], iss=provider.issuer, sid=session["sid"])
        for client in clients
        if client is not None and client["frontchannel_logout_uri"]
    ]


def _told_in_frames(request: Request, provider: Provider, frames: list[str], target: str) -> Response:
    """Show the way on beside the frames; they may show these applications and nothing else."""
    answer = page(request, "signed_out.html", bank=provider.bank, frames=frames, target=target)
    origins = " ".join(sorted({"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in frames}))
    answer.headers["Content-Security-Policy"] += f"; frame-src {origins}"
    return answer


def _hint(provider: Provider, text: str) -> Doc:
    try:
        token = jwt.decode(text, KeySet(list(provider.signing_keys())), algorithms=["ES256"])
    except (JoseError, ValueError):
        return {}
    return dict(token.claims) if token.claims.get("iss") == provider.issuer else {}


def end(provider: Provider, session: Doc) -> int:
    """End one session at the bank and tell its applications; how many are told."""
    provider.world.store.delete("oidc.session", session["key"])
    clients = [provider.client(client_id) for client_id in session["clients"]]
    told = [client for client in clients if client is not None and client["backchannel_logout_uri"]]
    for client in told:
        _tell(provider, session, client)
    return len(told)


def end_all(provider: Provider, customer: str, sid: str = "") -> int:
    """End a customer's sessions, or the one with this `sid`; how many ended."""
    sessions = provider.world.store.find("oidc.session", f"{provider.slug}|{customer}" if customer else None)
    ended = [s for s in sessions if s["bank"] == provider.slug and sid in ("", s["sid"])]
    for session in ended:
        end(provider, session)
    return len(ended)


def _tell(provider: Provider, session: Doc, client: Doc) -> None:
    now = provider.now()
    claims = {
        "iss": provider.issuer,
        "aud": client["client_id"],
        "sub": session["customer"],
        "sid": session["sid"],
        "iat": now,
        "exp": now + 120,
        "jti": new_id("", 22),
        "events": {_EVENT: {}},
    }
    body = urlencode({"logout_token": sign(provider, claims, "logout+jwt")})
    uri = client["backchannel_logout_uri"]
    kind = "application/x-www-form-urlencoded"
    provider.world.deliveries.send(Message("oidc", "logout", uri, body, kind, subject=session["customer"]))
