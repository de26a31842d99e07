"""After somebody has gone home: a settlement is reversed to be made again, or the insurer decides again.

Everything is appended, so that the sum of a stay's rows is what holds; what was paid too much goes back to the original
payments, what is more is a bill.
"""

from collections.abc import Sequence
from uuid import UUID

from billing.reasons import about, standard
from scenarios.hospital.his.contract import HisRefused, HisSilent
from scenarios.hospital.his.wards import Shares, wards_of
from scenarios.hospital.inpatient import admission, settling
from scenarios.hospital.inpatient.taking_back import take_back
from scenarios.hospital.models import Stay, StaySettlement
from scenarios.hospital.rights import STAYS_SETTLE
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict
from ui.i18n import N_, t

DECIDED_AGAIN = standard(N_("The insurer has decided again"))
SETTLED_ANEW = standard(N_("Settled anew"))


async def reverse(actor: Actor, *, stay_id: UUID, reason: str) -> StaySettlement:
    """Take a settlement back, so that it can be made again: here and at the system. Outside of any scope.

    The patient's bill is credited and what had paid it returns; what a deposit had paid is in the deposit again.

    Raises:
        Conflict: it is not settled, or somebody is paying its bill at this moment.
        Unavailable: the hospital's system does not answer; nothing has happened.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require(STAYS_SETTLE)
    actor.require_fresh()
    work = await settling.work_of(actor, stay_id)
    if work.stay.status != "discharged":
        raise Conflict("stay.not_settled", t("This stay is not settled."))
    if work.his is not None:
        try:
            for one in await work.his.decisions(settling.key_of(work.stay)):
                await work.his.withdraw(one)
        except (HisSilent, HisRefused) as error:
            raise settling.silent() from error
    async with open_scope(tenant_scope(work.stay.tenant_id)):
        return await _reverse(actor, stay_id, reason.strip() or SETTLED_ANEW)


async def _reverse(actor: Actor, stay_id: UUID, reason: str) -> StaySettlement:
    stay = await admission.locked(actor, stay_id)
    if stay.status != "discharged":
        raise Conflict("stay.not_settled", t("This stay is not settled."))
    now = await settling.held(stay)
    await take_back_bills(actor, stay, now["patient_minor"], reason)
    shares = Shares("", "", -now["total_minor"], -now["insurer_minor"])
    made = await settling.write(actor, stay, "reverse", shares, note=reason)
    await execute(
        "update hospital_billed_charge set is_live = false where tenant_id = $1 and stay_id = $2 and is_live",
        stay.tenant_id,
        stay.id,
    )
    await admission.step(actor, stay, "reopen", ended_at=None, round=stay.round + 1)
    await admission.note(actor, stay, "stay.reversed", settling.facts_of(made))
    return made


async def take_back_bills(actor: Actor, stay: Stay, amount: int, reason: str) -> None:
    """Take so much of the stay's live bills back, the last one first."""
    found = await rows(
        "select b.id, b.total_minor - coalesce((select sum(n.amount_minor) from billing_credit_note n"
        "   where n.tenant_id = $1 and n.bill_id = b.id), 0)::bigint left_minor"
        "  from hospital_settlement s join billing_bill b on b.tenant_id = $1 and b.id = s.bill_id"
        " where s.tenant_id = $1 and s.stay_id = $2 and s.round = $3 order by s.created_at desc, s.id desc",
        stay.tenant_id,
        stay.id,
        stay.round,
    )
    for one in found:
        if part := min(amount, one["left_minor"]):
            await take_back(actor, bill_id=one["id"], amount_minor=part, reason=reason)
            amount -= part


async def decide_again(actor: Actor, stay_id: UUID) -> list[StaySettlement]:
    """Append what the insurer has decided since a stay was settled, each decision once. Outside of any scope.

    Less for the patient goes back to the original payments; more is a bill.

    Raises:
        Unavailable: the hospital's system does not answer.
        Conflict: somebody is paying the stay's bill at this moment; it can be asked again.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a hospital
    async with open_scope(tenant_scope(actor.tenant_id)):
        stay, his = await admission.locked(actor, stay_id), await wards_of(actor.tenant_id)
    if stay.status != "discharged" or his is None or not stay.his_id:
        return []
    try:
        found = await his.decisions(settling.key_of(stay))
    except (HisSilent, HisRefused) as error:
        raise settling.silent() from error
    async with open_scope(tenant_scope(stay.tenant_id)):
        return await _append(actor, stay_id, found)


async def _append(actor: Actor, stay_id: UUID, found: Sequence[Shares]) -> list[StaySettlement]:
    stay = await admission.locked(actor, stay_id)
    if stay.status != "discharged":
        return []
    written = await StaySettlement.filter(tenant_id=stay.tenant_id, stay_id=stay.id, round=stay.round)
    known, made = {one.his_id for one in written}, []
    for decision in found:
        now = await settling.held(stay)
        if decision.id in known or decision.total_minor != now["total_minor"]:
            continue
        more = decision.patient_minor - now["patient_minor"]
        made.append(await _decided(actor, stay, decision, more))
    return made


async def _decided(actor: Actor, stay: Stay, decision: Shares, more: int) -> StaySettlement:
    """Append one decision: ``more`` is by how much the patient bears more than before."""
    bill = None
    if more > 0:
        zone = (await Tenant.get(id=stay.tenant_id)).timezone
        bill = await settling.bill_for(actor, stay, more, today(zone), decision.id)
    elif more < 0:
        reason = about(DECIDED_AGAIN, stay.reference)
        await take_back_bills(actor, stay, -more, reason)
    made = await settling.write(actor, stay, "readjudicate", Shares(decision.id, "", 0, -more), bill)
    await settling.give_back_rest(actor, stay, made)
    await admission.note(actor, stay, "stay.decided_again", settling.facts_of(made))
    return made
