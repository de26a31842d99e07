"""Telling the hospital's system of deposits, each movement once: what came in from outside, and what went back there.

What a deposit pays inside the hospital is the settlement's, which the system knows by its claim. The key is the
movement's own, so that telling it again adds nothing; a doubled one is taken back. Silent, the system is told again
until it answers; what it refuses stands on the worklist.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.worklist.registry import Kind, add_kind
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import Deposit, His, HisRefused, HisSilent, Posted
from scenarios.hospital.his.linking import number_of
from scenarios.hospital.his.standing import exactly_one
from scenarios.hospital.inpatient.admission import DEPOSIT
from scenarios.hospital.models import DepositPosting, Stay
from scenarios.hospital.rights import WORK
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Account
from tenants.scope import execute, open_scope, row, rows, tenant_scope
from ui.i18n import N_

NOTE_JOB, TELL_JOB = "hospital.note_deposit", "hospital.tell_deposit"
OUTSIDE = ("top_up", "pay_out", "pay_out_back", "charge_back")
"""Kinds of movement in which money comes from outside or goes there."""
PAUSES = (2, 10, 60, 300, 600)
"""Seconds between two tries while the system is silent; the last holds from then on."""
PROBLEM_MAX = 200
IN_HOSPITALS = "exists (select 1 from tenants_tenant where id = $1 and 'hospital' = any (scenarios))"
_MOVED = """
select m.id, m.account_id, m.amount_minor, m.currency, m.created_at, s.id stay_id
  from billing_wallet_movement m join lateral (select s.id from hospital_stay s
     where s.tenant_id = $1 and s.wallet_id = m.wallet_id
     order by s.status not in ('admitted', 'leaving'), s.admitted_at desc limit 1) s on true
 where m.tenant_id = $1 and m.id = $2 and m.kind = any ($3)
"""
_NOTE = """
insert into hospital_deposit_posting (tenant_id, id, movement_id, account_id, stay_id, amount_minor, currency, moved_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, movement_id) do nothing
"""
_AGAIN = """
update hospital_deposit_posting set status = 'waiting', ended_at = null, tries = 0
 where tenant_id = $1 and status = 'refused' returning id
"""
_ONE_AGAIN = """
update hospital_deposit_posting set status = 'waiting', ended_at = null, tries = 0 where tenant_id = $1 and id = $2
"""
add_kind(
    Kind(
        "deposit_refused",
        N_("Deposits that the hospital's system refuses"),
        WORK,
        """
select p.id, p.moved_at since, null::timestamptz due_at, p.amount_minor, p.currency, s.reference title,
       p.problem detail, '/his-deposits?status=refused' path
  from hospital_deposit_posting p join hospital_stay s on s.tenant_id = $1 and s.id = p.stay_id
 where p.tenant_id = $1 and p.status = 'refused'
""",
        order=44,
    )
)


async def note(actor: Actor, payload: dict[str, Any]) -> None:
    """Write down a movement of a stay's deposit that the system is to hear of; again it adds nothing."""
    if payload.get("kind") != DEPOSIT.key or payload.get("move") not in OUTSIDE:
        return
    moved = await row(_MOVED, actor.tenant_id, UUID(payload["movement_id"]), list(OUTSIDE))
    if moved is None:
        return
    made = new_id()
    facts = ("account_id", "stay_id", "amount_minor", "currency", "created_at")
    if await execute(_NOTE, actor.tenant_id, made, moved["id"], *(moved[name] for name in facts)):
        await enqueue(TELL_JOB, {"posting_id": str(made)})


async def tell(actor: Actor, posting_id: UUID) -> None:
    """Tell the system of one deposit; told already, it does nothing. Outside of any scope."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await DepositPosting.get(tenant_id=actor.tenant_id, id=posting_id)
        his, deposit = await his_of(actor.tenant_id), await _deposit(found)
    if found.status != "waiting" or his is None:
        return
    try:
        posted = await _once(his, deposit)
    except HisSilent as silent:
        await _later(actor, posting_id, str(silent))
    except HisRefused as refused:
        await _end(actor, posting_id, "refused", problem=str(refused)[:PROBLEM_MAX])
    else:
        await _end(actor, posting_id, "posted", his_reference=posted.id)


async def _deposit(found: DepositPosting) -> Deposit:
    stay = await Stay.get(tenant_id=found.tenant_id, id=found.stay_id)
    account = await Account.get(tenant_id=found.tenant_id, id=found.account_id)
    amount = int(found.amount_minor)
    return Deposit(str(found.movement_id), await number_of(account), stay.his_id, amount, found.moved_at)


async def _once(his: His, deposit: Deposit) -> Posted:
    """Tell it, and see to it that exactly one of the right amount stands there.

    Raises:
        HisSilent: nothing certain is known yet.
        HisRefused: it does not stand there.
    """
    await his.deposit(deposit)
    return await exactly_one(await his.deposits(deposit.key), deposit.amount_minor, his.take_back)


async def _locked(actor: Actor, posting_id: UUID) -> DepositPosting:
    return await DepositPosting.filter(tenant_id=actor.tenant_id, id=posting_id).select_for_update().get()


async def _later(actor: Actor, posting_id: UUID, problem: str) -> None:
    async with open_scope(actor.scope()):
        found = await _locked(actor, posting_id)
        pause = timedelta(seconds=PAUSES[min(found.tries, len(PAUSES) - 1)])
        found.tries, found.asked_at = found.tries + 1, datetime.now(UTC)
        found.problem = problem[:PROBLEM_MAX]
        await found.save(update_fields=["tries", "asked_at", "problem"])
        await enqueue(TELL_JOB, {"posting_id": str(posting_id)}, delay=pause)


async def _end(actor: Actor, posting_id: UUID, status: str, **facts: str) -> None:
    async with open_scope(actor.scope()):
        found = await _locked(actor, posting_id)
        if found.status != "waiting":
            return
        found.update_from_dict({"problem": "", **facts, "status": status, "ended_at": datetime.now(UTC)})
        await found.save(update_fields=["problem", "his_reference", "status", "ended_at"])
        stay = await Stay.get(tenant_id=found.tenant_id, id=found.stay_id)
        await audit.record(
            actor,
            f"stay.deposit_{status}",
            subject_kind="stay",
            subject_id=stay.id,
            subject_label=stay.reference,
            after={"amount_minor": found.amount_minor, "currency": found.currency},
        )


async def tell_moved(actor: Actor, movement_id: UUID) -> bool:
    """Tell the system at once of a deposit that it lacks; ``False`` for what is no deposit. Outside of any scope."""
    async with open_scope(actor.scope()):
        found = await DepositPosting.get_or_none(tenant_id=actor.tenant_id, movement_id=movement_id)
        if found is not None:
            await execute(_ONE_AGAIN, actor.tenant_id, found.id)
    if found is not None:
        await tell(actor, found.id)
    return found is not None


async def tell_again(actor: Actor) -> int:
    """Have the system told again of everything that it has refused; return how much that is."""
    actor.require(WORK)
    found = await rows(_AGAIN, actor.tenant_id)
    for one in found:
        await enqueue(TELL_JOB, {"posting_id": str(one["id"])})
    return len(found)
