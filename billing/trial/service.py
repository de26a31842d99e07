"""A test bill from its issue to its money back, through the same services as every other bill."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from billing.charges.bills import void
from billing.models import Bill, Payment, PaymentPart, Refund
from billing.payments.refunds import refundable_minor, request_refund
from billing.payments.starting import StartedPayment, start_payment
from billing.plans.single import Charge, issue
from billing.reasons import standard
from billing.trial.opening import NUMBER, REFERENCE
from tenants import kinds
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.jobs import job, subscribe
from tenants.models import Account, Tenant
from tenants.onboarding.gate import pass_step
from tenants.scope import open_scope
from ui.errors import Conflict
from ui.formats import exponent, money
from ui.i18n import N_, gettext, t

CHANNEL = "bank"
END_JOB = "billing.trial_end"
REASON = standard(N_("Test before going live"))


@dataclass(frozen=True, slots=True)
class Trial:
    """How far the test has come."""

    bill: Bill | None = None
    payment: Payment | None = None
    refund: Refund | None = None


async def trial_of(tenant_id: UUID) -> Trial:
    """Return the newest test of an institution, in its open scope."""
    bill = await Bill.filter(tenant_id=tenant_id, reference=REFERENCE).order_by("-id").first()
    if bill is None:
        return Trial()
    part = await PaymentPart.filter(tenant_id=tenant_id, bill_id=bill.id).order_by("-id").first()
    payment = await Payment.get(tenant_id=tenant_id, id=part.payment_id) if part else None
    refund = await Refund.filter(tenant_id=tenant_id, payment_id=payment.id).first() if payment else None
    return Trial(bill, payment, refund)


async def begin(actor: Actor, *, return_url: str, key: str) -> StartedPayment:
    """Issue a bill of one unit of money and begin to pay it by the bank's rail. Call it outside of any scope.

    Raises:
        Conflict: the institution is live, or the rail has not opened its account yet.
    """
    assert actor.tenant_id is not None  # noqa: S101 - a tenant's route
    async with open_scope(actor.scope()):
        tenant = await Tenant.get(id=actor.tenant_id)
        if tenant.status != "approved":
            raise Conflict("trial.live", t("The institution is live: there is nothing to test any more."))
        bill = (await trial_of(tenant.id)).bill
        if bill is None or bill.status not in {"issued", "part_paid"}:
            bill = await _bill(actor, tenant, key)
    return await start_payment(
        actor,
        tenant_id=tenant.id,
        bills=[(bill.id, bill.left_minor)],
        channel=CHANNEL,
        key=f"trial {bill.id} {key}",
        return_url=return_url,
    )


async def _bill(actor: Actor, tenant: Tenant, key: str) -> Bill:
    account = await Account.get_or_none(tenant_id=tenant.id, number=NUMBER) or await Account.create(
        id=new_id(),
        tenant_id=tenant.id,
        scenario=tenant.scenarios[0],
        kind=kinds.SCENARIOS[tenant.scenarios[0]].account_kinds[0].key,
        number=NUMBER,
        name=gettext("Test before going live"),
        attributes={},
    )
    charge = Charge(10 ** exponent(tenant.currency), name=gettext("Test before going live"))
    due_on = today(tenant.timezone) + timedelta(days=7)
    return await issue(
        actor,
        account_id=account.id,
        charges=[charge],
        due_on=due_on,
        reference=REFERENCE,
        key=f"trial bill {key}",
    )


async def give_back(actor: Actor, *, key: str) -> UUID:
    """Ask for the test's money back; nobody else has to agree, for it is the tester's own."""
    assert actor.tenant_id is not None  # noqa: S101 - a tenant's route
    found = await trial_of(actor.tenant_id)
    if found.payment is None or found.payment.status != "succeeded":
        raise Conflict("trial.unpaid", t("The test bill is not paid yet."))
    amount = await refundable_minor(actor.tenant_id, found.payment.id)
    alone = replace(actor, refund_limit_minor=max(actor.refund_limit_minor, amount))
    return await request_refund(
        alone,
        payment_id=found.payment.id,
        amount_minor=amount,
        seen_refundable_minor=amount,
        reason=REASON,
        key=f"trial back {key}",
    )


@job(END_JOB)
async def end(actor: Actor, payload: dict[str, Any]) -> None:
    """Pass the gate's step once the test's money is back; take its bill back and close its account."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    refund = await Refund.get(tenant_id=actor.tenant_id, id=UUID(payload["refund_id"]))
    found = await trial_of(actor.tenant_id)
    if found.bill is None or found.payment is None or found.payment.id != refund.payment_id:
        return
    tenant = await Tenant.get(id=actor.tenant_id)
    note = f"{found.bill.number} {money(refund.amount_minor, refund.currency)}"
    await pass_step(actor, tenant, "trial", note)
    bill = await Bill.get(tenant_id=tenant.id, id=found.bill.id)
    if bill.status == "issued":
        await void(actor, bill.id, reason=gettext("Test before going live"))
    closed = {"is_active": False, "closed_on": today(tenant.timezone)}
    await Account.filter(tenant_id=actor.tenant_id, id=found.bill.account_id).update(**closed)


subscribe("refund.succeeded", END_JOB)
