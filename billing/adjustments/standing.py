"""Lasting adjustments: a percentage or an amount off every bill of an account, from one day to another."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.adjustments.deciding import decide, reason_of, record, require_decider
from billing.adjustments.kinds import STANDING as KINDS
from billing.adjustments.states import STANDING
from billing.idempotency import Answer, once
from billing.models import FeeItem, StandingAdjustment
from billing.payments.numbers import new_number
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.models import Account, Tenant
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

MOST_PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Lasting:
    """What somebody asks for: off which charge of which account (none: all), how much, how long, and why."""

    account_id: UUID
    kind: str
    effective_from: date
    reason: str
    percent: Decimal | None = None
    amount_minor: int | None = None
    effective_until: date | None = None
    fee_item_id: UUID | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


async def request_standing(actor: Actor, *, ask: Lasting, key: str) -> UUID:
    """Ask for a lasting adjustment and return its id. It always waits for another person: nobody knows its sum yet.

    Raises:
        Invalid: no reason, no such kind, neither or both of percentage and amount, or days in the wrong order.
        NotFound: there is no such account.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("adjustments.request")
    actor.require_fresh()
    body = {
        "account": str(ask.account_id),
        "kind": ask.kind,
        "from": ask.effective_from.isoformat(),
        "until": str(ask.effective_until or ""),
        "percent": str(ask.percent or ""),
        "amount": ask.amount_minor,
        "fee_item": str(ask.fee_item_id or ""),
        "reason": ask.reason,
        "evidence": ask.evidence.get("sha256", ""),
    }

    async def do() -> Answer:
        return {"standing_id": str((await _create(actor, ask)).id)}

    return UUID((await once(actor, key=key, act="standing.request", body=body, do=do))["standing_id"])


async def _create(actor: Actor, ask: Lasting) -> StandingAdjustment:
    account = await Account.get_or_none(tenant_id=actor.tenant_id, id=ask.account_id)
    if account is None:
        raise NotFound("account.not_found", t("There is no such account."))
    _check(ask)
    await _check_fee(actor, account, ask)
    made = await StandingAdjustment.create(
        id=new_id(),
        tenant_id=account.tenant_id,
        number=await new_number("L", account.tenant_id),
        account_id=account.id,
        fee_item_id=ask.fee_item_id,
        kind=ask.kind,
        percent=ask.percent,
        amount_minor=ask.amount_minor,
        currency=(await Tenant.get(id=account.tenant_id)).currency,
        effective_from=ask.effective_from,
        effective_until=ask.effective_until,
        reason=reason_of(ask.reason),
        evidence=ask.evidence,
        status="requested",
        requested_by=actor.person_id,
        requested_by_name=actor.name[:100],
    )
    await record(actor, made, "standing_adjustment.requested", {"account": account.number})
    await publish("standing_adjustment.requested", {"standing_id": str(made.id)})
    return made


def _check(ask: Lasting) -> None:
    if ask.kind not in KINDS:
        text = t("Choose what kind of adjustment it is.")
        raise Invalid("standing.kind", text, fields={"kind": text})
    if (ask.percent is None) == (ask.amount_minor is None):
        text = t("Enter a percentage or an amount, not both.")
        raise Invalid("standing.value", text, fields={"percent": text})
    if ask.percent is not None and not 0 < ask.percent <= MOST_PERCENT:
        text = t("Enter a percentage above 0 and at most 100.")
        raise Invalid("standing.percent", text, fields={"percent": text})
    if ask.amount_minor is not None and ask.amount_minor <= 0:
        text = t("Enter an amount above zero.")
        raise Invalid("standing.amount", text, fields={"amount": text})
    if ask.effective_until is not None and ask.effective_until < ask.effective_from:
        text = t("The last day is on or after the first.")
        raise Invalid("standing.span", text, fields={"effective_until": text})


async def _check_fee(actor: Actor, account: Account, ask: Lasting) -> None:
    if ask.fee_item_id is None:
        return
    item = await FeeItem.get_or_none(tenant_id=actor.tenant_id, id=ask.fee_item_id, kind="charge")
    if item is None or account.kind not in item.account_kinds:
        text = t("Choose a charge that this account has.")
        raise Invalid("standing.fee", text, fields={"fee_item": text})


async def get(actor: Actor, standing_id: UUID, *, lock: bool = False) -> StandingAdjustment:
    """Return a lasting adjustment of this tenant.

    Raises:
        NotFound: there is none.
    """
    query = StandingAdjustment.filter(tenant_id=actor.tenant_id, id=standing_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("standing.not_found", t("There is no such lasting adjustment."))
    return found


async def approve_standing(actor: Actor, *, standing_id: UUID) -> None:
    """Agree to what another person asked for; bills issued from now on get it.

    Raises:
        Forbidden: the actor asked for it themselves, or has no right to decide.
        Conflict: it has been decided already.
    """
    found = await get(actor, standing_id, lock=True)
    require_decider(actor, found)
    found.status = STANDING.after(found.status, "approve")
    decide(actor, found)
    await found.save()
    await record(actor, found, "standing_adjustment.approved", {})


async def reject_standing(actor: Actor, *, standing_id: UUID, reason: str) -> None:
    """Refuse what another person asked for.

    Raises:
        Invalid: no reason given.
        Forbidden, Conflict: as for approving.
    """
    said = reason_of(reason)
    found = await get(actor, standing_id, lock=True)
    require_decider(actor, found)
    found.status = STANDING.after(found.status, "reject")
    decide(actor, found, said)
    await found.save()
    await record(actor, found, "standing_adjustment.rejected", {"reason": said})


async def end_standing(actor: Actor, *, standing_id: UUID, reason: str) -> None:
    """Have new bills no longer get it; what it has let off so far stays.

    Raises:
        Invalid: no reason given.
        Conflict: it is not in effect.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("adjustments.approve")
    actor.require_fresh()
    said = reason_of(reason)
    found = await get(actor, standing_id, lock=True)
    if not STANDING.can(found.status, "end"):
        raise Conflict("standing.not_in_effect", t("This is not in effect."))
    found.status = STANDING.after(found.status, "end")
    found.decision_reason = said
    await found.save()
    await record(actor, found, "standing_adjustment.ended", {"reason": said})
