"""Money goes out of a wallet to where it came from: ordinary refunds of the payments that topped it up."""

from collections.abc import Sequence
from uuid import UUID

from billing.idempotency import Answer, once
from billing.models import Payment, Refund, Wallet, WalletTopUp
from billing.names import Sum
from billing.payments.refunding import TAKEN_BACK
from billing.payments.refunds import (
    before_asking,
    create,
    lock_payment,
    refundable_minor,
    refundable_with_stored_minor,
    stored_minor,
)
from billing.payments.watching import Watcher, watch
from billing.wallets.charging_back import charged_back, won_back
from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.moving import Move, lock, move, must_be_amount
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.scope import rows
from ui.errors import Conflict, Invalid
from ui.i18n import t

_PAID = """
select a.payment_id, u.bill_id, (sum(a.amount_minor) - coalesce((
         select sum(r.amount_minor) from billing_refund r where r.tenant_id = $1 and r.payment_id = a.payment_id
            and r.bill_id = u.bill_id and r.status in ('requested', 'approved', 'submitted')), 0))::bigint left_minor
  from billing_wallet_top_up u
  join billing_allocation a on a.tenant_id = $1 and a.bill_id = u.bill_id
 where u.tenant_id = $1 and u.wallet_id = $2 and u.status = 'paid'
 group by a.payment_id, u.bill_id, u.created_at having sum(a.amount_minor) > 0
 order by u.created_at desc, a.payment_id desc
"""
Source = tuple[UUID, UUID, int]
"""A payment, the top-up's bill that it paid, and how much of it can still go back."""


async def pay_out(
    actor: Actor, *, wallet_id: UUID, amount_minor: int, reason: str, key: str, is_policy: bool = False
) -> list[UUID]:
    """Pay out of a wallet to where it came from, the last top-up first, and return the refunds' ids.

    The money leaves the wallet at once and comes back if a refund is rejected or fails. With ``is_policy`` a rule of
    the caller's grants it in the system's name; otherwise the rules and limits of refunds hold. In the open tenant
    scope, once for each ``key``.

    Raises:
        Invalid: no amount, or more than is in it or can go back; no reason.
        StepUp: without a rule, the sign-in is not fresh and strong.
    """
    if not is_policy:
        actor.require("refunds.request")
        actor.require_fresh()
    must_be_amount(amount_minor)
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    tenant_id = actor.tenant_id

    async def do() -> Answer:
        found = await _sources(tenant_id, wallet_id)
        wallet = await lock(tenant_id, wallet_id)
        _check(wallet, amount_minor, found, await _kept(wallet))
        made = []
        for payment_id, bill_id, part in _parts(found, amount_minor):
            payment = await lock_payment(actor, payment_id)
            await _debit(actor, wallet, part, reason, (source := new_id()))
            refund = await create(
                actor, payment, part, reason, bill_id=bill_id, is_agreed=is_policy, refund_id=source
            )
            made.append(str(refund.id))
        return {"refunds": made}

    body = {"wallet": str(wallet_id), "amount": amount_minor, "reason": reason, "is_policy": is_policy}
    answer = await once(actor, key=key, act="wallet.pay_out", body=body, do=do)
    return [UUID(each) for each in answer["refunds"]]


async def returnable_minor(tenant_id: UUID, wallet_id: UUID) -> int:
    """Return how much of a wallet can go back to where it came from now, in minor units; its payments are locked."""
    found = await _sources(tenant_id, wallet_id)
    wallet = await lock(tenant_id, wallet_id)
    return max(0, min(int(wallet.balance_minor), sum(left for _, _, left in found)))


async def _sources(tenant_id: UUID, wallet_id: UUID) -> list[Source]:
    """Return what topped the wallet up, the last first; its payments are locked, before the wallet is."""
    ids = [each["payment_id"] for each in await rows(_PAID, tenant_id, wallet_id)]
    await rows(
        "select id from billing_payment where tenant_id = $1 and id = any ($2::uuid[]) order by id for update",
        tenant_id,
        ids,
    )
    found = []
    for each in await rows(_PAID, tenant_id, wallet_id):
        most = await refundable_with_stored_minor(tenant_id, each["payment_id"])
        found.append((each["payment_id"], each["bill_id"], max(0, min(each["left_minor"], most))))
    return found


async def _kept(wallet: Wallet) -> int:
    """Return how much of it has to stay, with the wallet locked."""
    must_stay = WALLET_KINDS[wallet.kind].must_stay
    return await must_stay(wallet) if must_stay else 0


def _check(wallet: Wallet, amount: int, found: Sequence[Source], kept: int) -> None:
    most = min(wallet.balance_minor - kept, sum(left for _, _, left in found))
    if amount > most:
        text = t("At most {left} can be paid out.", left=Sum(max(most, 0), wallet.currency))
        raise Invalid("wallet.too_much", text, fields={"amount": text})


def _parts(found: Sequence[Source], amount: int) -> list[Source]:
    parts = []
    for payment_id, bill_id, left in found:
        part = min(left, amount)
        amount -= part
        if part:
            parts.append((payment_id, bill_id, part))
    return parts


async def _debit(actor: Actor, wallet: Wallet, amount: int, reason: str, refund_id: UUID) -> None:
    wanted = Move(
        kind="pay_out",
        amount_minor=-amount,
        source_kind="refund",
        source_id=refund_id,
        other_side=WALLET_KINDS[wallet.kind].asked_ledger,
        note=reason,
    )
    await move(actor, wallet, wanted)


async def _top_up_of(refund: Refund) -> WalletTopUp | None:
    if refund.bill_id is None:
        return None
    return await WalletTopUp.get_or_none(tenant_id=refund.tenant_id, bill_id=refund.bill_id)


async def _gave_up(refund: Refund) -> None:
    """A payout that was rejected or refused is in the wallet again, where it can be asked for anew."""
    asked = await _top_up_of(refund)
    if asked is None:
        return
    wallet = await lock(refund.tenant_id, asked.wallet_id)
    back = Move(
        kind="pay_out_back",
        amount_minor=refund.amount_minor,
        source_kind="refund",
        source_id=refund.id,
        other_side=WALLET_KINDS[wallet.kind].asked_ledger,
        is_forced=True,
    )
    await move(system_actor(refund.tenant_id), wallet, back)
    refund.resolution = TAKEN_BACK


async def _went_after_all(refund: Refund) -> None:
    """A payout that had failed was paid after all: the money has left, so it leaves the wallet, whatever is there."""
    asked = await _top_up_of(refund)
    if asked is None:
        return
    wallet = await lock(refund.tenant_id, asked.wallet_id)
    gone = Move(
        kind="pay_out",
        amount_minor=-refund.amount_minor,
        source_kind="late_refund",
        source_id=refund.id,
        other_side=WALLET_KINDS[wallet.kind].asked_ledger,
        is_forced=True,
    )
    await move(system_actor(refund.tenant_id), wallet, gone)
    refund.resolution = ""


async def _guard(payment: Payment, *, is_of_bills: bool) -> None:
    """Refuse to refund a top-up past its wallet: the money would be given back and still be spent.

    Whatever else the payment has paid can go back as ever.
    """
    if not is_of_bills or not await stored_minor(payment):
        return
    if not await refundable_minor(payment.tenant_id, payment.id):
        text = t("This payment topped up stored money. Pay it out there, so that it cannot be spent as well.")
        raise Conflict("wallet.refund", text)


before_asking(_guard)
watch(Watcher(charged_back=charged_back, won_back=won_back, gave_up=_gave_up, went_after_all=_went_after_all))
