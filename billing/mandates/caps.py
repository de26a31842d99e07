"""What somebody may pay for an account that is not theirs, checked under the lock of their proxy's row.

So two payments at once cannot go over a cap together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tortoise.queryset import QuerySet

from billing.models import Proxy
from billing.payments.amounts import Amount
from tenants.actor import Actor
from tenants.days import midnight, today
from tenants.models import Tenant
from tenants.scope import rows
from ui.errors import Forbidden, Invalid
from ui.i18n import t

_HELD_FOR_OTHERS = """
select b.id, b.account_id, b.total_minor - b.paid_minor - b.adjusted_minor left_minor from billing_bill b
 where b.tenant_id = $1 and b.id = any ($2::uuid[]) and not exists (
   select 1 from tenants_holder h where h.tenant_id = $1 and h.account_id = b.account_id and h.person_id = $3
      and h.confirmed_at is not null) order by b.due_on, b.number
"""
_SPENT = """
select part.bill_id, sum(part.amount_minor)::bigint of_bill,
       coalesce(sum(part.amount_minor) filter (where p.created_at >= $4), 0)::bigint of_month
  from billing_payment p
  join billing_payment_part part on part.tenant_id = p.tenant_id and part.payment_id = p.id
  join billing_bill b on b.tenant_id = p.tenant_id and b.id = part.bill_id
 where p.tenant_id = $1 and p.person_id = $2 and b.account_id = $3
   and p.status not in ('failed', 'cancelled', 'expired', 'refunded') group by part.bill_id
"""


async def check_caps(actor: Actor, parts: Mapping[UUID, int]) -> None:
    """Hold a payment within what its payer may pay for accounts that are not theirs, in the open tenant scope.

    Raises:
        Forbidden: they may not pay for one of the accounts (any more).
        Invalid: it would go over a cap.
    """
    if actor.kind != "payer" or actor.tenant_id is None:
        return
    found = await rows(_HELD_FOR_OTHERS, actor.tenant_id, list(parts), actor.person_id)
    for account_id in sorted({each["account_id"] for each in found}):
        bills = {each["id"]: parts[each["id"]] for each in found if each["account_id"] == account_id}
        await _check_account(actor, account_id, bills)


async def _check_account(actor: Actor, account_id: UUID, bills: Mapping[UUID, int]) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - asked before
    zone = (await Tenant.get(id=actor.tenant_id)).timezone
    standing = _standing(actor.tenant_id, account_id, actor.person_id)
    proxy = await standing.select_for_update().first()
    if proxy is None or proxy.until < today(zone):
        raise Forbidden("proxy.ended", t("You may not pay for this account any more."))
    spent = await _spent(proxy, today(zone), zone)
    for bill_id, amount in bills.items():
        if amount > (left := spent.left_of_bill(proxy, bill_id)):
            raise _over("proxy.bill_cap", left, proxy.currency)
    if sum(bills.values()) > (left := proxy.month_cap_minor - spent.of_month):
        raise _over("proxy.month_cap", left, proxy.currency)


async def room_for(person_id: UUID, tenant_id: UUID, bill_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return what a person may still pay of each bill that is not theirs, the oldest first, in the open tenant scope.

    Never more than is left of it, and together no more than the month allows. Bills of their own are not among them.
    """
    found = await rows(_HELD_FOR_OTHERS, tenant_id, list(bill_ids), person_id)
    room: dict[UUID, int] = {}
    for account_id in sorted({each["account_id"] for each in found}):
        due = {each["id"]: each["left_minor"] for each in found if each["account_id"] == account_id}
        room |= await _room_of_account(person_id, tenant_id, account_id, due)
    return room


async def _room_of_account(
    person_id: UUID, tenant_id: UUID, account_id: UUID, due: Mapping[UUID, int]
) -> dict[UUID, int]:
    zone = (await Tenant.get(id=tenant_id)).timezone
    proxy = await _standing(tenant_id, account_id, person_id).first()
    if proxy is None or proxy.until < today(zone):
        return dict.fromkeys(due, 0)
    spent, room = await _spent(proxy, today(zone), zone), {}
    month = proxy.month_cap_minor - spent.of_month
    for bill_id, left in due.items():
        room[bill_id] = max(0, min(left, spent.left_of_bill(proxy, bill_id), month))
        month -= room[bill_id]
    return room


def _standing(tenant_id: UUID, account_id: UUID, person_id: UUID | None) -> QuerySet[Proxy]:
    return Proxy.filter(tenant_id=tenant_id, account_id=account_id, person_id=person_id, ended_at=None)


@dataclass(frozen=True, slots=True)
class _Spent:
    """What somebody has paid or is paying under a proxy: of each bill, and of all of them this month."""

    of_bills: Mapping[UUID, int]
    of_month: int

    def left_of_bill(self, proxy: Proxy, bill_id: UUID) -> int:
        left: int = proxy.bill_cap_minor - self.of_bills.get(bill_id, 0)
        return left


async def _spent(proxy: Proxy, now: date, zone: str) -> _Spent:
    first = midnight(now.replace(day=1), zone)
    found = await rows(_SPENT, proxy.tenant_id, proxy.person_id, proxy.account_id, first)
    return _Spent({one["bill_id"]: one["of_bill"] for one in found}, sum(one["of_month"] for one in found))


def _over(code: str, left: int, currency: str) -> Invalid:
    amount = Amount(max(0, left), currency)
    if code == "proxy.bill_cap":
        return Invalid(code, t("You may pay {left} more of this bill. Choose a smaller amount.", left=amount))
    return Invalid(code, t("You may pay {left} more this month. Choose a smaller amount.", left=amount))
