"""Complaints of the demonstration: one that waits for its payer, one decided with a refund, a call that is overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from billing.complaints import escalating, filing, service
from billing.complaints.filing import About, Complainant
from billing.models import Bill, Complaint, Payment
from deploy.seed.cast import MARKET, RESIDENTS, TENGAH
from tenants.actor import Actor, system_actor
from tenants.models import Holder, Tenant
from tenants.scope import bank_scope, open_scope, tenant_scope

if TYPE_CHECKING:
    from deploy.seed.bank import Founded
    from deploy.seed.stage import Play

_WAITS, _DECIDED = "p-siti", "p-kumar"


async def write(play: Play) -> str:
    """Write them, unless they are there."""
    tenant, founded = await play.tenant(TENGAH), await play.founded()
    async with open_scope(tenant_scope(tenant.id)):
        if await Complaint.exists(tenant_id=tenant.id):
            return "Complaints"
    await _question(founded, tenant)
    await _refund(founded, tenant)
    await _late(founded, await play.tenant(MARKET))
    return "Three complaints: one waits for its payer, one is decided with a refund, one call is overdue"


async def _payer(tenant: Tenant, key: str) -> tuple[Actor, Holder]:
    name = next(one.name for one in RESIDENTS if one.customer == key)
    async with open_scope(tenant_scope(tenant.id)):
        holder = await Holder.filter(tenant_id=tenant.id, name=name, person_id__not_isnull=True).first()
    assert holder is not None  # noqa: S101 - an earlier chapter has written them
    return Actor(kind="payer", name=name, person_id=holder.person_id, tenant_id=tenant.id), holder


async def _question(founded: Founded, tenant: Tenant) -> None:
    payer, holder = await _payer(tenant, _WAITS)
    async with open_scope(tenant_scope(tenant.id)):
        bill = await Bill.filter(tenant_id=tenant.id, account_id=holder.account_id, status="issued").first()
        assert bill is not None  # noqa: S101 - she is months behind
        about = About(tenant.id, bill.id, None, bill.number, bill.currency, bill.total_minor)
        made = await filing.file(
            payer, about, Complainant("payer", payer.name, "", payer.person_id), kind="charge",
            summary="A penalty although I had asked for more time",
            text="I called in good time and was told that I could pay later. The penalty is on the bill all the same.",
        )  # fmt: skip
    officer = founded.staff["operations"]
    async with open_scope(bank_scope(founded.bank.id)):
        assert officer.person_id is not None  # noqa: S101 - the bank's people have signed in
        await service.assign(officer, made.id, to=officer.person_id)
        await service.say(officer, made.id, text="On which day did you call, please?", is_question=True)
        await service.say(officer, made.id, text="Their desk keeps a list of calls.", is_internal=True)


async def _refund(founded: Founded, tenant: Tenant) -> None:
    payer, _ = await _payer(tenant, _DECIDED)
    async with open_scope(tenant_scope(tenant.id)):
        paid = await Payment.filter(
            tenant_id=tenant.id, person_id=payer.person_id, status="succeeded"
        ).first()
        if paid is None:
            return
        about = About(tenant.id, None, paid.id, paid.number, paid.currency, paid.amount_minor)
        made = await filing.file(
            payer, about, Complainant("payer", payer.name, "", payer.person_id), kind="taken_twice",
            summary="The car park was charged although I gave it back",
            text="I gave the place back at the end of the month before. Please return that part.",
        )  # fmt: skip
    async with open_scope(bank_scope(founded.bank.id)):
        await service.answer(
            founded.staff["operations"], made.id, outcome="partly", refund_minor=min(1000, paid.amount_minor),
            text="The notice ran until the middle of the month. Half of the charge goes back to you.",
        )  # fmt: skip


async def _late(founded: Founded, tenant: Tenant) -> None:
    async with open_scope(tenant_scope(tenant.id)):
        made = await filing.file(
            founded.staff["operations"], About(tenant.id), Complainant("caller", "Mr Ho", "+65 6555 0177"),
            kind="conduct", summary="Sent away at the counter",
            text="He came ten minutes before closing time and was told to come back another day.",
        )  # fmt: skip
        await Complaint.filter(tenant_id=tenant.id, id=made.id).update(
            due_at=datetime.now(UTC) - timedelta(days=1)
        )
    await escalating.look_after(system_actor(tenant.id))
