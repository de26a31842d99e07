"""The addresses of apps that our signed-out page opens in frames, so that each ends what it keeps in this browser.

Source: OpenID Connect Front-Channel Logout 1.0. The logout token that the worker sends is what an app may rely on; this
is for what only the browser can forget.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from integrations.apps import clients
from tenants.models import Session
from tenants.runtime import runtime
from tenants.scope import open_scope, person_scope, rows


async def frames_of(session: Session) -> tuple[str, ...]:
    """Return what to open for a session that is about to end: one address for each app and tenant it was used in."""
    async with open_scope(person_scope(session.person_id)):
        live = await rows(
            "select distinct client_id, sid from integrations_grant where session_id = $1 and ended_at is null"
            " order by client_id, sid",
            session.id,
        )
    return tuple([address for grant in live if (address := await _address(grant))])


async def _address(grant: Mapping[str, Any]) -> str:
    client = await clients.client(grant["client_id"])
    if client is None or client.status != "active" or not client.frontchannel_logout_uri:
        return ""
    return named(client.frontchannel_logout_uri, grant["sid"])


def named(url: str, sid: str) -> str:
    """Return an app's address with who says so and which session is over."""
    told = urlencode({"iss": runtime().public_url, "sid": sid})
    return f"{url}{'&' if urlsplit(url).query else '?'}{told}"
