"""The background work of charging; importing this module registers it, as composition does."""

from typing import Any
from uuid import UUID

from billing.charges import provisioning, reminders, replay, run_steps
from billing.charges.reminders import REMIND_JOB
from billing.charges.replay import JOB as REHEARSE_JOB
from billing.charges.runs import CANCEL_JOB, DRAFT_JOB, ISSUE_JOB, VOID_JOB
from tenants.actor import Actor
from tenants.jobs import job

provisioning.register()


@job(DRAFT_JOB, is_transactional=False)
async def draft_run(actor: Actor, payload: dict[str, Any]) -> None:
    """Work a draft to its end, step by step, from wherever it stands."""
    while await run_steps.advance(actor, UUID(payload["run_id"])):
        continue


@job(REHEARSE_JOB, is_transactional=False)
async def rehearse(actor: Actor, payload: dict[str, Any]) -> None:
    """Work a rehearsal to its end, stretch by stretch, from wherever it stands."""
    while await replay.advance(actor, UUID(payload["rehearsal_id"])):
        continue


@job(ISSUE_JOB, is_transactional=False)
async def issue_run(actor: Actor, payload: dict[str, Any]) -> None:
    """Issue a run to its end, from wherever it stands."""
    await run_steps.issue(actor, UUID(payload["run_id"]))


@job(CANCEL_JOB, is_transactional=False)
async def cancel_run(actor: Actor, payload: dict[str, Any]) -> None:
    """Delete a draft to its end, from wherever it stands."""
    while await run_steps.cancel_next(actor, UUID(payload["run_id"])):
        continue


@job(VOID_JOB, is_transactional=False)
async def void_run(actor: Actor, payload: dict[str, Any]) -> None:
    """Take an issued run's unpaid bills back to the last one, from wherever it stands."""
    while await run_steps.void_next(actor, UUID(payload["run_id"])):
        continue


@job(REMIND_JOB, is_transactional=False)
async def remind_overdue(actor: Actor, payload: dict[str, Any]) -> None:
    """Remind everybody whose bill is overdue, in batches."""
    await reminders.work(actor, payload)
