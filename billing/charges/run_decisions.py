"""What is made of a drafted run's odd accounts: left in with a word, or out of the run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from billing.charges import run_summary, runs
from billing.models import BillException, BillRun
from tenants import audit
from tenants.actor import Actor
from tenants.planning import in_bulk
from tenants.scope import execute, rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

DECISIONS: dict[str, str] = {"accepted": N_("Accepted"), "excluded": N_("Left out")}
UNDECIDED = N_("To look at")
NOTE_MAX = 500
WHOLE_SUMMARY = 50_000
"""Bills up to which all figures are worked out anew when some are left out; above, count and total."""
_CHOOSE = """
select e.id, e.account_id from billing_bill_exception e
 where e.tenant_id = $1 and e.run_id = $2 and e.decision = ''
   and case when $4 = '' then e.id = any ($3::uuid[]) else e.code = $4 end
"""
_MARK = """
update billing_bill_exception set decision = $4, note = $5, decided_by = $6, decided_by_name = $7, decided_at = $8
 where tenant_id = $1 and run_id = $2 and decision <> 'excluded' and id = any ($3::uuid[])
"""
_MARK_ACCOUNTS = _MARK.replace("id = any ($3::uuid[])", "account_id = any ($3::uuid[])")
_LEAVE_OUT = (
    "delete from billing_bill_line where tenant_id = $1 and bill_id in (select id from billing_bill"
    " where tenant_id = $1 and run_id = $2 and status = 'draft' and account_id = any ($3::uuid[]))",
    "delete from billing_bill where tenant_id = $1 and run_id = $2 and status = 'draft'"
    " and account_id = any ($3::uuid[])",
)


async def get(actor: Actor, run_id: UUID, exception_id: UUID) -> BillException:
    """Return one odd account of a run; ``NotFound`` when there is none."""
    actor.require("runs.read")
    found = await BillException.get_or_none(tenant_id=actor.tenant_id, run_id=run_id, id=exception_id)
    if found is None:
        raise NotFound("exception.not_found", t("There is no such entry. The run may have been cancelled."))
    return found


async def decide(
    actor: Actor,
    run_id: UUID,
    *,
    decision: str,
    note: str,
    ids: Sequence[UUID] = (),
    code: str = "",
) -> int:
    """Accept or leave out the named entries, or all undecided ones of a reason; return how many were decided.

    Leaving an account out takes its draft bill from the run; the month can be completed with it later.

    Raises:
        Invalid: accepting asks for a word; a note may not be endless.
        Conflict: the run is no draft (any more).
    """
    actor.require("runs.write")
    run = await runs.get(actor, run_id, lock=True)
    if run.status != "drafted":
        raise Conflict("run.not_drafted", t("Only a draft that nobody has approved can still be changed."))
    if decision not in DECISIONS:
        text = t("Choose what to do.")
        raise Invalid("exception.decision", text, fields={"decision": text})
    if (decision == "accepted" and not note.strip()) or len(note) > NOTE_MAX:
        text = t("Say in a word why it is right, in at most {n} characters.", n=NOTE_MAX)
        raise Invalid("exception.note", text, fields={"note": text})
    chosen = await rows(_CHOOSE, run.tenant_id, run.id, list(ids), code)
    if chosen:
        await _write(actor, run, chosen, decision, note.strip())
        await _record(actor, run, len(chosen), decision, note.strip())
    return len(chosen)


async def _write(
    actor: Actor, run: BillRun, chosen: Sequence[dict[str, UUID]], decision: str, note: str
) -> None:
    who = (actor.person_id, actor.name[:100], datetime.now(UTC))
    where = (run.tenant_id, run.id)
    async with in_bulk():
        if decision == "accepted":
            await execute(_MARK, *where, [one["id"] for one in chosen], decision, note, *who)
            await run_summary.count_anew(run)
        else:
            accounts = list({one["account_id"] for one in chosen})
            for statement in _LEAVE_OUT:
                await execute(statement, *where, accounts)
            await execute(_MARK_ACCOUNTS, *where, accounts, decision, note, *who)
            await (run_summary.summarise if run.bill_count <= WHOLE_SUMMARY else run_summary.count_anew)(run)
    await run.save()


async def _record(actor: Actor, run: BillRun, count: int, decision: str, note: str) -> None:
    await audit.record(
        actor,
        f"bill_run.exceptions_{decision}",
        subject_kind="bill_run",
        subject_id=run.id,
        subject_label=f"{run.scenario} {run.period:%Y-%m}",
        after={"entries": count, "note": note, "bills": run.bill_count, "total_minor": run.total_minor},
    )
