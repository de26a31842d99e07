"""Tokens of an installation's SCIM endpoint: long-lived, for directories that cannot fetch short ones."""

import base64
import hmac
import json
import secrets
from datetime import UTC, datetime
from uuid import UUID

from integrations.apps import clients
from integrations.apps.clients import Granted
from integrations.apps.models import App
from integrations.apps.scim.models import ScimToken
from integrations.apps.tenant_models import Installation
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, tenant_scope
from tenants.sessions import hash_of

PREFIX = "scim_"
PURPOSE = "scim-token"


async def make(actor: Actor, installation: Installation, app: App) -> str:
    """Return a new token, shown once; the one before ends.

    Raises:
        StepUp: without a fresh, strong login.
    """
    actor.require("apps.install")
    actor.require_fresh()
    await _end(installation)
    client_id = app.client_of(is_test=installation.is_test)
    facts = {
        "i": str(installation.id),
        "t": str(installation.tenant_id),
        "c": client_id,
        "r": secrets.token_urlsafe(24),
    }
    body = base64.urlsafe_b64encode(json.dumps(facts).encode()).rstrip(b"=")
    token = f"{PREFIX}{body.decode()}.{_seal(body)}"
    await ScimToken.create(
        id=new_id(),
        tenant_id=installation.tenant_id,
        installation_id=installation.id,
        vendor_id=installation.vendor_id,
        token_hash=hash_of(token),
        made_by_name=actor.name,
    )
    await _note(actor, "app.scim_token_made", installation, app)
    return token


async def end(actor: Actor, installation: Installation, app: App) -> None:
    """End the token of an installation."""
    actor.require("apps.install")
    if await _end(installation):
        await _note(actor, "app.scim_token_ended", installation, app)


async def _end(installation: Installation) -> int:
    return await ScimToken.filter(
        tenant_id=installation.tenant_id, installation_id=installation.id, ended_at=None
    ).update(ended_at=datetime.now(UTC))


async def _note(actor: Actor, act: str, installation: Installation, app: App) -> None:
    await audit.record(
        actor, act, subject_kind="installation", subject_id=installation.id, subject_label=app.name
    )


def _seal(body: bytes) -> str:
    return base64.urlsafe_b64encode(runtime().sign(PURPOSE, body)).rstrip(b"=").decode()


async def opened(token: str) -> Granted | None:
    """Return what the bearer's installation lets it have now; ``None`` for a token that is none, or has ended."""
    body, _, seal = token.removeprefix(PREFIX).partition(".")
    if not hmac.compare_digest(_seal(body.encode()), seal):
        return None
    facts = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    tenant_id = UUID(facts["t"])
    granted = await clients.granted(facts["c"], tenant_id)
    if granted is None or str(granted.installation_id) != facts["i"]:
        return None
    async with open_scope(tenant_scope(tenant_id)):
        held = await execute(
            "update integrations_scim_token set used_at = now() where tenant_id = $1 and installation_id = $2"
            " and token_hash = $3 and ended_at is null",
            tenant_id,
            granted.installation_id,
            hash_of(token),
        )
    return granted if held else None
