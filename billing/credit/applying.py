"""Credit pays bills: one statement, whether for one bill that somebody chose or for all accounts of a bill run.

The oldest credit goes to the oldest bill. Bills that somebody is just paying are left alone; once that has ended,
the credit is looked at again. What is locked comes in the house's order: payments, credit, bills, each by id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from billing.answers.conditions import IS_DISPUTED
from billing.credit.terms import PENALTY_RANK
from billing.idempotency import Answer, once
from billing.models import Bill
from billing.payments.allocating import lock_bills
from billing.payments.choosing import check_held
from billing.payments.states import PAYABLE
from billing.payments.watching import tell_paid
from tenants import audit
from tenants.actor import Actor
from tenants.scope import rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

_PAYMENTS = """
select 1 from billing_payment where tenant_id = $1 and id in (
  select payment_id from billing_credit
   where tenant_id = $1 and account_id = any ($2::uuid[]) and left_minor > 0) order by id for key share
"""
_CREDIT = """
select 1 from billing_credit where tenant_id = $1 and account_id = any ($2::uuid[]) and left_minor > 0
 order by id for update
"""
_BILLS = """
select 1 from billing_bill where tenant_id = $1 and account_id = any ($2::uuid[])
   and status in ('issued', 'part_paid') and ($3::uuid is null or id = $3) order by id for update
"""

_APPLY = f"""
with credit as materialized (
  select id, payment_id, account_id, currency, free,
         sum(free) over (partition by account_id, currency order by created_at, id) upto
    from (select *, left_minor - refunding_minor free from billing_credit
           where tenant_id = $1 and account_id = any ($2::uuid[]) and left_minor > refunding_minor
             and not is_frozen) c
), line as (
  select l.id, l.bill_id, b.account_id, b.currency, b.due_on, b.number, l.position, {PENALTY_RANK} rank,
         b.total_minor - b.paid_minor - b.adjusted_minor bill_left,
         l.amount_minor - l.paid_minor - l.adjusted_minor line_left
    from billing_bill b
    join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id
     and l.amount_minor > l.paid_minor + l.adjusted_minor
    join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
   where b.tenant_id = $1 and b.account_id = any ($2::uuid[]) and b.status in ('issued', 'part_paid')
     and (b.id = $3 or ($3::uuid is null and b.held_until is null and not {IS_DISPUTED}))
     and not exists (select 1 from billing_payment_part p
                      where p.tenant_id = $1 and p.bill_id = b.id and p.is_live)
), bounded as (
  select *, greatest(0, least(line_left, bill_left - coalesce(sum(line_left) over (partition by bill_id
              order by rank, position, id rows between unbounded preceding and 1 preceding), 0))) free
    from line
), owed as materialized (
  select *, sum(free) over (partition by account_id, currency order by rank, due_on, number, position, id) upto
    from bounded where free > 0
), share as materialized (
  select c.id credit_id, c.payment_id, c.account_id, c.currency, o.bill_id, o.id line_id,
         (least(c.upto, o.upto, $4::bigint) - greatest(c.upto - c.free, o.upto - o.free))::bigint amount
    from credit c join owed o on o.account_id = c.account_id and o.currency = c.currency
     and least(c.upto, o.upto, $4::bigint) > greatest(c.upto - c.free, o.upto - o.free)
), used as (
  insert into billing_credit_use (tenant_id, credit_id, account_id, bill_id, currency, amount_minor, used_by_name)
  select $1, credit_id, account_id, bill_id, currency, sum(amount), $5
    from share group by credit_id, account_id, bill_id, currency
  returning id, account_id, bill_id, currency, amount_minor
), given as (
  insert into billing_allocation (tenant_id, payment_id, credit_id, bill_id, bill_line_id, amount_minor)
  select $1, payment_id, credit_id, bill_id, line_id, amount from share
), lines as (
  update billing_bill_line l set paid_minor = l.paid_minor + s.amount
    from (select line_id, sum(amount)::bigint amount from share group by line_id) s
   where l.tenant_id = $1 and l.id = s.line_id
), bills as (
  update billing_bill b set paid_minor = b.paid_minor + s.amount,
         status = case when b.paid_minor + b.adjusted_minor + s.amount >= b.total_minor then 'paid' else 'part_paid' end
    from (select bill_id, sum(amount)::bigint amount from share group by bill_id) s
   where b.tenant_id = $1 and b.id = s.bill_id
), spent as (
  update billing_credit c set left_minor = c.left_minor - s.amount
    from (select credit_id, sum(amount)::bigint amount from share group by credit_id) s
   where c.tenant_id = $1 and c.id = s.credit_id
), entry as (
  insert into billing_entry (tenant_id, kind, source_id) select $1, 'credit.applied', id from used
  returning id, source_id
), posted as (
  insert into billing_posting (tenant_id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
  select $1, e.id, side.ledger, u.account_id, side.bill_id, u.currency, side.amount
    from entry e join used u on u.id = e.source_id
   cross join lateral (values ('credit', null::uuid, u.amount_minor),
                              ('receivable', u.bill_id, -u.amount_minor)) side (ledger, bill_id, amount)
)
select account_id, bill_id, currency, sum(amount_minor)::bigint amount_minor
  from used group by account_id, bill_id, currency
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """What of an account's credit went to one bill, in minor units."""

    account_id: UUID
    bill_id: UUID
    currency: str
    amount_minor: int


_EVERYTHING = 2**62


async def apply_to(
    tenant_id: UUID,
    account_ids: Sequence[UUID],
    *,
    bill_id: UUID | None = None,
    most_minor: int = _EVERYTHING,
    by: str = "",
) -> list[Applied]:
    """Put these accounts' credit to their open bills (or to one), in the open tenant scope; safe to call again.

    ``most_minor`` bounds what is used, where one account is named.
    """
    accounts = list(account_ids)
    await rows(_PAYMENTS, tenant_id, accounts)
    if not await rows(_CREDIT, tenant_id, accounts):
        return []
    await rows(_BILLS, tenant_id, accounts, bill_id)
    found = await rows(_APPLY, tenant_id, accounts, bill_id, most_minor, by)
    return [Applied(**dict(each)) for each in found]


async def use_credit(actor: Actor, *, bill_id: UUID, amount_minor: int, key: str) -> int:
    """Put an account's credit to the bill that the payer or staff chose, and return how much of it, in minor units.

    The caller has proved that the actor sees the bill; works in the open tenant scope.

    Raises:
        Invalid: the amount is not above zero, or more than the credit or than what is left to pay.
        Conflict: the bill is paid or closed, or somebody is just paying it.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    tenant_id = actor.tenant_id

    async def do() -> Answer:
        if type(amount_minor) is not int or amount_minor <= 0:
            text = t("Enter an amount above zero.")
            raise Invalid("credit.amount", text, fields={"amount": text})
        bill = await _payable(tenant_id, bill_id, amount_minor)
        done = await apply_to(
            tenant_id, [bill.account_id], bill_id=bill_id, most_minor=amount_minor, by=actor.name[:100]
        )
        if sum(each.amount_minor for each in done) != amount_minor:
            text = t("There is not that much credit, or not that much left to pay.")
            raise Invalid("credit.too_much", text, fields={"amount": text})
        await _record(actor, bill_id, amount_minor, done[0].currency)
        await tell_paid(actor, [bill_id] if bill.held_until is not None else [])
        return {"amount_minor": amount_minor}

    body = {"bill": str(bill_id), "amount": amount_minor}
    answer = await once(actor, key=key, act="credit.use", body=body, do=do)
    return int(answer["amount_minor"])


_HELD = "select 1 from billing_payment_part where tenant_id = $1 and bill_id = $2 and is_live"


async def _payable(tenant_id: UUID, bill_id: UUID, amount_minor: int) -> Bill:
    bill = await Bill.get_or_none(tenant_id=tenant_id, id=bill_id)
    if bill is None or bill.status == "draft":
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))
    if bill.status not in PAYABLE:
        raise Conflict("bill.paid", t("Nothing is left to pay of bill {number}.", number=bill.number))
    check_held(bill, amount_minor)
    if await rows(_HELD, tenant_id, bill_id):
        raise Conflict(
            "bill.held", t("Somebody is just paying this bill. Use the credit once that has ended.")
        )
    return bill


async def _record(actor: Actor, bill_id: UUID, amount: int, currency: str) -> None:
    bill = (await lock_bills(actor.tenant_id, [bill_id]))[bill_id] if actor.tenant_id else None
    await audit.record(
        actor,
        "credit.used",
        subject_kind="bill",
        subject_id=bill_id,
        subject_label=bill.number if bill else "",
        after={"amount_minor": amount, "currency": currency},
    )


_WAITING = f"""
select distinct c.account_id from billing_credit c
 where c.tenant_id = $1 and c.left_minor > c.refunding_minor and not c.is_frozen
   and ($2::uuid is null or c.account_id > $2)
   and exists (select 1 from billing_bill b where b.tenant_id = $1 and b.account_id = c.account_id
                  and b.currency = c.currency and b.status in ('issued', 'part_paid') and not {IS_DISPUTED}
                  and b.held_until is null and not exists (select 1 from billing_payment_part p
                                   where p.tenant_id = $1 and p.bill_id = b.id and p.is_live))
 order by c.account_id limit $3
"""


async def waiting_accounts(tenant_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
    """Return accounts that have credit and an open bill in its currency, in the order of their ids."""
    return [each["account_id"] for each in await rows(_WAITING, tenant_id, after, limit)]
