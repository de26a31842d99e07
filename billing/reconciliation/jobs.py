"""Background work of reconciliation: reading sources, preparing those of a new account, reading uploaded files."""

from typing import Any
from uuid import UUID

from billing.models import SettlementAccount
from billing.reconciliation import feeds, uploads
from tenants.actor import Actor
from tenants.jobs import enqueue, job, subscribe
from tenants.scope import open_scope, tenant_scope


@job(feeds.FETCH_JOB, is_transactional=False)
async def fetch_statements(actor: Actor, payload: dict[str, Any]) -> None:
    """Read what is new at a source, and come again in an hour, or sooner when it failed."""
    went_well = await feeds.fetch(actor, UUID(payload["source_id"]))
    if payload.get("once"):
        return
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        delay = feeds.EVERY if went_well else feeds.AFTER_FAILURE
        await enqueue(feeds.FETCH_JOB, {"source_id": payload["source_id"]}, delay=delay)


@job(feeds.PREPARE_JOB)
async def prepare_sources(actor: Actor, payload: dict[str, Any]) -> None:
    """Make the sources of a settlement account that has just been connected."""
    account = await SettlementAccount.get_or_none(
        tenant_id=actor.tenant_id, id=UUID(payload["settlement_account_id"])
    )
    if account is not None:
        await feeds.prepare(account)


@job(uploads.READ_JOB)
async def read_upload(actor: Actor, payload: dict[str, Any]) -> None:
    """Take an uploaded statement in and show how that goes."""
    await uploads.read(actor, payload)


subscribe("settlement.connected", feeds.PREPARE_JOB)
