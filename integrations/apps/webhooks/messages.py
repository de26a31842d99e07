"""Messages to apps: written in the transaction they belong to, sent after it, tried again for three days.

An installation's own life is told whatever was agreed; everything else only to who agreed to its scope, which is
looked at once more when it is sent.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from integrations.apps.models import App, AppVersion
from integrations.apps.scim import push
from integrations.apps.scim.push import Errand
from integrations.apps.tenant_models import AppMessage, Installation
from integrations.apps.vendors.findings import secret_of
from integrations.apps.webhooks import stopping
from integrations.apps.webhooks.signing import headers
from tenants import texts
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue, job
from tenants.outbound import OutboundError, call
from tenants.scope import execute, open_scope, tenant_scope
from ui.i18n import t

PAUSES = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before the second, third … try: three days and three hours in all, as Standard Webhooks advises."""
LIFE = "installation."
DELETION = "installation.deletion_due"
SECONDS = 10.0
KEPT_TRIES = 20
GONE = 410
_WRITE = """
insert into integrations_app_message (tenant_id, id, installation_id, vendor_id, event, scope, cause, body, due_at,
    history) values ($1, $2, $3, $4, $5, $6, $7, $8, now(), '[]') on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Goes:
    """Where a message goes, and by which of its names the app is known there."""

    url: str
    client_id: str


async def tell(
    installation: Installation, event: str, data: Mapping[str, Any], *, cause: str, scope: str = ""
) -> UUID | None:
    """Write one message in the open tenant scope and have it sent; ``None`` when this was told before."""
    message_id = new_id()
    written = await execute(
        _WRITE,
        installation.tenant_id,
        message_id,
        installation.id,
        installation.vendor_id,
        event,
        scope,
        cause[:100],
        json.dumps(
            {"type": event, "installation": str(installation.id), "data": dict(data)}, ensure_ascii=False
        ),
    )
    if not written:
        return None
    await enqueue("apps.send", {"message_id": str(message_id)})
    return message_id


@job("apps.send", is_transactional=False)
async def send(actor: Actor, payload: dict[str, Any]) -> None:
    """Try to send one message; what happened is written down, and a failure is tried again later."""
    tenant, message_id = actor.tenant_id, UUID(payload["message_id"])
    assert tenant is not None  # noqa: S101 - jobs always have a tenant
    async with open_scope(tenant_scope(tenant)):
        errand = await _errand(tenant, message_id)
    if errand is not None:
        await _run(actor, *errand)
        return
    async with open_scope(tenant_scope(tenant)):
        ready = await _ready(tenant, message_id)
    if ready is None:
        return
    message, app, goes = ready
    began = time.monotonic()
    status, note = await _call(app, goes, message)
    tried = {"at": datetime.now(UTC).isoformat(), "status": status, "note": note}
    tried["ms"] = round((time.monotonic() - began) * 1000)
    async with open_scope(tenant_scope(tenant)):
        await _settle(actor, message, tried, is_taken=not note)


async def _errand(tenant: UUID, message_id: UUID) -> tuple[AppMessage, Errand] | None:
    """Return a message that keeps an app in step (SCIM) with what it has to say now; one that says nothing is over."""
    message = await AppMessage.get_or_none(tenant_id=tenant, id=message_id, status="waiting")
    if message is None or message.event not in push.KIND:
        return None
    installation = await Installation.get(tenant_id=tenant, id=message.installation_id)
    errand = None if installation.hook_stopped_at else await push.prepare(message, installation)
    if errand is None and not installation.hook_stopped_at:
        await AppMessage.filter(tenant_id=tenant, id=message.id).update(status="dropped")
    return (message, errand) if errand else None


async def _run(actor: Actor, message: AppMessage, errand: Errand) -> None:
    """Tell the app who works here, and write down what came of it."""
    began = time.monotonic()
    status, note, remote_id, said = await push.send(errand)
    message.body = {**said, "url": errand.target.url}
    tried = {"at": datetime.now(UTC).isoformat(), "status": status, "note": note}
    tried["ms"] = round((time.monotonic() - began) * 1000)
    async with open_scope(tenant_scope(message.tenant_id)):
        if note:
            await push.go_on(errand)
        else:
            await push.settle(errand, remote_id)
        await _settle(actor, message, tried, is_taken=not note)


async def _ready(tenant: UUID, message_id: UUID) -> tuple[AppMessage, App, Goes] | None:
    """Return the message with where it goes, or ``None`` when it is not to be sent (any more, or now)."""
    message = await AppMessage.get_or_none(tenant_id=tenant, id=message_id, status="waiting")
    if message is None or message.event in push.KIND:
        return None
    installation = await Installation.get(tenant_id=tenant, id=message.installation_id)
    app = await App.get_or_none(id=installation.app_id)
    url = await _address(app, installation, message) if app else ""
    if app is None or not url or not _is_open(message, installation):
        await AppMessage.filter(tenant_id=tenant, id=message.id).update(status="dropped")
        return None
    if installation.hook_stopped_at and not message.event.startswith(LIFE):
        return None
    return message, app, Goes(url, app.client_of(is_test=installation.is_test))


def _is_open(message: AppMessage, installation: Installation) -> bool:
    if message.event.startswith(LIFE):
        return True
    return installation.status == "active" and message.scope in installation.scopes


async def _address(app: App, installation: Installation, message: AppMessage) -> str:
    """Return where the app's webhooks go: by its listed version, in a sandbox by its newest.

    A suspended app hears nothing more but that it has to delete what it has.
    """
    if installation.is_test:
        version = await AppVersion.filter(app_id=app.id).order_by("-number").first()
    elif message.event == DELETION:
        version = await AppVersion.get_or_none(id=app.listed_version_id)
    else:
        version = await AppVersion.get_or_none(id=app.listed_version_id, status="listed")
    return version.webhook_uri if version else ""


async def _call(app: App, goes: Goes, message: AppMessage) -> tuple[int, str]:
    """Return the status of the answer (0 without one) and what was wrong with it; nothing when it was taken."""
    moment = int(time.time())
    told = message.body | {"client_id": goes.client_id, "timestamp": moment}
    body = json.dumps(told, ensure_ascii=False).encode()
    signed = headers(secret_of(app), f"msg_{message.id}", moment, body) | {"Content-Type": "application/json"}
    try:
        answer = await call("POST", goes.url, headers=signed, content=body, seconds=SECONDS)
    except OutboundError as error:
        return 0, texts.dumps(error.text)
    if not answer.is_success:
        return answer.status, texts.dumps(t("It answered {status}.", status=answer.status))
    if message.event == DELETION and not _is_confirmed(answer.body):
        return answer.status, texts.dumps(t("It does not answer {wanted}.", wanted='{"deleted": true}'))
    return answer.status, ""


def _is_confirmed(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["deleted"] is True)
    except (ValueError, KeyError, TypeError):
        return False


async def _settle(actor: Actor, message: AppMessage, tried: dict[str, Any], *, is_taken: bool) -> None:
    message.history = [*message.history, tried][-KEPT_TRIES:]
    message.tries += 1
    if is_taken:
        message.status, message.delivered_at = "delivered", datetime.now(UTC)
        await _taken(message)
    elif message.tries > len(PAUSES) or tried["status"] == GONE:
        message.status = "failed"
        await (stopping.unconfirmed if message.event == DELETION else stopping.stop)(actor, message)
    else:
        pause = timedelta(seconds=PAUSES[message.tries - 1])
        message.due_at = datetime.now(UTC) + pause
        await enqueue("apps.send", {"message_id": str(message.id)}, delay=pause)
        await stopping.count_failure(actor, message)
    await message.save(update_fields=["history", "tries", "status", "delivered_at", "due_at", "body"])


async def _taken(message: AppMessage) -> None:
    facts: dict[str, Any] = {"hook_failures": 0}
    if message.event == DELETION:
        facts["deleted_at"] = datetime.now(UTC)
    await Installation.filter(tenant_id=message.tenant_id, id=message.installation_id).update(**facts)


async def _forget(tenant_id: UUID, message_id: UUID) -> None:
    """Of an app that is kept in step, take what it was told for untold: else there would be nothing to send again."""
    message = await AppMessage.get(tenant_id=tenant_id, id=message_id)
    if message.event in push.KIND:
        await push.forget(message)


async def send_again(tenant_id: UUID, message_id: UUID) -> bool:
    """Have a message that has ended sent once more, in the open tenant scope; ``False`` when it still waits."""
    taken = await AppMessage.filter(
        tenant_id=tenant_id, id=message_id, status__in=("delivered", "failed", "dropped")
    ).update(status="waiting", tries=0, due_at=datetime.now(UTC))
    if taken:
        await _forget(tenant_id, message_id)
        await enqueue("apps.send", {"message_id": str(message_id)})
    return bool(taken)
