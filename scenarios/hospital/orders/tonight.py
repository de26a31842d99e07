"""Treat first, pay tonight: where the hospital allows it, orders are confirmed now and taken by the payer's mandate.

The bill is issued when the patient agrees and is taken at 23:00, once. What the mandate cannot take is an open bill
like any other, tried again by the mandate's plan, and nobody who owes one is treated first again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from billing.answers.service import promise_by_rule
from billing.idempotency import Answer, once
from billing.mandates.at_once import due_today, mandate_for
from billing.mandates.debiting import take
from billing.names import Sum
from billing.plans.single import Charge, issue_for
from billing.terms import Section, terms_of
from scenarios.hospital.days import at
from scenarios.hospital.models import OrderBasket
from scenarios.hospital.orders import service
from scenarios.hospital.orders.states import BASKET
from tenants.actor import Actor
from tenants.days import today
from tenants.jobs import enqueue
from tenants.models import Account, Tenant
from tenants.scope import open_scope, rows, tenant_scope, value
from ui.errors import Conflict
from ui.i18n import t

HOUR = 23
"""When it is taken, by the hospital's clocks."""
_OPEN = """
select b.bill_id from hospital_basket b join billing_bill x on x.tenant_id = $1 and x.id = b.bill_id
   and x.status in ('issued', 'part_paid')
 where b.tenant_id = $1 and b.is_tonight and b.status = 'posted' order by b.created_at limit 1000
"""
_SPENT = """
select coalesce(sum(b.amount_minor), 0)::bigint from hospital_basket b
 where b.tenant_id = $1 and b.account_id = $2 and b.is_tonight and b.status in ('confirming', 'posted')
   and b.paid_at >= $3
"""
_OWES = """
select exists (select 1 from hospital_basket b join billing_bill x on x.tenant_id = $1 and x.id = b.bill_id
   and x.status in ('issued', 'part_paid') and x.due_on < $3::date
 where b.tenant_id = $1 and b.account_id = $2 and b.is_tonight)
"""


class TonightTerms(Section):
    """Whether a hospital treats first, and up to how much a patient and day."""

    section: ClassVar[str] = "tonight"
    is_on: bool = False
    most_minor: int = Field(50_000, ge=0)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a patient may have treated first: up to ``most_minor``, taken from ``mask``."""

    most_minor: int
    mask: str


async def offer(actor: Actor, account: Account) -> Offer | None:
    """Return what the person may have treated first for this patient now, in the hospital's scope."""
    tenant = await Tenant.get(id=account.tenant_id)
    terms = await terms_of(tenant.id, TonightTerms)
    mandate = await mandate_for(tenant.id, account.id, actor.person_id) if terms.is_on else None
    if mandate is None or await value(_OWES, tenant.id, account.id, today(tenant.timezone)):
        return None
    midnight = at(today(tenant.timezone), 0, tenant.timezone)
    spent = int(await value(_SPENT, tenant.id, account.id, midnight))
    most = min(terms.most_minor - spent, int(mandate.ceiling_minor))
    return Offer(most, mandate.mask) if most > 0 else None


async def promise(
    actor: Actor, *, account: Account, order_ids: Sequence[UUID], seen_minor: int, key: str
) -> OrderBasket:
    """Have orders treated first and taken tonight, once for each ``key``; outside of any scope.

    Raises:
        Unavailable, Conflict, Invalid: as for paying at once.
        Conflict: the hospital does not allow it, or not so much.
    """
    await service.must_be_fresh(account, order_ids)

    async def do() -> Answer:
        return {"basket_id": str((await _promise(actor, account, order_ids, seen_minor, key)).id)}

    body = {"account": str(account.id), "orders": sorted(map(str, order_ids)), "seen": seen_minor}
    async with open_scope(tenant_scope(account.tenant_id)):
        answer = await once(actor, key=key, act="orders.promise", body=body, do=do)
        return await OrderBasket.get(tenant_id=account.tenant_id, id=UUID(answer["basket_id"]))


async def _promise(
    actor: Actor, account: Account, order_ids: Sequence[UUID], seen_minor: int, key: str
) -> OrderBasket:
    basket, charges = await service.fill(actor, account, order_ids, seen_minor)
    offered = await offer(actor, account)
    if offered is None or seen_minor > offered.most_minor:
        most = Sum(offered.most_minor if offered else 0, basket.currency)
        text = t("At most {amount} can be treated first today. Please pay now.", amount=most)
        raise Conflict("tonight.too_much", text)
    bill = await _bill(actor, account, charges, basket, key)
    basket.status, basket.paid_at = BASKET.after(basket.status, "promise"), datetime.now(UTC)
    basket.bill_id, basket.is_tonight = bill, True
    await basket.save(update_fields=["status", "paid_at", "bill_id", "is_tonight"])
    await service.mark(basket, "confirming")
    await enqueue(service.POST_JOB, {"basket_id": str(basket.id)})
    await service.tell(actor, basket, "orders.promised")
    return basket


async def _bill(
    actor: Actor, account: Account, charges: Sequence[Charge], basket: OrderBasket, key: str
) -> UUID:
    zone = (await Tenant.get(id=account.tenant_id)).timezone
    made = await issue_for(
        actor,
        account_id=account.id,
        charges=charges,
        due_on=today(zone),
        reference=basket.reference,
        key=f"tonight:{key[:60]}",
    )
    await promise_by_rule(actor, made, today(zone))
    return made.id


async def collect(actor: Actor) -> int:
    """Take what was treated first, each bill once, whoever calls how often; return how many were begun.

    Outside of any scope.
    """
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    count = 0
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await rows(_OPEN, actor.tenant_id)
    for one in found:
        async with open_scope(tenant_scope(actor.tenant_id)):
            debit_id = await due_today(actor, one["bill_id"])
        if debit_id is not None:
            await take(actor, debit_id)
            count += 1
    return count
