"""Tariff rehearsal: a past run once more under a draft rule, before anybody is charged by it.

The work is done in stretches of accounts, each in its own transaction under a lock on the rehearsal; a worker that
dies leaves the rest to whoever comes after, from the last account that is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.charges.periods import last_day
from billing.charges.replay_sql import BINS, LARGEST, STRETCH, TOTALS, replay_sql
from billing.models import BillRun, FeeItem, FeeRule, Rehearsal, RehearsalLine
from billing.rules import parse
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Task, Tenant
from tenants.planning import by_stretch, renew_statistics
from tenants.scope import open_scope, row, rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

JOB, KIND = "billing.rehearse", "fee_rule.rehearsal"
KEPT = 5
"""Rehearsals of one fee that are kept; an older one goes when another begins."""
MOST_BINS = 12
MOST_RUNS = 36
tasks.name_kind(KIND, N_("Tariff rehearsal"))


async def runs_of(actor: Actor, item: FeeItem) -> list[BillRun]:
    """Return the issued runs that charged a fee, newest first."""
    actor.require("fees.read")
    found = await BillRun.filter(
        tenant_id=actor.tenant_id, scenario=item.scenario, status="issued", fee_items__contains=[str(item.id)]
    ).order_by("-period", "-issued_at")
    return found[:MOST_RUNS]


async def start(actor: Actor, item: FeeItem, draft: FeeRule | None, run_id: UUID) -> Task:
    """Have a past run of a fee worked out under its draft in the background.

    Raises:
        Conflict: there is no draft.
        Invalid: the run was not issued or did not charge this fee.
    """
    actor.require("fees.write")
    if draft is None:
        raise Conflict("rehearsal.no_draft", t("There is no draft to rehearse. Write a rule first."))
    run = next((one for one in await runs_of(actor, item) if one.id == run_id), None)
    if run is None:
        text = t("Choose one of the runs that charged this fee.")
        raise Invalid("rehearsal.run", text, fields={"run": text})
    await _forget_old(item)
    made = Rehearsal(
        id=new_id(),
        tenant_id=item.tenant_id,
        fee_item_id=item.id,
        run_id=run.id,
        period=run.period,
        currency=run.currency,
        document=draft.document,
        summary={},
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )
    await made.save()
    task = await tasks.begin(actor, KIND, subject_id=made.id, total=run.bill_count)
    made.task_id = task.id
    await made.save(update_fields=["task_id"])
    await enqueue(JOB, {"rehearsal_id": str(made.id)})
    after = {"version": draft.version}
    await audit.record(
        actor,
        "fee_rule.rehearsed",
        subject_kind="fee_item",
        subject_id=item.id,
        subject_label=item.names.get("en", item.key),
        after=after,
    )
    return task


async def _forget_old(item: FeeItem) -> None:
    of_item = Rehearsal.filter(tenant_id=item.tenant_id, fee_item_id=item.id)
    for old in (await of_item.order_by("-created_at"))[KEPT - 1 :]:
        await RehearsalLine.filter(tenant_id=item.tenant_id, rehearsal_id=old.id).delete()
        await old.delete()


async def advance(actor: Actor, rehearsal_id: UUID) -> bool:
    """Work out the next stretch in a transaction of its own; ``False`` when nothing is left to do."""
    await renew_statistics("billing_rehearsal_line")
    async with open_scope(actor.scope()):
        query = Rehearsal.filter(tenant_id=actor.tenant_id, id=rehearsal_id)
        found = await query.select_for_update().first()
        if found is None or found.status == "done":
            return False
        item = await FeeItem.get(tenant_id=found.tenant_id, id=found.fee_item_id)
        task = await Task.get(tenant_id=found.tenant_id, id=found.task_id)
        done = await _stretch(found, item)
        await _note(found, item, task, done)
    return True


async def _stretch(found: Rehearsal, item: FeeItem) -> Any:
    """Work out the next accounts; return how many they were, and the last one's number."""
    async with by_stretch():
        return await row(
            replay_sql(parse(found.document)),
            found.tenant_id,
            found.id,
            found.run_id,
            item.id,
            found.period,
            last_day(found.period),
            item.scenario,
            found.summary.get("last", ""),
            STRETCH,
        )


async def _note(found: Rehearsal, item: FeeItem, task: Task, done: Any) -> None:
    task.state, task.done = "running", task.done + done["n"]
    task.total = max(task.total, task.done)
    if done["n"] < STRETCH:
        found.status, found.summary = "done", await _summary(found)
        tenant = await Tenant.get(id=found.tenant_id)
        tasks.end(task, url=f"/t/{tenant.slug}/fees/{item.id}/rehearsals/{found.id}")
    else:
        found.summary = {"last": done["last"]}
    await found.save()
    await task.save()


async def _summary(found: Rehearsal) -> dict[str, Any]:
    totals = await row(TOTALS, found.tenant_id, found.id)
    assert totals is not None  # noqa: S101 - an aggregate always answers
    step = nice_step(totals["lowest"], totals["highest"])
    bins = await rows(BINS, found.tenant_id, found.id, step)
    return {**dict(totals), "step": step, "bins": [dict(one) for one in bins]}


def nice_step(lowest: int, highest: int) -> int:
    """Return a width of 1, 2 or 5 times a power of ten that divides a span into at most ``MOST_BINS`` parts."""
    span = max(highest, 0) - min(lowest, 0)
    steps: Iterator[int] = (factor * 10**power for power in range(19) for factor in (1, 2, 5))
    return next(step for step in steps if span // step + 2 <= MOST_BINS)


@dataclass(frozen=True, slots=True)
class Changes:
    """The largest changes up, and down."""

    up: list[Any]
    down: list[Any]


async def get(actor: Actor, rehearsal_id: UUID, *, of: UUID) -> Rehearsal:
    """Return a rehearsal of one fee of this tenant.

    Raises:
        NotFound: there is none.
    """
    actor.require("fees.read")
    found = await Rehearsal.get_or_none(tenant_id=actor.tenant_id, id=rehearsal_id, fee_item_id=of)
    if found is None:
        raise NotFound("rehearsal.not_found", t("There is no such rehearsal."))
    return found


async def rehearsals_of(actor: Actor, item: FeeItem) -> list[Rehearsal]:
    """Return the rehearsals of a fee that are kept, newest first."""
    actor.require("fees.read")
    return await Rehearsal.filter(tenant_id=actor.tenant_id, fee_item_id=item.id).order_by("-created_at")


async def largest(found: Rehearsal) -> Changes:
    """Return the accounts whose charge changes most."""
    up, down = [list(await rows(sql, found.tenant_id, found.id, found.currency)) for sql in LARGEST]
    return Changes(up, down)
