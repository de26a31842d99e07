"""The background work of imports; importing this module registers it, as composition does."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants import audit, tasks
from tenants.actor import Actor
from tenants.imports import services, staging
from tenants.jobs import job, publish
from tenants.kinds import Applied
from tenants.models import Import, Tenant
from tenants.scope import open_scope
from tenants.tabular import choose_columns
from ui.errors import AppError


@job(services.CHECK_JOB)
async def check(actor: Actor, payload: dict[str, Any]) -> None:
    """Try the file dry; one that cannot be read after all is refused with its reason."""
    found, task_id = await _locked(actor, payload)
    if found.state != "checking":
        return
    async with tasks.shown(task_id):
        try:
            async with open_scope(actor.scope()):
                found.counts = await _staged(actor, found, task_id)
        except AppError as error:
            found.state = "refused"
            await tasks.fail(task_id, error.message, url=await _url(found))
        else:
            found.state = "checked"
            await tasks.finish(task_id, url=await _url(found))
        await found.save(update_fields=["state", "counts"])


async def _staged(actor: Actor, found: Import, task_id: UUID) -> dict[str, int]:
    spec = services.spec_named(found.kind)
    table = await services.open_upload(found, spec, found.mapping["sheet"] or None)
    columns = choose_columns(table.header, spec.fields, found.mapping["columns"])
    progress = tasks.Progress(task_id)
    counts = await staging.replace(
        actor, found.id, spec=spec, table=table, columns=columns, progress=progress
    )
    return counts | _plain(await spec.compare(actor, found.id))


@job(services.APPLY_JOB)
async def apply(actor: Actor, payload: dict[str, Any]) -> None:
    """Write the good rows in one transaction and say what became of them."""
    found, task_id = await _locked(actor, payload)
    if found.state != "applying":
        return
    async with tasks.shown(task_id):
        done = await services.spec_named(found.kind).apply(actor, found.id)
        found.state, found.applied_at = "applied", datetime.now(UTC)
        found.counts |= _plain(done)
        await found.save(update_fields=["state", "applied_at", "counts"])
        await tasks.finish(task_id, url=await _url(found))
        await publish("import.applied", {"import_id": str(found.id), "kind": found.kind})
        await audit.record(
            actor,
            "import.applied",
            subject_kind="import",
            subject_id=found.id,
            subject_label=found.filename,
            after={"asked_by": found.created_by_name, **found.counts},
        )


async def _locked(actor: Actor, payload: dict[str, Any]) -> tuple[Import, UUID]:
    """Return the import, with nobody else at work on it until the end of the transaction."""
    found = await services.get(actor, UUID(payload["import_id"]), lock=True)
    return found, UUID(payload["task_id"])


async def _url(found: Import) -> str:
    tenant = await Tenant.get(id=found.tenant_id)
    return f"/t/{tenant.slug}/imports/{found.id}"


def _plain(applied: Applied) -> dict[str, int]:
    return {"added": applied.added, "changed": applied.changed, "unchanged": applied.unchanged}
