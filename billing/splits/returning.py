"""What comes back of shares: before a refund goes out, and when a dispute is lost; and paid again when that is undone.

Everybody gives back in proportion to what they still hold, so that whatever is refunded after whatever was shared
leaves every receiver with nothing in the end. Where a refund says of which fee it is — one of several things that were
paid together — those who had a share of that fee give first, and only what they cannot cover comes from the others.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing import ledger
from billing.channels import rail_shares
from billing.channels.contract import ChannelRefused, ChannelSilent, Destination
from billing.channels.rail_shares import ShareOutcome
from billing.ledger import Side
from billing.models import Payment, Refund, Share, ShareReturn
from billing.payments.orders import destination_of
from billing.payments.refunding import SUBMIT_JOB
from billing.splits.core import take
from billing.splits.sharing import ERROR_MAX, PAUSES, drop_pending, number_of, share_anew, share_ledger
from billing.splits.states import PENDING, move
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import enqueue, publish
from tenants.scope import open_scope, rows, tenant_scope, value
from ui.errors import Conflict, NotFound
from ui.i18n import t

RETURN_JOB = "billing.return_share"
SHORTLY = timedelta(seconds=10)

_NETS = """
select s.id, s.amount_minor - coalesce(sum(b.amount_minor), 0)::bigint net, min(r.fee_item_id::text)::uuid fee
  from billing_share s join billing_split_rule r on r.tenant_id = s.tenant_id and r.id = s.rule_id
  left join billing_share_return b on b.tenant_id = s.tenant_id and b.share_id = s.id
 where s.tenant_id = $1 and s.payment_id = $2 and s.status = 'paid' group by s.tenant_id, s.id
having s.amount_minor > coalesce(sum(b.amount_minor), 0) order by s.id
"""
_GONE = """
select (select coalesce(sum(r.amount_minor), 0) from billing_refund r
         where r.tenant_id = $1 and r.payment_id = $2 and r.id <> $3 and (r.status in ('submitted', 'succeeded')
            or r.status = 'approved' and exists (select 1 from billing_share_return b
                where b.tenant_id = $1 and b.cause_id = r.id)))
     + (select coalesce(sum(d.amount_minor), 0) from billing_dispute d
         where d.tenant_id = $1 and d.payment_id = $2 and d.id <> $3 and d.is_withdrawn
           and d.status in ('lost', 'accepted'))
"""
_OF_FEE = """
select greatest(0, (
  select coalesce(sum(a.amount_minor), 0) from billing_allocation a
    join billing_bill_line l on l.tenant_id = $1 and l.id = a.bill_line_id and l.fee_item_id = $4
   where a.tenant_id = $1 and a.payment_id = $2 and a.refund_id is distinct from $3)
  - (select coalesce(sum(r.amount_minor), 0) from billing_refund r
      where r.tenant_id = $1 and r.payment_id = $2 and r.id <> $3 and r.fee_item_id = $4
        and (r.status = 'submitted' or r.status = 'approved' and exists (select 1 from billing_share_return b
             where b.tenant_id = $1 and b.cause_id = r.id))))::bigint
"""
"""What a payment pays of one fee, less what is on its way back of it."""


async def is_free_to_go(actor: Actor, refund: Refund) -> bool:
    """Tell whether a refund may be sent: what its shares give back is back. Otherwise it is asked for, once.

    The refund comes again by itself when everything is back. A gate.
    """
    payment = await _locked(actor, refund.payment_id)
    if refund.status != "approved" or payment.channel != "bank":
        return True
    if not await drop_pending(payment.tenant_id, payment.id):
        await enqueue(SUBMIT_JOB, {"refund_id": str(refund.id)}, delay=SHORTLY)
        return False
    if not await _live(payment.tenant_id, refund.id):
        await ask_back(payment, "refund", refund.id, int(refund.amount_minor), refund.fee_item_id)
    return await _is_all_back(payment.tenant_id, refund.id)


async def _locked(actor: Actor, payment_id: UUID) -> Payment:
    return await Payment.filter(tenant_id=actor.tenant_id, id=payment_id).select_for_update().get()


async def ask_back(
    payment: Payment, cause: str, cause_id: UUID, amount: int, fee_item_id: UUID | None = None
) -> None:
    """Write what each share gives back of ``amount``, under the payment's lock, and have the channel take it."""
    held = await rows(_NETS, payment.tenant_id, payment.id)
    nets = {one["id"]: int(one["net"]) for one in held}
    gone = int(await value(_GONE, payment.tenant_id, payment.id, cause_id))
    whole = payment.amount_minor - gone
    first = {one["id"]: nets[one["id"]] for one in held if one["fee"] == fee_item_id}
    of_fee = 0
    if fee_item_id is not None:
        of_fee = int(await value(_OF_FEE, payment.tenant_id, payment.id, cause_id, fee_item_id))
    parts = _gives(first, of_fee, min(amount, of_fee))
    others = {share_id: net - parts.get(share_id, 0) for share_id, net in nets.items()}
    rest = _gives(others, whole - min(amount, of_fee), amount - min(amount, of_fee))
    for share_id in nets:
        if part := parts.get(share_id, 0) + rest[share_id]:
            made = await ShareReturn.create(
                tenant_id=payment.tenant_id,
                share_id=share_id,
                payment_id=payment.id,
                cause=cause,
                cause_id=cause_id,
                amount_minor=part,
            )
            await enqueue(RETURN_JOB, {"return_id": str(made.id), "n": 0})


def _gives(nets: Mapping[UUID, int], whole: int, amount: int) -> dict[UUID, int]:
    """Return what each share gives of an amount; the institution has the rest of the ``whole`` and gives as they do."""
    own = max(whole - sum(nets.values()), 0)
    parts = take([*nets.values(), own], min(amount, sum(nets.values()) + own))
    return dict(zip(nets, parts, strict=False))


async def _live(tenant_id: UUID, cause_id: UUID) -> bool:
    return await ShareReturn.filter(tenant_id=tenant_id, cause_id=cause_id).exclude(status="undone").exists()


async def _is_all_back(tenant_id: UUID, cause_id: UUID) -> bool:
    waiting = ShareReturn.filter(tenant_id=tenant_id, cause_id=cause_id, status__in=(*PENDING, "failed"))
    return not await waiting.exists()


async def take_back(actor: Actor, return_id: UUID, n: int) -> None:
    """Have the channel take a return from its receiver, or ask about one that was told. Opens its own scopes."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        back = await ShareReturn.filter(tenant_id=actor.tenant_id, id=return_id).select_for_update().get()
        is_first = back.status == "created"
        if is_first:
            move(back, "send")
            back.sent_at = datetime.now(UTC)
            await back.save(update_fields=["status", "sent_at"])
        elif back.status != "sent":
            return
        pause = timedelta(seconds=PAUSES[min(n, len(PAUSES) - 1)])
        await enqueue(RETURN_JOB, {"return_id": str(return_id), "n": n + 1}, delay=pause)
        payment = await Payment.get(tenant_id=actor.tenant_id, id=back.payment_id)
        to = await destination_of(actor.tenant_id, payment.settlement_account_id)
        share = await Share.get(tenant_id=actor.tenant_id, id=back.share_id)
    try:
        outcome = await _told(to, back, share, is_first=is_first)
    except ChannelSilent:
        return
    except ChannelRefused as error:
        outcome = ShareOutcome("failed", error=str(error))
    async with open_scope(tenant_scope(actor.tenant_id)):
        await settle_return(actor, return_id, outcome)


async def _told(to: Destination, back: ShareReturn, share: Share, *, is_first: bool) -> ShareOutcome:
    if not is_first:
        known = await rail_shares.query_return(to, number_of(back))
        if known.state != "absent":
            return known
    amount = int(back.amount_minor)
    return await rail_shares.take_share_back(
        to, number=number_of(back), share=number_of(share), amount_minor=amount
    )


async def settle_return(actor: Actor, return_id: UUID, outcome: ShareOutcome) -> ShareReturn:
    """Bring a return to what the channel says, in the open tenant scope; told again, nothing changes."""
    found = await ShareReturn.get(tenant_id=actor.tenant_id, id=return_id)
    await _locked(actor, found.payment_id)
    back = await ShareReturn.filter(tenant_id=actor.tenant_id, id=return_id).select_for_update().get()
    if back.status != "sent" or outcome.state not in {"done", "failed"}:
        return back
    move(back, "return" if outcome.state == "done" else "fail")
    back.channel_reference, back.error = outcome.reference, outcome.error[:ERROR_MAX]
    back.ended_at = datetime.now(UTC)
    await back.save()
    if back.status == "returned":
        await _book(back)
        await _go_on(back)
    await publish(f"share_return.{back.status}", {"return_id": str(back.id)})
    return back


async def _book(back: ShareReturn) -> None:
    share = await Share.get(tenant_id=back.tenant_id, id=back.share_id)
    sides = [
        Side(ledger.clearing("bank"), back.amount_minor, share.currency),
        Side(share_ledger(share.receiver_id), -back.amount_minor, share.currency),
    ]
    await ledger.post(back.tenant_id, "share.returned", back.id, sides)


async def _go_on(back: ShareReturn) -> None:
    """Send the refund that waited for this, or give it again where the refund has come to nothing meanwhile."""
    if back.cause != "refund":
        return
    refund = await Refund.get(tenant_id=back.tenant_id, id=back.cause_id)
    if refund.status == "failed":
        await _undo(back)
    elif await _is_all_back(back.tenant_id, back.cause_id):
        await enqueue(SUBMIT_JOB, {"refund_id": str(back.cause_id)})


async def undo(actor: Actor, cause_id: UUID) -> None:
    """Give the receivers again what came back for a refund that failed, or for a dispute that was won."""
    found = await ShareReturn.filter(tenant_id=actor.tenant_id, cause_id=cause_id).order_by("id")
    if found:
        await _locked(actor, found[0].payment_id)
        waiting = ShareReturn.filter(tenant_id=actor.tenant_id, cause_id=cause_id)
        for back in await waiting.filter(status__in=("created", "failed", "returned")).select_for_update():
            await _undo(back)


async def _undo(back: ShareReturn) -> None:
    """What had come back is paid again, as a share of its own; what had not is forgotten by giving it back too."""
    share = await Share.get(tenant_id=back.tenant_id, id=back.share_id)
    was_back = back.status == "returned"
    move(back, "undo")
    await back.save(update_fields=["status"])
    if was_back:
        await share_anew(share, int(back.amount_minor), back.id)
    else:
        await back.delete()


async def ensure_back(  # noqa: PLR0917 - how much of what, and why
    actor: Actor, payment_id: UUID, cause: str, cause_id: UUID, amount: int, fee_item_id: UUID | None = None
) -> None:
    """Ask back what shares owe for a refund that went out after all, or a lost dispute; once."""
    payment = await _locked(actor, payment_id)
    if payment.channel == "bank" and not await _live(payment.tenant_id, cause_id):
        await ask_back(payment, cause, cause_id, amount, fee_item_id)


async def try_again(actor: Actor, return_id: UUID) -> ShareReturn:
    """Ask once more for what a receiver's account could not give back, now that it is mended."""
    back = await _failed(actor, return_id)
    move(back, "retry")
    back.tries += 1
    await back.save(update_fields=["status", "tries"])
    await enqueue(RETURN_JOB, {"return_id": str(back.id), "n": 0})
    await _record(actor, back, "share_return.retried")
    return back


async def bear(actor: Actor, return_id: UUID) -> ShareReturn:
    """Have the institution bear what a receiver cannot give back, so that the refund can go out."""
    back = await _failed(actor, return_id)
    move(back, "bear")
    await back.save(update_fields=["status"])
    await _go_on(back)
    await _record(actor, back, "share_return.borne")
    return back


async def _failed(actor: Actor, return_id: UUID) -> ShareReturn:
    actor.require("splits.write")
    actor.require_fresh()
    back = await ShareReturn.filter(tenant_id=actor.tenant_id, id=return_id).select_for_update().get_or_none()
    if back is None:
        raise NotFound("share.not_found", t("There is no such share."))
    if back.status != "failed":
        raise Conflict("share.worked", t("This has been worked already."))
    return back


async def _record(actor: Actor, back: ShareReturn, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="share_return",
        subject_id=back.id,
        subject_label=str(back.payment_id),
        after={"amount_minor": back.amount_minor, "cause": back.cause},
    )
