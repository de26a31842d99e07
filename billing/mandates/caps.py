"""What somebody may pay for an account that is not theirs, checked under the lock of their proxy's row.

So two payments at once cannot go over a cap together.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from billing.models import Proxy
from billing.payments.amounts import Amount
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import rows
from ui.errors import Forbidden, Invalid
from ui.i18n import t

_HELD_FOR_OTHERS = """
select b.id, b.account_id from billing_bill b
 where b.tenant_id = $1 and b.id = any ($2::uuid[]) and not exists (
   select 1 from tenants_holder h where h.tenant_id = $1 and h.account_id = b.account_id and h.person_id = $3
      and h.confirmed_at is not null)
"""
_SPENT = """
select coalesce(sum(part.amount_minor) filter (where part.bill_id = any ($4::uuid[])), 0)::bigint of_bills,
       coalesce(sum(part.amount_minor) filter (where p.created_at >= $5), 0)::bigint of_month
  from billing_payment p
  join billing_payment_part part on part.tenant_id = p.tenant_id and part.payment_id = p.id
  join billing_bill b on b.tenant_id = p.tenant_id and b.id = part.bill_id
 where p.tenant_id = $1 and p.person_id = $2 and b.account_id = $3
   and p.status not in ('failed', 'cancelled', 'expired', 'refunded')
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
    proxy = (
        await Proxy.filter(
            tenant_id=actor.tenant_id, account_id=account_id, person_id=actor.person_id, ended_at=None
        )
        .select_for_update()
        .first()
    )
    zone = (await Tenant.get(id=actor.tenant_id)).timezone
    if proxy is None or proxy.until < today(zone):
        raise Forbidden("proxy.ended", t("You may not pay for this account any more."))
    first = datetime.combine(today(zone).replace(day=1), datetime.min.time(), UTC)
    for bill_id, amount in bills.items():
        (spent,) = await rows(_SPENT, actor.tenant_id, actor.person_id, account_id, [bill_id], first)
        if spent["of_bills"] + amount > proxy.bill_cap_minor:
            raise _over("proxy.bill_cap", proxy.bill_cap_minor - spent["of_bills"], proxy.currency)
    (spent,) = await rows(_SPENT, actor.tenant_id, actor.person_id, account_id, list(bills), first)
    if spent["of_month"] + sum(bills.values()) > proxy.month_cap_minor:
        raise _over("proxy.month_cap", proxy.month_cap_minor - spent["of_month"], proxy.currency)


def _over(code: str, left: int, currency: str) -> Invalid:
    amount = Amount(max(0, left), currency)
    if code == "proxy.bill_cap":
        return Invalid(code, t("You may pay {left} more of this bill. Choose a smaller amount.", left=amount))
    return Invalid(code, t("You may pay {left} more this month. Choose a smaller amount.", left=amount))
