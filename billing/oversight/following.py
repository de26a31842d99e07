"""What billing keeps for a bank's people follows them: when institutions move, branches end and somebody leaves."""

from tortoise.queryset import QuerySet

from billing.complaints.states import OPEN
from billing.models import AppUse, Complaint, NextAction, PayoutHold, RiskAlert
from billing.oversight.rolling import mark_standing
from tenants.banks.members import Work, when_leaving
from tenants.banks.structure import Move, after_moving
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


def _complaints(one: BankMembership) -> QuerySet[Complaint]:
    return Complaint.filter(bank_id=one.bank_id, assigned_to=one.person_id, status__in=OPEN)


def _alerts(one: BankMembership) -> QuerySet[RiskAlert]:
    """Return the alerts that somebody looks into; alerts keep a name alone."""
    return RiskAlert.filter(bank_id=one.bank_id, assigned_to_name=one.name, status="assigned")


async def count_work(one: BankMembership) -> int:
    """Return how many open complaints and alerts somebody has."""
    return await _complaints(one).count() + await _alerts(one).count()


async def give_work(leaver: BankMembership, heir: BankMembership) -> int:
    """Give a leaver's open complaints and alerts to their heir; return how many."""
    complaints = await _complaints(leaver).update(assigned_to=heir.person_id, assigned_to_name=heir.name)
    return complaints + await _alerts(leaver).update(assigned_to_name=heir.name)


after_moving(move_along)
when_leaving(Work(count_work, give_work))
