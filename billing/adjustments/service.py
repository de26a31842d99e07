"""Letting something off one issued bill: asked by one person, agreed by another above the asker's limit, reversible."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing import ledger
from billing.adjustments.applying import Off, adjust_bill, restore_bill
from billing.adjustments.deciding import decide, reason_of, record, require_decider
from billing.adjustments.kinds import KINDS
from billing.adjustments.states import ADJUSTMENT
from billing.idempotency import Answer, once
from billing.ledger import Side
from billing.models import Adjustment, Bill
from billing.names import Sum
from billing.payments.numbers import new_number
from billing.payments.states import PAYABLE
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.models import Tenant
from tenants.scope import value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

CAUSE = "adjustment"
_LEFT = """
select coalesce(least(sum(l.amount_minor - l.paid_minor - l.adjusted_minor) filter (where ($3 = '' or i.kind = $3)
         and ($4::uuid is null or i.id = $4)), b.total_minor - b.paid_minor - b.adjusted_minor), 0)::bigint
  from billing_bill b join billing_bill_line l on l.tenant_id = $1 and l.bill_id = b.id
  join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id
 where b.tenant_id = $1 and b.id = $2 and l.amount_minor > 0 and b.status in ('issued', 'part_paid')
 group by b.id, b.total_minor, b.paid_minor, b.adjusted_minor
"""
_ASKED_SO_FAR = (
    "select coalesce(sum(amount_minor), 0)::bigint from billing_adjustment where tenant_id = $1 and bill_id = $2"
    " and requested_by = $3 and status in ('requested', 'applied')"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asks for: how much of which bill, for which charge (none: any), and why."""

    bill_id: UUID
    kind: str
    amount_minor: int
    reason: str
    fee_item_id: UUID | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


async def adjustable_minor(
    tenant_id: UUID, bill_id: UUID, kind: str = "", fee_item_id: UUID | None = None
) -> int:
    """Return how much of a bill an adjustment of this kind could let off now, in minor units."""
    fee_kind = KINDS[kind].fee_kind if kind else ""
    return int(await value(_LEFT, tenant_id, bill_id, fee_kind, fee_item_id) or 0)


async def request_adjustment(actor: Actor, *, ask: Ask, key: str) -> UUID:
    """Ask for an adjustment and return its id; within the asker's own limit it is let off at once.

    The limit holds for all that one person lets off one bill, so that slices do not get around it.

    Raises:
        Invalid: no reason, no such kind, or an amount that is not above zero or more than is left on its lines.
        Conflict: nothing is owed on the bill, or it is being paid at this moment.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("adjustments.request")
    actor.require_fresh()
    body = {
        "bill": str(ask.bill_id),
        "kind": ask.kind,
        "amount": ask.amount_minor,
        "reason": ask.reason,
        "fee_item": str(ask.fee_item_id or ""),
        "evidence": ask.evidence.get("sha256", ""),
    }

    async def do() -> Answer:
        return {"adjustment_id": str((await _create(actor, ask)).id)}

    return UUID((await once(actor, key=key, act="adjustment.request", body=body, do=do))["adjustment_id"])


async def _create(actor: Actor, ask: Ask) -> Adjustment:
    bill = await Bill.get_or_none(tenant_id=actor.tenant_id, id=ask.bill_id)
    if bill is None or bill.status == "draft":
        raise NotFound("bill.not_found", t("There is no such bill."))
    reason = reason_of(ask.reason)
    await _check(bill, ask)
    made = await Adjustment.create(
        id=new_id(),
        tenant_id=bill.tenant_id,
        number=await new_number("A", bill.tenant_id),
        account_id=bill.account_id,
        bill_id=bill.id,
        kind=ask.kind,
        fee_item_id=ask.fee_item_id,
        currency=bill.currency,
        amount_minor=ask.amount_minor,
        reason=reason,
        evidence=ask.evidence,
        status="requested",
        requested_by=actor.person_id,
        requested_by_name=actor.name[:100],
    )
    await record(actor, made, "adjustment.requested", {"bill": bill.number, "reason": reason})
    if await _may_decide_alone(actor, made):
        await _apply(actor, made)
    else:
        await publish("adjustment.requested", {"adjustment_id": str(made.id), "bill_id": str(bill.id)})
    return made


async def _check(bill: Bill, ask: Ask) -> None:
    if bill.status not in PAYABLE:
        raise Conflict("bill.closed", t("Nothing is owed on this bill any more, so nothing can be let off."))
    if bill.held_until is not None:
        text = t("This bill keeps something for its payer until it is paid. Cancel that instead.")
        raise Conflict("bill.is_held", text)
    if ask.kind not in KINDS:
        text = t("Choose what kind of adjustment it is.")
        raise Invalid("adjustment.kind", text, fields={"kind": text})
    if type(ask.amount_minor) is not int or ask.amount_minor <= 0:
        text = t("Enter an amount above zero.")
        raise Invalid("adjustment.amount", text, fields={"amount": text})
    most = await adjustable_minor(bill.tenant_id, bill.id, ask.kind, ask.fee_item_id)
    if ask.amount_minor > most:
        text = t("At most {most} can be let off in this way.", most=Sum(most, bill.currency))
        raise Invalid("adjustment.too_much", text, fields={"amount": text})


async def _may_decide_alone(actor: Actor, made: Adjustment) -> bool:
    tenant = await Tenant.get(id=made.tenant_id)
    asked = await value(_ASKED_SO_FAR, made.tenant_id, made.bill_id, actor.person_id)
    return bool(made.currency == tenant.currency and asked <= actor.adjustment_limit_minor)


async def _apply(actor: Actor, found: Adjustment) -> None:
    """Take it off the bill's lines and book it."""
    found.status = ADJUSTMENT.after(found.status, "apply")
    found.applied_at = datetime.now(UTC)
    decide(actor, found)
    kind = KINDS[found.kind]
    off = Off(
        amount_minor=found.amount_minor,
        fee_kind=kind.fee_kind,
        fee_item_id=found.fee_item_id,
        is_write_off=found.kind == "write_off",
    )
    await adjust_bill(found.tenant_id, bill_id=found.bill_id, off=off, cause=CAUSE, source_id=found.id)
    await found.save()
    await ledger.post(found.tenant_id, "adjustment.applied", found.id, _sides(found, 1))
    await record(actor, found, "adjustment.applied", {"bill_id": str(found.bill_id)})
    await publish("adjustment.applied", {"adjustment_id": str(found.id), "bill_id": str(found.bill_id)})


def _sides(found: Adjustment, sign: int) -> list[Side]:
    of = (found.currency, found.account_id, found.bill_id)
    return [
        Side(ledger.adjustment(found.kind), sign * found.amount_minor, *of),
        Side(ledger.RECEIVABLE, -sign * found.amount_minor, *of),
    ]


async def locked(actor: Actor, adjustment_id: UUID) -> Adjustment:
    """Return an adjustment of this tenant, locked.

    Raises:
        NotFound: there is none.
    """
    query = Adjustment.filter(tenant_id=actor.tenant_id, id=adjustment_id)
    found = await query.select_for_update().first()
    if found is None:
        raise NotFound("adjustment.not_found", t("There is no such adjustment."))
    return found


async def approve_adjustment(actor: Actor, *, adjustment_id: UUID) -> None:
    """Agree to what another person asked for; the bill asks for less from now on.

    Raises:
        Forbidden: the actor asked for it themselves, or has no right to decide.
        Conflict: it has been decided, nothing is owed any more, or the bill is being paid.
        Invalid: less than that is left by now.
    """
    found = await locked(actor, adjustment_id)
    require_decider(actor, found)
    await _apply(actor, found)


async def reject_adjustment(actor: Actor, *, adjustment_id: UUID, reason: str) -> None:
    """Refuse what another person asked for; the bill stays as it is.

    Raises:
        Invalid: no reason given.
        Forbidden, Conflict: as for approving.
    """
    said = reason_of(reason)
    found = await locked(actor, adjustment_id)
    require_decider(actor, found)
    found.status = ADJUSTMENT.after(found.status, "reject")
    decide(actor, found, said)
    await found.save()
    await record(actor, found, "adjustment.rejected", {"reason": said})


async def reverse_adjustment(actor: Actor, *, adjustment_id: UUID, reason: str) -> None:
    """Take an adjustment back: its amount is owed again, and the journal has both entries.

    Raises:
        Invalid: no reason given.
        Conflict: it is not in effect, or its bill is void.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("adjustments.approve")
    actor.require_fresh()
    said = reason_of(reason)
    found = await locked(actor, adjustment_id)
    if not ADJUSTMENT.can(found.status, "reverse"):
        raise Conflict("adjustment.not_applied", t("This adjustment is not in effect."))
    found.status = ADJUSTMENT.after(found.status, "reverse")
    found.reversed_by, found.reversed_by_name = actor.person_id, actor.name[:100]
    found.reversed_at, found.reversal_reason = datetime.now(UTC), said
    await restore_bill(found.tenant_id, bill_id=found.bill_id, cause=CAUSE, source_id=found.id)
    await found.save()
    await ledger.post(found.tenant_id, "adjustment.reversed", found.id, _sides(found, -1))
    await record(actor, found, "adjustment.reversed", {"bill_id": str(found.bill_id), "reason": said})
    await publish("adjustment.reversed", {"adjustment_id": str(found.id), "bill_id": str(found.bill_id)})
