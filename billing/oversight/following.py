"""What billing keeps for a bank's people follows them: when institutions move, branches end and somebody leaves."""

from billing.complaints.states import OPEN
from billing.models import AppUse, Complaint, NextAction, PayoutHold, RiskAlert
from billing.oversight.rolling import mark_standing
from tenants.banks.structure import Move, after_moving, when_leaving
from tenants.models import BankMembership
from tenants.scope import open_scope, tenant_scope


async def move_along(move: Move) -> None:
    """Give open complaints, alerts and suggestions to the new branch; what is over stays where it was.

    How an institution stands is counted for its new branch within seconds; after a merger in its morning.
    """
    whose = {"bank_id": move.bank_id} | ({"tenant_id": move.tenant_id} if move.tenant_id else {})
    here = {"branch_id": move.from_branch, **whose}
    await RiskAlert.filter(**here, status__in=("open", "assigned")).update(branch_id=move.to_branch)
    await NextAction.filter(**here, status="open").update(branch_id=move.to_branch)
    await AppUse.filter(**here).update(branch_id=move.to_branch)
    await PayoutHold.filter(**here).exclude(status="released").update(branch_id=move.to_branch)
    at_desk = Complaint.filter(desk_id=move.from_branch, status__in=OPEN, **whose)
    await at_desk.update(desk_id=move.to_branch)
    if move.tenant_id:
        async with open_scope(tenant_scope(move.tenant_id)):
            await mark_standing()


async def give_complaints(leaver: BankMembership, heir: BankMembership) -> int:
    """Give a leaver's open complaints to their heir."""
    mine = Complaint.filter(bank_id=leaver.bank_id, assigned_to=leaver.person_id, status__in=OPEN)
    return await mine.update(assigned_to=heir.person_id, assigned_to_name=heir.name)


async def give_alerts(leaver: BankMembership, heir: BankMembership) -> int:
    """Give a leaver's alerts to their heir; alerts keep a name alone."""
    mine = RiskAlert.filter(bank_id=leaver.bank_id, assigned_to_name=leaver.name, status="assigned")
    return await mine.update(assigned_to_name=heir.name)


after_moving(move_along)
when_leaving(give_complaints)
when_leaving(give_alerts)
