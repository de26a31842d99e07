"""The bank's credits held against payouts: by reference, by amount and day, several payouts in one credit.

Its debits are held against the refunds that were transferred from the own account, by the reference of the transfer.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from billing.models import Payout, StatementLine
from billing.reconciliation import payouts
from billing.reconciliation.states import move
from tenants.scope import rows

MOST = 400
"""Credits and payouts that are looked at together for sums; older ones are suggested or matched by hand."""
LONGEST_RUN = 31
SHORTEST_REFERENCE = 6
_BY_REFERENCE = """
select l.id line_id, p.id payout_id, l.amount_minor = p.amount_minor and l.currency = p.currency same
  from billing_statement_line l join billing_payout p on p.tenant_id = $1 and p.settlement_account_id = $2
   and p.status = 'on_the_way' and length(p.reference) >= $3
   and (p.reference in (l.reference, l.channel_reference) or position(p.reference in l.text) > 0
     or (length(p.trace) >= $3 and (p.trace in (l.reference, l.channel_reference) or position(p.trace in l.text) > 0)))
 where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = 'account' and l.status = 'open'
   and l.kind = 'credit' order by l.day, l.id, p.id
"""
_BY_AMOUNT = """
with pair as (
  select l.id line_id, p.id payout_id, count(*) over (partition by l.id) by_line,
         count(*) over (partition by p.id) by_payout
    from billing_statement_line l join billing_payout p on p.tenant_id = $1 and p.settlement_account_id = $2
     and p.status = 'on_the_way' and p.amount_minor = l.amount_minor and p.currency = l.currency
     and l.day between p.arrives_on - 1 and p.arrives_on + 5
   where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = 'account' and l.status = 'open'
     and l.kind = 'credit')
select line_id, payout_id from pair where by_line = 1 and by_payout = 1 order by line_id
"""
_TRANSFERS = """
with pair as (
  select l.id line_id, a.id attempt_id, p.number, p.currency, p.amount_minor,
         count(*) over (partition by l.id) by_line, count(*) over (partition by a.id) by_ours
    from billing_statement_line l
    join billing_payment p on p.tenant_id = $1 and p.settlement_account_id = $2 and p.channel = 'counter'
     and p.counter_method = 'transfer' and p.status = 'succeeded' and p.amount_minor = l.amount_minor
     and p.currency = l.currency and length(p.counter_reference) >= $3
     and (p.counter_reference in (l.reference, l.channel_reference) or position(p.counter_reference in l.text) > 0)
     and p.succeeded_at between l.occurred_at - interval '10 days' and l.occurred_at + interval '10 days'
    join billing_attempt a on a.tenant_id = $1 and a.payment_id = p.id and a.status = 'succeeded'
   where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = 'account' and l.status = 'open'
     and l.kind = 'credit' and not exists (select 1 from billing_statement_line x
       where x.tenant_id = $1 and x.attempt_id = a.id))
select line_id, attempt_id, number, currency, amount_minor from pair where by_line = 1 and by_ours = 1
"""


_PAID_BACK = """
with pair as (
  select l.id line_id, r.id refund_id, count(*) over (partition by l.id) by_line,
         count(*) over (partition by r.id) by_ours
    from billing_statement_line l
    join billing_refund r on r.tenant_id = $1 and r.way = 'transfer' and r.status = 'succeeded'
     and r.amount_minor = -l.amount_minor and r.currency = l.currency and length(r.transfer_reference) >= $3
     and (r.transfer_reference in (l.reference, l.channel_reference) or position(r.transfer_reference in l.text) > 0)
   where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = 'account' and l.status = 'open'
     and l.kind = 'debit' and not exists (select 1 from billing_statement_line x
       where x.tenant_id = $1 and x.refund_id = r.id))
select line_id, refund_id from pair where by_line = 1 and by_ours = 1
"""


async def match_credits(tenant_id: UUID, account_id: UUID) -> int:
    """Match the open credits and debits of a settlement account and return how many found what they pay."""
    found = await _by_reference(tenant_id, account_id)
    found += await _by_amount(tenant_id, account_id)
    found += await _sums(tenant_id, account_id)
    found += await _paid_back(tenant_id, account_id)
    return found + await _transfers(tenant_id, account_id)


async def _by_reference(tenant_id: UUID, account_id: UUID) -> int:
    named: dict[UUID, list[UUID]] = defaultdict(list)
    for each in await rows(_BY_REFERENCE, tenant_id, account_id, SHORTEST_REFERENCE):
        named[each["line_id"]].append(each["payout_id"])
    taken: set[UUID] = set()
    done = 0
    for line_id, payout_ids in named.items():
        free = [one for one in payout_ids if one not in taken]
        if free:
            done += await _tie(tenant_id, line_id, free, "reference")
            taken.update(free)
    return done


async def _by_amount(tenant_id: UUID, account_id: UUID) -> int:
    found = await rows(_BY_AMOUNT, tenant_id, account_id)
    return sum([await _tie(tenant_id, each["line_id"], [each["payout_id"]], "window") for each in found])


async def _tie(tenant_id: UUID, line_id: UUID, payout_ids: Sequence[UUID], how: str) -> int:
    """Receive payouts by a credit of the same sum; one that is named but not the same becomes a difference."""
    line = await StatementLine.filter(tenant_id=tenant_id, id=line_id).select_for_update().get()
    found = (
        await Payout.filter(tenant_id=tenant_id, id__in=list(payout_ids)).select_for_update().order_by("id")
    )
    if line.status != "open" or any(payout.status != "on_the_way" for payout in found):
        return 0
    is_same_currency = {payout.currency for payout in found} == {line.currency}
    if is_same_currency and sum(payout.amount_minor for payout in found) == line.amount_minor:
        await payouts.receive(found, line, how)
        return 1
    move(line, "differ")
    line.matched_by, line.payout_id = how, found[0].id
    await line.save(update_fields=["status", "matched_by", "payout_id"])
    return 1


async def _sums(tenant_id: UUID, account_id: UUID) -> int:
    of = {"tenant_id": tenant_id, "settlement_account_id": account_id}
    lines = (
        await StatementLine.filter(**of, channel="account", status="open", kind="credit")
        .order_by("-day")
        .limit(MOST)
    )
    if not lines:
        return 0
    waiting = (
        await Payout.filter(**of, status="on_the_way").order_by("channel", "arrives_on", "id").limit(MOST)
    )
    done, taken = 0, set[UUID]()
    for line in lines:
        near = [
            p
            for p in waiting
            if p.id not in taken and p.currency == line.currency and p.arrives_on <= line.day
        ]
        run = only_run([(p.channel, p.amount_minor) for p in near], line.amount_minor)
        if run:
            chosen = near[run[0] : run[1]]
            done += await _tie(tenant_id, line.id, [p.id for p in chosen], "payouts")
            taken.update(p.id for p in chosen)
    return done


def only_run(amounts: Sequence[tuple[str, int]], target: int) -> tuple[int, int] | None:
    """Return the one run of neighbours (same channel, two or more) that sums to ``target``; none when several do."""
    found: list[tuple[int, int]] = []
    for first, (channel, start) in enumerate(amounts):
        total = start
        for last in range(first + 1, min(first + LONGEST_RUN, len(amounts))):
            if amounts[last][0] != channel:
                break
            total += amounts[last][1]
            if total == target:
                found.append((first, last + 1))
    return found[0] if len(found) == 1 else None


async def _transfers(tenant_id: UUID, account_id: UUID) -> int:
    """Match credits with transfers that the desk recorded under the same reference."""
    found = await rows(_TRANSFERS, tenant_id, account_id, SHORTEST_REFERENCE - 1)
    for each in found:
        await receive_transfer(tenant_id, account_id, each["line_id"], each["attempt_id"], each, "reference")
    return len(found)


async def _paid_back(tenant_id: UUID, account_id: UUID) -> int:
    """Match debits with refunds that were transferred, which were booked when they were confirmed."""
    found = await rows(_PAID_BACK, tenant_id, account_id, SHORTEST_REFERENCE - 1)
    for each in found:
        line = await StatementLine.filter(tenant_id=tenant_id, id=each["line_id"]).select_for_update().get()
        await tie_paid_back(line, each["refund_id"], "reference")
    return len(found)


async def tie_paid_back(line: StatementLine, refund_id: UUID, how: str) -> None:
    """Tie a locked debit to the refund that it paid."""
    move(line, "match")
    line.matched_by, line.refund_id = how, refund_id
    await line.save(update_fields=["status", "matched_by", "refund_id"])


async def receive_transfer(  # noqa: PLR0917 - the credit, what it pays, and how that is known
    tenant_id: UUID, account_id: UUID, line_id: UUID, attempt_id: UUID, paid: object, how: str
) -> None:
    """Book that a transfer taken at the desk has arrived; ``paid`` has its number, currency and amount."""
    facts = dict(paid)  # type: ignore[call-overload]
    line = await StatementLine.filter(tenant_id=tenant_id, id=line_id).select_for_update().get()
    payout = await payouts.of_counter(
        tenant_id, account_id, attempt_id, facts["number"], facts["currency"], facts["amount_minor"]
    )
    await payouts.receive([payout], line, how)
    line.attempt_id = attempt_id
    await line.save(update_fields=["attempt_id"])
