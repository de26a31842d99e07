"""Pausing, resuming and uninstalling: access ends in the same transaction, and the app hears of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from integrations.apps.catalogue.installing import get, note
from integrations.apps.models import App
from integrations.apps.scim import push
from integrations.apps.tenant_models import AppConsent, Installation
from integrations.apps.vendors.states import INSTALLATION_MOVES, check
from integrations.apps.webhooks.messages import DELETION, tell
from integrations.provider.ending import end_grants
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue, job

UNTIL_DELETION = timedelta(hours=48)
"""How long after uninstalling an app is told to delete what it has: time to change one's mind."""


async def pause(actor: Actor, installation_id: UUID) -> Installation:
    """Let nobody open the app and nothing reach it until it is resumed."""
    found, app = await _move(actor, installation_id, "paused", paused_at=datetime.now(UTC))
    await end_grants("paused", installation_id=found.id)
    await note(actor, found, "app.paused", app.name)
    await tell(found, "installation.paused", {}, cause=str(new_id()))
    return found


async def resume(actor: Actor, installation_id: UUID) -> Installation:
    """Let the app be opened again, with what was agreed to before."""
    found, app = await _move(actor, installation_id, "active", paused_at=None)
    await note(actor, found, "app.resumed", app.name)
    await tell(found, "installation.resumed", {}, cause=str(new_id()))
    await push.begin(found)
    return found


async def uninstall(actor: Actor, installation_id: UUID) -> Installation:
    """End the app here: tokens, sign-ins and consent at once; it deletes what it has after 48 hours."""
    now = datetime.now(UTC)
    found, app = await _move(
        actor,
        installation_id,
        "uninstalled",
        uninstalled_at=now,
        uninstalled_by_name=actor.name,
        delete_after=now + UNTIL_DELETION,
    )
    await end_grants("uninstalled", installation_id=found.id)
    await _take_back(actor, found)
    await note(actor, found, "app.uninstalled", app.name)
    await tell(found, "installation.uninstalled", {}, cause=str(found.id))
    await enqueue("apps.deletion_due", {"installation_id": str(found.id)}, delay=UNTIL_DELETION)
    return found


def is_owed(found: Installation) -> bool:
    """Tell whether an app should have confirmed by now that it deleted what it had."""
    due = found.delete_after
    return due is not None and found.deleted_at is None and due < datetime.now(UTC)


async def _move(actor: Actor, installation_id: UUID, becomes: str, **facts: Any) -> tuple[Installation, App]:
    actor.require("apps.install")
    actor.require_fresh()
    found = await get(actor, installation_id, is_locked=True)
    check(INSTALLATION_MOVES, found.status, becomes)
    found.update_from_dict({"status": becomes, **facts})
    await found.save(update_fields=["status", *facts])
    return found, await App.get(id=found.app_id)


async def _take_back(actor: Actor, found: Installation) -> None:
    await AppConsent.create(
        id=new_id(),
        tenant_id=found.tenant_id,
        installation_id=found.id,
        version_id=found.version_id,
        vendor_id=found.vendor_id,
        scopes=[],
        claims=[],
        reasons={},
        person_id=actor.person_id,
        person_name=actor.name,
        level=actor.level,
        auth_time=actor.auth_time,
    )


@job("apps.deletion_due")
async def deletion_due(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell the app to delete what it has of this installation; its answer is the confirmation."""
    found = await Installation.get(tenant_id=actor.tenant_id, id=UUID(payload["installation_id"]))
    await tell(found, DELETION, {}, cause=str(found.id))
