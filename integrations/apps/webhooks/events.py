"""From the product's events to messages: for each installation that agreed, with the facts it agreed to."""

from typing import Any

from integrations.apps.resources import consented, reader_of
from integrations.apps.scopes import SCOPES, scope_of_event
from integrations.apps.tenant_models import Installation
from integrations.apps.webhooks.messages import tell
from tenants.actor import Actor
from tenants.jobs import job, subscribe

LISTENING = (
    "exists (select 1 from integrations_installation i where i.tenant_id = $1 and i.status = 'active'"
    " and i.scopes && array['people', 'bills', 'payments'])"
)
"""Where an app may want to hear of something; elsewhere an event costs nothing but this look."""


@job("apps.event")
async def hear(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell every app that agreed of one event; the same event twice is told once."""
    event = payload["event"]
    scope, reader = scope_of_event(event), reader_of(event)
    assert actor.tenant_id is not None  # noqa: S101 - jobs always have a tenant
    found = await Installation.filter(tenant_id=actor.tenant_id, status="active", scopes__contains=[scope])
    for installation in found if reader else ():
        heard = await reader(payload, str(installation.vendor_id)) if reader else None
        if heard is None:
            return
        data = consented(heard.facts, frozenset(installation.scopes))
        await tell(installation, event, data, cause=heard.cause, scope=scope)


def listen() -> None:
    """Subscribe to everything that a scope opens; at composition."""
    for scope in SCOPES.values():
        for event in scope.events:
            subscribe(event, "apps.event", where=LISTENING)


listen()
