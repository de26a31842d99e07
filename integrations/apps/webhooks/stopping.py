"""When an app does not take what it is told: telling it stops by itself, and the people concerned hear of it.

So they do of one that never confirmed that it deleted what it had of an institution which had uninstalled it.
"""

from datetime import UTC, datetime

from integrations.apps.models import App, Vendor
from integrations.apps.tenant_models import AppMessage, Installation
from tenants import audit, notices
from tenants.actor import Actor
from tenants.jobs import enqueue
from tenants.scope import rows, value
from ui.i18n import Text, t

MOST_FAILURES = 100
"""Failed tries one after another, over all messages of an installation."""
MOST_TOLD = 20
_WHO = """
select distinct m.person_id, m.email from tenants_membership m
  join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and m.ended_at is null and 'apps.install' = any (r.permissions) limit $2
"""


async def count_failure(actor: Actor, message: AppMessage) -> None:
    """Count a failed try; too many in a row stop the rest."""
    count = await value(
        "update integrations_installation set hook_failures = hook_failures + 1"
        " where tenant_id = $1 and id = $2 returning hook_failures",
        message.tenant_id,
        message.installation_id,
    )
    if count >= MOST_FAILURES:
        await stop(actor, message)


async def stop(actor: Actor, message: AppMessage) -> None:
    """Stop telling this installation, once, and say so to the tenant's administrators and the vendor."""
    stopped = await Installation.filter(
        tenant_id=message.tenant_id, id=message.installation_id, hook_stopped_at=None
    ).update(hook_stopped_at=datetime.now(UTC))
    if not stopped:
        return
    installation, app, vendor = await _parties(message)
    await audit.record(
        actor,
        "app.webhooks_stopped",
        subject_kind="installation",
        subject_id=installation.id,
        subject_label=app.name,
        after={"failures": installation.hook_failures},
    )
    body = t(
        "{app} has not taken what it was told for a long time, so nothing more is sent to it. What happens"
        " meanwhile is kept. Once it answers again, resume sending on the app's page.",
        app=app.name,
    )
    await _write(actor, vendor, "app_webhooks_stopped", t("{app} no longer answers", app=app.name), body)


async def unconfirmed(actor: Actor, message: AppMessage) -> None:
    """Note that an app has not said for three days that it deleted what it had, and write so."""
    installation, app, vendor = await _parties(message)
    await audit.record(
        actor,
        "app.deletion_unconfirmed",
        subject_kind="installation",
        subject_id=installation.id,
        subject_label=app.name,
    )
    body = t(
        "{app} was uninstalled, and has been asked for three days to delete what it had. It has not confirmed that."
        " Its access had ended with the uninstalling. Ask {vendor} at {email}; the bank sees it too.",
        app=app.name,
        vendor=vendor.name,
        email=vendor.contact_email,
    )
    await _write(
        actor, vendor, "app_deletion_unconfirmed", t("{app} has not confirmed deletion", app=app.name), body
    )


async def _parties(message: AppMessage) -> tuple[Installation, App, Vendor]:
    installation = await Installation.get(tenant_id=message.tenant_id, id=message.installation_id)
    return installation, await App.get(id=installation.app_id), await Vendor.get(id=installation.vendor_id)


async def _write(actor: Actor, vendor: Vendor, template: str, subject: Text, body: Text) -> None:
    """Write to whoever may install apps here, and to the vendor."""
    told = {(one["email"], one["person_id"]) for one in await rows(_WHO, actor.tenant_id, MOST_TOLD)}
    for recipient, person_id in [*sorted(told, key=str), (vendor.contact_email, None)]:
        await notices.notify(
            actor,
            template=template,
            channel="email",
            recipient=recipient,
            person_id=person_id,
            subject=subject,
            body=body,
        )


async def resume(actor: Actor, installation: Installation, label: str) -> int:
    """Go on telling an installation, and send what has waited; return how much that is."""
    await Installation.filter(tenant_id=installation.tenant_id, id=installation.id).update(
        hook_stopped_at=None, hook_failures=0
    )
    waiting = await AppMessage.filter(
        tenant_id=installation.tenant_id, installation_id=installation.id, status="waiting"
    ).values_list("id", flat=True)
    for message_id in waiting:
        await enqueue("apps.send", {"message_id": str(message_id)})
    await audit.record(
        actor,
        "app.webhooks_resumed",
        subject_kind="installation",
        subject_id=installation.id,
        subject_label=label,
    )
    return len(waiting)
