"""A transfer arrives: taken once, put to the account that its number or reference names, or to unassigned money."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.channels.contract import Outcome
from billing.models import Attempt, Payment, SettlementAccount, Transfer
from billing.payments.allocating import lock_bills, spread
from billing.payments.numbers import new_number
from billing.payments.orders import request_of
from billing.payments.settling import settle
from billing.payments.starting import hold
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, rows, value

CHANNEL = "bank"
MARK = "transfer"
"""What an attempt's request says of money that nobody asked for."""

_TAKE = """
insert into billing_transfer (tenant_id, id, settlement_account_id, number, reference, payer_name, amount_minor,
                              currency)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, settlement_account_id, number) do nothing
"""
_OF_NUMBER = "select account_id from billing_virtual_account where tenant_id = $1 and number = $2"
_OF_REFERENCE = """
select distinct account_id from (
  select account_id from billing_bill where tenant_id = $1 and number = any ($2::text[]) and status <> 'draft'
  union all
  select id from tenants_account where tenant_id = $1 and number = any ($2::text[])) named limit 2
"""
_OPEN = """
select id from billing_bill
 where tenant_id = $1 and account_id = $2 and currency = $3 and status in ('issued', 'part_paid') and held_until is null
 order by due_on, number
"""
_OWNER = """
select m.person_id, m.name
  from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and m.ended_at is null and 'suspense.work' = any (r.permissions)
 order by r.key = 'finance' desc, m.created_at limit 1
"""


async def receive(actor: Actor, settlement: SettlementAccount, data: Mapping[str, Any]) -> UUID | None:
    """Take a transfer that the rail tells of, in the open tenant scope; return its payment, none if known before.

    What no open bill takes is the account's credit. A reference that names nobody, or several, makes it unassigned
    money with an owner.
    """
    transfer_id, number = new_id(), str(data["transfer_id"])
    reference, payer = str(data.get("reference", ""))[:140], str(data.get("payer_name", ""))[:100]
    amount, currency = int(data["amount_minor"]), str(data["currency"])
    facts = (reference, payer, amount, currency)
    if not await execute(_TAKE, settlement.tenant_id, transfer_id, settlement.id, number, *facts):
        return None
    account_id = await _account(settlement.tenant_id, str(data.get("account_number", "")), reference)
    payment = await _payment(settlement, account_id, amount, currency, payer)
    await payment.save(force_create=True)
    if account_id is not None:
        await hold(payment, await _parts(payment, account_id), is_live=False)
    attempt = await _attempt(payment)
    await Transfer.filter(tenant_id=settlement.tenant_id, id=transfer_id).update(
        account_id=account_id, payment_id=payment.id
    )
    told = Outcome(
        state="succeeded",
        reference=number,
        channel_payment=str(data.get("transaction_no") or ""),
        amount_minor=amount,
        currency=currency,
    )
    await settle(actor, attempt.id, told)
    if account_id is None:
        await _give_owner(settlement.tenant_id, payment.id)
    return payment.id


async def _account(tenant_id: UUID, number: str, reference: str) -> UUID | None:
    if number:
        found: UUID | None = await value(_OF_NUMBER, tenant_id, number)
        if found is not None:
            return found
    named = await rows(_OF_REFERENCE, tenant_id, words_of(reference))
    return named[0]["account_id"] if len(named) == 1 else None


def words_of(reference: str) -> list[str]:
    """Return what in a reference may be the number of a bill or an account: exactly as written, and in capitals."""
    words = re.findall(r"[\w#./-]+", reference)
    return list(dict.fromkeys([*words, *(word.upper() for word in words), reference.strip()]))


async def _payment(
    settlement: SettlementAccount, account_id: UUID | None, amount: int, currency: str, payer: str
) -> Payment:
    return Payment(
        id=new_id(),
        tenant_id=settlement.tenant_id,
        number=await new_number("P", settlement.tenant_id),
        currency=currency,
        amount_minor=amount,
        channel=CHANNEL,
        settlement_account_id=settlement.id,
        account_id=account_id,
        payer_name=payer,
        status="created",
    )


async def _parts(payment: Payment, account_id: UUID) -> dict[UUID, int]:
    """Return how the money fills the account's open bills, the oldest first.

    They are locked whole before anything names them: two transfers at once would each share the lock by writing for
    what bill they are, and then wait for the other's end to pay it.
    """
    due = [bill["id"] for bill in await rows(_OPEN, payment.tenant_id, account_id, payment.currency)]
    locked = await lock_bills(payment.tenant_id, due)
    given = spread([locked[bill].left_minor for bill in due], payment.amount_minor)
    return {bill: share for bill, share in zip(due, given, strict=True) if share}


async def _attempt(payment: Payment) -> Attempt:
    nothing = request_of(items=[], return_url="", cancel_url="", locale="", payer_email="")
    return await Attempt.create(
        id=new_id(),
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        channel=payment.channel,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        status="created",
        expires_at=datetime.now(UTC),
        request=nothing | {MARK: True},
    )


async def _give_owner(tenant_id: UUID, payment_id: UUID) -> None:
    """Have the first officer who may work unassigned money own this one."""
    found = await rows(_OWNER, tenant_id)
    if found:
        await execute(
            "update billing_suspense set owner_id = $3, owner_name = $4 where tenant_id = $1 and payment_id = $2",
            tenant_id,
            payment_id,
            found[0]["person_id"],
            found[0]["name"],
        )
