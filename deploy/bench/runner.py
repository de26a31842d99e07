"""One worker process that bills an institution for the month, as ``bench bill_run`` has it do.

It drafts, approves and issues as people and the worker would, and prints the seconds of each and the most memory that
it has held, in megabytes, as one line of JSON.
"""

import asyncio
import json
import os
import resource
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from billing.charges import fees, run_steps, runs
from billing.charges.periods import months_after
from billing.models import BillRun
from deploy import composition, logs
from deploy.bench.who import manager
from deploy.database import connected
from deploy.settings import Settings
from scenarios import registry
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope

_ITEMS = ("service_charge", "late_fee")


async def main(tenant_id: UUID) -> None:
    """Do what this module says."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what is logged is none of the answer
    settings = Settings()
    logs.configure(settings)
    composition.compose(settings, registry.load())
    async with connected(settings.database_url.get_secret_value()):
        async with open_scope(tenant_scope(tenant_id)):
            of = await Tenant.get(id=tenant_id)
        spent = await _run(of)
    print(json.dumps({**spent, "memory_mb": _most_mb()}), file=answers)


async def _run(of: Tenant) -> dict[str, float]:
    begun = time.perf_counter()
    made = await draft(of)
    drafted = time.perf_counter()
    await issue(of, made)
    return {"draft_s": drafted - begun, "issue_s": time.perf_counter() - drafted}


async def draft(of: Tenant) -> UUID:
    """Put the scenario's rules into force, draft a run of this month for everybody, and return its id."""
    who, period = manager(of), months_after(today(of.timezone), 0)
    async with open_scope(tenant_scope(of.id)):
        chosen = await _in_force(who, period)
        run = await runs.start(
            who, scenario="community", period=period, due_on=period.replace(day=15), fee_item_ids=chosen
        )
    while await run_steps.advance(system_actor(of.id), run.id):
        continue
    found: UUID = run.id
    return found


async def issue(of: Tenant, run_id: UUID) -> None:
    """Approve and issue what was drafted."""
    async with open_scope(tenant_scope(of.id)):
        await runs.request_issue(manager(of), run_id)
    await run_steps.issue(system_actor(of.id), run_id)
    async with open_scope(tenant_scope(of.id)):
        done = await BillRun.get(tenant_id=of.id, id=run_id)
    if done.status != "issued":
        raise RuntimeError(f"the run ended as {done.status}")


async def _in_force(who: Actor, period: date) -> list[Any]:
    """Put the published rules into force and return the fees that a flat is charged."""
    found = [one for one in await fees.list_items(who) if one.item.key in _ITEMS]
    for one in found:
        if one.current is None:
            await fees.activate(who, one.item.id, effective_from=period)
    return [one.item.id for one in found]


def _most_mb() -> float:
    """Return the most memory that this process has held; ``ru_maxrss`` would begin with its parent's."""
    status = Path("/proc/self/status")
    if not status.exists():  # off Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    asyncio.run(main(UUID(sys.argv[1])))
