"""Money that came after the end of a hold: the place is taken again for it, or it goes back by itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing import ledger
from billing.holds.keeping import keep
from billing.holds.kinds import HOLD_KINDS
from billing.ledger import Side
from billing.models import Bill, BillLine, Hold, Payment, Suspense
from billing.payments.allocating import allocate
from billing.payments.refunds import create, lock_payment
from billing.payments.settling import receivables
from billing.payments.states import move
from billing.plans.single import Charge, write
from billing.reasons import standard
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.models import Account
from ui.i18n import N_

WORD = standard(N_("It arrived after what it was for had been let go"))


async def came_late(actor: Actor, suspense_id: UUID, bill_id: UUID) -> None:
    """Decide about money of a bill that had been let go, once: in the job's own transaction."""
    found = await Suspense.get(tenant_id=actor.tenant_id, id=suspense_id)
    payment = await lock_payment(actor, found.payment_id)
    money = await Suspense.filter(tenant_id=actor.tenant_id, id=suspense_id).select_for_update().get()
    if money.status != "open":
        return
    hold = await Hold.filter(tenant_id=actor.tenant_id, bill_id=bill_id).select_for_update().get_or_none()
    lines = await _lines(found.tenant_id, bill_id)
    is_whole = sum(line.amount_minor for line in lines) == money.amount_minor
    if hold is not None and is_whole and await _may_renew(hold) and await _wants(hold, payment):
        await _renew(actor, hold, lines, money, payment)
    else:
        await _give_back(actor, money, payment)


async def _wants(hold: Hold, payment: Payment) -> bool:
    return await HOLD_KINDS[hold.kind].came_late(hold, payment)


async def _lines(tenant_id: UUID, bill_id: UUID) -> list[Charge]:
    """Return what is left of the lines that the payer saw, with what was let off taken off."""
    found = await BillLine.filter(tenant_id=tenant_id, bill_id=bill_id).order_by("position", "id")
    return [
        Charge(line.amount_minor - line.adjusted_minor, "", line.fee_item_id, line.names)
        for line in found
        if line.amount_minor > line.adjusted_minor
    ]


async def _may_renew(hold: Hold) -> bool:
    """Only what nothing else has taken the place of, of an account that is open: anything else goes back."""
    others = Hold.filter(
        tenant_id=hold.tenant_id, kind=hold.kind, subject_id=hold.subject_id, status__in=("held", "kept")
    )
    account = Account.filter(tenant_id=hold.tenant_id, id=hold.account_id, is_active=True)
    return hold.status == "let_go" and not await others.exists() and await account.exists()


async def _renew(actor: Actor, hold: Hold, lines: list[Charge], money: Suspense, payment: Payment) -> None:
    """Bill the same lines again, pay them with the money, and keep what they are for."""
    old = await Bill.get(tenant_id=hold.tenant_id, id=hold.bill_id)
    now = datetime.now(UTC)
    due_on = max(old.due_on, await today_at(hold.tenant_id) + timedelta(days=1))
    bill = await write(actor, old.account_id, lines, due_on, "", now, has_standing=False)
    renewed = await Hold.create(
        id=new_id(),
        tenant_id=hold.tenant_id,
        kind=hold.kind,
        subject_id=hold.subject_id,
        account_id=hold.account_id,
        bill_id=bill.id,
        renews_id=hold.id,
        until=datetime.now(UTC),
        status="held",
    )
    done = await allocate(hold.tenant_id, payment.id, {bill.id: money.amount_minor})
    sides = [
        Side(ledger.SUSPENSE, done.by_bill()[bill.id], money.currency),
        *receivables(done, money.currency),
    ]
    await ledger.post(hold.tenant_id, "suspense.applied", money.id, sides)
    move(money, "apply")
    money.resolution, money.resolved_at = bill.number, datetime.now(UTC)
    await money.save(update_fields=["status", "resolution", "resolved_at"])
    await _record(actor, money, "suspense.applied", {"bill": bill.number})
    await keep(renewed)


async def _give_back(actor: Actor, money: Suspense, payment: Payment) -> None:
    """Ask for the refund in the system's name; it goes out as every other one does."""
    move(money, "refund")
    refund = await create(actor, payment, money.amount_minor, WORD, money, is_agreed=True)
    money.refund_id, money.resolution = refund.id, WORD
    await money.save(update_fields=["status", "refund_id", "resolution"])


async def _record(actor: Actor, money: Suspense, act: str, after: dict[str, object]) -> None:
    facts = {"amount_minor": money.amount_minor, "currency": money.currency}
    await audit.record(
        actor,
        act,
        subject_kind="suspense",
        subject_id=money.id,
        subject_label=f"{money.amount_minor} {money.currency}",
        after={**facts, **after},
    )
