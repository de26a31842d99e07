"""Credit comes into being: from money paid ahead or too much, from unassigned money, from what a bill gives back."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from billing import ledger
from billing.ledger import Side
from billing.models import Credit, Payment
from billing.payments.allocating import Parts, release
from billing.payments.states import HELD
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.scope import row, rows
from ui.errors import Invalid
from ui.i18n import N_, t

APPLY_JOB = "billing.apply_credit"
SOURCES = {
    "prepayment": N_("Paid ahead"),
    "overpayment": N_("More was paid than was owed"),
    "suspense": N_("Unassigned money"),
    "credit_note": N_("Credit note"),
    "adjustment": N_("Adjustment of a paid bill"),
}
"""Where credit comes from, in English msgids."""


async def open_credit(
    actor: Actor,
    payment: Payment,
    *,
    account_id: UUID,
    amount_minor: int,
    source: str,
    source_id: UUID,
    note: str = "",
) -> Credit:
    """Write credit of a payment, in the transaction that books it, and have it applied to what is owed."""
    credit = await Credit.create(
        id=new_id(),
        tenant_id=payment.tenant_id,
        account_id=account_id,
        payment_id=payment.id,
        currency=payment.currency,
        amount_minor=amount_minor,
        left_minor=amount_minor,
        is_frozen=payment.status in HELD,
        source=source,
        source_id=source_id,
        note=note,
        given_by_name=actor.name[:100] if actor.kind == "staff" else "",
    )
    await enqueue(APPLY_JOB, {"account_id": str(account_id)})
    return credit


async def free_of(tenant_id: UUID, payment_id: UUID, amount_minor: int) -> list[tuple[Credit, int]]:
    """Return a payment's credit, locked, with what of ``amount_minor`` each gives; what is being refunded stays."""
    found = Credit.filter(tenant_id=tenant_id, payment_id=payment_id, left_minor__gt=0)
    parts, left = list[tuple[Credit, int]](), amount_minor
    for credit in await found.order_by("id").select_for_update():
        part = min(left, credit.left_minor - credit.refunding_minor)
        if part > 0:
            parts.append((credit, part))
            left -= part
    return parts


def credit_side(account_id: UUID | None, amount_minor: int, currency: str) -> Side:
    """Return a posting on an account's credit; negative gives it, positive takes it."""
    return Side(ledger.CREDIT, amount_minor, currency, account_id)


_PAID_BY = """
select payment_id, net from (
  select a.payment_id, max(a.created_at) latest, least(sum(a.amount_minor), p.amount_minor - p.refunded_minor - (
           select coalesce(sum(d.borne_minor), 0) from billing_dispute d
            where d.tenant_id = $1 and d.payment_id = p.id))::bigint net
    from billing_allocation a join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
   where a.tenant_id = $1 and a.bill_id = $2 group by a.payment_id, p.id, p.amount_minor, p.refunded_minor) paid
 where net > 0 order by latest desc, payment_id desc
"""
"""Who paid a bill how much, less what the institution has borne of it: a dispute that was lost has given that back."""


_PAYERS = """
select 1 from billing_payment where tenant_id = $1 and id in (
  select payment_id from billing_allocation where tenant_id = $1 and bill_id = $2) order by id for update
"""


async def lock_payers(tenant_id: UUID, bill_id: UUID) -> None:
    """Lock what has paid a bill, for whoever is about to make credit of it: before the bill, as refunds do."""
    await rows(_PAYERS, tenant_id, bill_id)


async def grant_credit(
    actor: Actor, *, bill_id: UUID, amount_minor: int, source: str, source_id: UUID, note: str = ""
) -> list[UUID]:
    """Make what has been paid of a bill the account's credit again, the last payment first, in the open tenant scope.

    For credit notes and adjustments of bills that are paid: call it before what lowers the bill, in the same
    transaction. The bill is owed again by ``amount_minor``, which the caller's own entry then takes off it. Each part
    stays tied to its payment, so that it can go back whence it came. Returns the credits' ids, one per payment.

    Raises:
        Invalid: less has been paid of the bill than that.
        asyncpg.UniqueViolationError: this source has given credit before.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    found = await rows(_PAID_BY, actor.tenant_id, bill_id)
    paid = {each["payment_id"]: each["net"] for each in found}
    if not 0 < amount_minor <= sum(paid.values()):
        text = t("Less than this has been paid of the bill, so it cannot become credit.")
        raise Invalid("credit.too_much", text, fields={"amount": text})
    return [
        await _release(actor, payment_id, bill_id, part, (source, source_id, note))
        for payment_id, part in _latest(paid, amount_minor)
    ]


def _latest(paid: Mapping[UUID, int], amount: int) -> Sequence[tuple[UUID, int]]:
    parts = []
    for payment_id, net in paid.items():
        part = min(net, amount)
        amount -= part
        if part:
            parts.append((payment_id, part))
    return parts


async def _release(
    actor: Actor, payment_id: UUID, bill_id: UUID, amount: int, why: tuple[str, UUID, str]
) -> UUID:
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    source, source_id, note = why
    payment = await Payment.filter(tenant_id=actor.tenant_id, id=payment_id).select_for_update().get()
    account_id = await _account_of(actor.tenant_id, bill_id)
    credit = await open_credit(
        actor,
        payment,
        account_id=account_id,
        amount_minor=amount,
        source=source,
        source_id=source_id,
        note=note,
    )
    parts: Parts = {bill_id: amount}
    taken = await release(actor.tenant_id, payment_id, credit.id, parts)
    sides = [
        *(
            Side(ledger.RECEIVABLE, -back, payment.currency, account_id, bill)
            for bill, back in taken.by_bill().items()
        ),
        credit_side(account_id, -amount, payment.currency),
    ]
    await ledger.post(actor.tenant_id, "credit.granted", credit.id, sides)
    await record(actor, credit, "credit.granted", {"source": source, "bill_id": str(bill_id)})
    return credit.id


async def _account_of(tenant_id: UUID, bill_id: UUID) -> UUID:
    found = await row(
        "select account_id from billing_bill where tenant_id = $1 and id = $2", tenant_id, bill_id
    )
    assert found is not None  # noqa: S101 - it has been paid
    account_id: UUID = found["account_id"]
    return account_id


async def record(actor: Actor, credit: Credit, act: str, after: Mapping[str, Any]) -> None:
    """Write an act on credit to the audit trail."""
    await audit.record(
        actor,
        act,
        subject_kind="credit",
        subject_id=credit.id,
        subject_label=f"{credit.amount_minor} {credit.currency}",
        after={"amount_minor": credit.amount_minor, "currency": credit.currency, **after},
    )
