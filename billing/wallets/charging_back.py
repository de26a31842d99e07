"""A top-up lost in a dispute: its stored money is taken back as far as it is there, the rest is owed and worked.

What is taken back is let off the top-up's bill by a credit note, so that nobody owes what they no longer have; the
bill stays owed for what was spent in the meantime, and stands on the worklist until somebody has dealt with it. If the
dispute is won after all, what was taken is stored again: a new top-up, paid by the money that came back.
"""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from billing.models import WalletMovement, WalletTopUp
from billing.plans.credit_notes import write_for
from billing.reasons import standard
from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.moving import Move, lock, move
from billing.wallets.topping_up import ask_for
from billing.worklist.registry import Kind, add_kind
from tenants.actor import Actor, system_actor
from ui.i18n import N_

TAKEN_BACK = standard(N_("The payer's bank took this top-up back, so it was taken out of what is stored."))

_SPENT = """
select b.id, coalesce(d.decided_at, b.created_at) since, null::timestamptz due_at,
       b.total_minor - b.paid_minor - b.adjusted_minor amount_minor, b.currency,
       b.account_number title, d.number detail, '/bills/' || b.id path
  from billing_wallet_top_up u
  join billing_bill b on b.tenant_id = u.tenant_id and b.id = u.bill_id and b.status in ('issued', 'part_paid')
  left join lateral (select number, decided_at from billing_dispute x join billing_allocation a
                        on a.tenant_id = x.tenant_id and a.dispute_id = x.id
                      where x.tenant_id = u.tenant_id and a.bill_id = b.id order by x.decided_at desc limit 1) d on true
 where u.tenant_id = $1 and u.status = 'paid'
"""


async def charged_back(actor: Actor, back: Mapping[UUID, int], dispute_id: UUID) -> None:
    """Take back what the bills had stored, once for each dispute and top-up, in the transaction that reopened them."""
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    tops = await WalletTopUp.filter(tenant_id=actor.tenant_id, bill_id__in=list(back)).order_by("id")
    for asked in tops:
        if asked.bill_id is not None:
            await _take(actor, asked, asked.bill_id, back[asked.bill_id], dispute_id)


async def _take(actor: Actor, asked: WalletTopUp, bill_id: UUID, owed: int, dispute_id: UUID) -> None:
    wallet = await lock(asked.tenant_id, asked.wallet_id)
    there = min(owed, wallet.balance_minor) if wallet.status == "open" else 0
    if there <= 0:
        return
    gone = Move(
        kind="charge_back",
        amount_minor=-there,
        source_kind=_source(dispute_id),
        source_id=asked.id,
        other_side=WALLET_KINDS[wallet.kind].asked_ledger,
        bill_id=bill_id,
        is_forced=True,
    )
    await move(system_actor(asked.tenant_id), wallet, gone)
    await write_for(actor, bill_id, None, there, TAKEN_BACK)


def _source(dispute_id: UUID) -> str:
    return f"dispute:{dispute_id.hex[-24:]}"


async def won_back(actor: Actor, left_over: Mapping[UUID, int], dispute_id: UUID) -> Mapping[UUID, int]:
    """Ask anew for what the dispute had taken out of stores, and return the bills that store it as they are paid.

    A store that has been closed since takes none: that money waits for a person.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    taken = await WalletMovement.filter(
        tenant_id=actor.tenant_id, kind="charge_back", source_kind=_source(dispute_id)
    ).order_by("source_id")
    asked: dict[UUID, int] = {}
    for gone in taken:
        top_up = await WalletTopUp.get(tenant_id=gone.tenant_id, id=gone.source_id)
        amount = min(-gone.amount_minor, left_over.get(top_up.bill_id, 0)) if top_up.bill_id else 0
        wallet = await lock(gone.tenant_id, gone.wallet_id)
        if amount > 0 and wallet.status == "open":
            again = await ask_for(system_actor(gone.tenant_id), wallet, amount)
            asked[cast("UUID", again.bill_id)] = amount
    return asked


add_kind(
    Kind(
        "spent_top_up",
        N_("Stored money lost in a dispute and spent already"),
        "disputes.work",
        _SPENT,
        order=45,
    )
)
