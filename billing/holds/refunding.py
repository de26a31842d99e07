"""Giving back money of what was kept: what a rule grants at once, anything else as every refund, agreed by two."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing.holds.keeping import hold_of
from billing.idempotency import Answer, once
from billing.models import Hold
from billing.names import Sum
from billing.payments.refunds import create, lock_payment, refundable_minor
from tenants.actor import Actor
from tenants.scope import rows, value
from ui.errors import Conflict, Invalid
from ui.i18n import t

_PAID = """
select p.id, p.currency, a.net - coalesce((
         select sum(r.amount_minor) from billing_refund r where r.tenant_id = $1 and r.payment_id = p.id
            and r.bill_id = $2 and r.status in ('requested', 'approved', 'submitted')), 0)::bigint left_minor
  from (select payment_id, sum(amount_minor)::bigint net, max(created_at) latest from billing_allocation
         where tenant_id = $1 and bill_id = $2 group by payment_id having sum(amount_minor) > 0) a
  join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
 order by a.latest desc, p.id desc
"""
_RETURNED = """
select coalesce(sum(amount_minor), 0) from billing_allocation
 where tenant_id = $1 and bill_id = $2 and refund_id is not null
"""


async def refund(
    actor: Actor,
    *,
    hold_id: UUID,
    amount_minor: int,
    reason: str,
    key: str,
    is_policy: bool,
    fee_item_id: UUID | None = None,
) -> list[UUID]:
    """Give back ``amount_minor`` of a kept hold, once for each ``key``, and return the refunds' ids.

    With ``is_policy`` a rule that the caller has worked out grants it: the system agrees, and whoever may cancel needs
    no right of refunds. Otherwise somebody asks who has that right, and above their limit another one agrees. Either
    way it is an ordinary refund of the payment, on its way until the channel has paid it; once it has, the bill is
    credited by as much, so that nobody owes it again. In the open tenant scope; it locks the payment, so call it
    before locking rows of your own. ``fee_item_id`` is the fee of what is given back, where several things were paid
    together: its line gives first, and whoever had a share of it, nobody else.

    Raises:
        NotFound: there is no such hold.
        Conflict: it has not been kept, or its payment is in dispute.
        Invalid: not above zero, or more than can still go back; no reason.
        StepUp: without a rule, the sign-in is not fresh and strong.
    """
    if not is_policy:
        actor.require("refunds.request")
        actor.require_fresh()
    body = {"hold": str(hold_id), "amount": amount_minor, "reason": reason, "is_policy": is_policy}
    body |= {"fee_item": str(fee_item_id)} if fee_item_id else {}

    async def do() -> Answer:
        hold = await _kept(actor, hold_id)
        found = await _left(hold)
        _check(amount_minor, found)
        made = await _create(actor, hold, found, amount_minor, reason, fee_item_id, is_policy=is_policy)
        return {"refunds": [str(each) for each in made]}

    answer = await once(actor, key=key, act="hold.refund", body=body, do=do)
    return [UUID(each) for each in answer["refunds"]]


async def returnable_minor(hold: Hold) -> int:
    """Return how much of a kept hold can still go back, in minor units."""
    return sum(left for _, left, _ in await _lefts(hold))


async def returned_minor(hold: Hold) -> int:
    """Return how much of a kept hold has really gone back by now, in minor units."""
    return -int(await value(_RETURNED, hold.tenant_id, hold.bill_id))


async def _kept(actor: Actor, hold_id: UUID) -> Hold:
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    hold = await hold_of(actor.tenant_id, hold_id)
    if hold.status != "kept":
        raise Conflict("hold.not_kept", t("Nothing has been paid of this, so nothing goes back."))
    return hold


async def _lefts(hold: Hold) -> list[tuple[UUID, int, str]]:
    found = []
    for each in await rows(_PAID, hold.tenant_id, hold.bill_id):
        most = await refundable_minor(hold.tenant_id, each["id"])
        found.append((each["id"], max(0, min(each["left_minor"], most)), each["currency"]))
    return found


async def _left(hold: Hold) -> list[tuple[UUID, int, str]]:
    """Return payments of the hold's bill, the last first, with what each can give back; all of them locked."""
    ids = (
        "select id from billing_payment where tenant_id = $1 and id = any ($2::uuid[]) order by id for update"
    )
    paid = [each["id"] for each in await rows(_PAID, hold.tenant_id, hold.bill_id)]
    await rows(ids, hold.tenant_id, paid)
    return await _lefts(hold)


def _check(amount: int, found: Sequence[tuple[UUID, int, str]]) -> None:
    most = sum(left for _, left, _ in found)
    if type(amount) is not int or not 0 < amount <= most:
        text = t("Enter an amount above zero.")
        if found and amount > 0:
            text = t("At most {left} can be refunded.", left=Sum(most, found[0][2]))
        raise Invalid("hold.refund", text, fields={"amount": text})


async def _create(  # noqa: PLR0917 - how much of what, and why
    actor: Actor,
    hold: Hold,
    found: Sequence[Any],
    amount: int,
    reason: str,
    fee_item_id: UUID | None,
    *,
    is_policy: bool,
) -> list[UUID]:
    made = []
    for payment_id, left, _ in found:
        part = min(left, amount)
        amount -= part
        if part:
            payment = await lock_payment(actor, payment_id)
            refund = await create(
                actor,
                payment,
                part,
                reason,
                bill_id=hold.bill_id,
                fee_item_id=fee_item_id,
                is_agreed=is_policy,
            )
            made.append(refund.id)
    return made
