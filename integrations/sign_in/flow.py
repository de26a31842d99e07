"""One sign-in on its way to the bank and back: what we asked, sealed into a cookie of the browser that asked.

The cookie is encrypted, lasts ten minutes and is good for one return; its name comes from the state, so that two
tabs can sign in side by side.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from integrations.sign_in.failures import stale
from integrations.sign_in.levels import acr_values_from
from integrations.sign_in.metadata import Metadata
from integrations.sign_in.provider import Provider
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, queue_scope, secret_scope
from ui.i18n import current_locale

PURPOSE = "sign-in flow"
LIFE = timedelta(minutes=10)
PATH = "/sign-in"
LONGEST_HINT = 200
SCOPES = {"company": "openid profile email phone enterprise"}
SCOPE = "openid profile email phone"


@dataclass(frozen=True, slots=True)
class Flow:
    """What one authorization request asked for. ``person_id`` and ``session_id`` are set when it is a step-up."""

    bank: str
    state: str
    nonce: str
    verifier: str
    started: int
    next: str
    kind: str = ""
    level: int = 0
    person_id: str = ""
    session_id: str = ""
    login_hint: str = ""

    @property
    def is_step_up(self) -> bool:
        """Whether somebody who is signed in proves themselves again."""
        return bool(self.person_id)


def begin(
    bank: str,
    target: str,
    *,
    kind: str = "",
    level: int = 0,
    person_id: UUID | None = None,
    session_id: UUID | None = None,
    login_hint: str = "",
) -> Flow:
    """Return a new flow with fresh secrets; ``level`` above 0 demands at least that assurance, now."""
    return Flow(
        bank=bank,
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        started=int(datetime.now(UTC).timestamp()),
        next=target,
        kind=kind,
        level=level,
        person_id=str(person_id or ""),
        session_id=str(session_id or ""),
        login_hint=login_hint[:LONGEST_HINT],
    )


def redirect_uri() -> str:
    """Return the address the bank sends people back to."""
    return f"{runtime().public_url}{PATH}/callback"


def authorization_url(flow: Flow, provider: Provider, metadata: Metadata) -> str:
    """Return where at the bank this sign-in begins."""
    wanted = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri(),
        "scope": SCOPES.get(flow.kind, SCOPE),
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": _challenge(flow.verifier),
        "code_challenge_method": "S256",
        "claims": json.dumps({"id_token": _claims(flow)}),
        "ui_locales": current_locale().replace("_", "-"),
    }
    if flow.login_hint:
        wanted["login_hint"] = flow.login_hint
    if flow.level:
        wanted |= {"prompt": "login", "max_age": "0"}
    elif metadata.can_choose_account:
        wanted["prompt"] = "select_account"
    joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    return f"{metadata.authorization_endpoint}{joint}{urlencode(wanted)}"


def _claims(flow: Flow) -> dict[str, Any]:
    """Ask for both as essential: providers return them reliably only so."""
    acr: dict[str, Any] = {"essential": True}
    if flow.level:
        acr["values"] = acr_values_from(flow.level)
    return {"auth_time": {"essential": True}, "acr": acr}


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def keep(request: Request, response: Response, flow: Flow) -> None:
    """Bind the flow to this browser."""
    response.set_cookie(
        _cookie(flow.state),
        runtime().encrypt(PURPOSE, json.dumps(asdict(flow))).decode(),
        max_age=int(LIFE.total_seconds()),
        path=PATH,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )


def find(request: Request) -> Flow:
    """Return the flow that this browser began with the answer's ``state``; a failure when there is none."""
    state = request.query_params.get("state", "")
    sealed = request.cookies.get(_cookie(state), "") if state else ""
    try:
        flow = Flow(**json.loads(runtime().decrypt(PURPOSE, sealed.encode())))
    except (ValueError, TypeError):
        raise stale() from None
    age = datetime.now(UTC).timestamp() - flow.started
    if not secrets.compare_digest(flow.state.encode(), state.encode()) or age > LIFE.total_seconds():
        raise stale()
    return flow


def drop(request: Request, response: Response) -> None:
    """Take the flow of the answer's ``state`` from the browser."""
    state = request.query_params.get("state", "")
    if state:
        response.delete_cookie(_cookie(state), path=PATH)


async def spend(flow: Flow) -> None:
    """Use the flow up, so that the same answer, sent again with the same cookie, is refused."""
    if not await once(f"state {flow.state}", LIFE):
        raise stale()


async def once(what: str, life: timedelta) -> bool:
    """Tell whether this happens for the first time within ``life``; what has run out is swept on the way."""
    token_hash = hashlib.sha256(what.encode()).digest()
    async with open_scope(queue_scope()):
        await execute("delete from integrations_once where expires_at < now()")
    async with open_scope(secret_scope(token_hash)):
        return bool(
            await execute(
                "insert into integrations_once (id, token_hash, expires_at) values (new_id(), $1, $2)"
                " on conflict (token_hash) do nothing",
                token_hash,
                datetime.now(UTC) + life,
            )
        )


def _cookie(state: str) -> str:
    return f"flow-{hashlib.sha256(state.encode()).hexdigest()[:16]}"
