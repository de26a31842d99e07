"""Refunds that wait for the bank, released or stopped by a named person with a reason. Payments never wait."""

from datetime import UTC, datetime
from uuid import UUID

from billing.models import Refund, RiskAlert, RiskHold, RiskWatch
from billing.payments.refunding import SUBMIT_JOB, before_sending, stop
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t


async def may_go(actor: Actor, refund: Refund) -> bool:
    """Tell whether a refund may go; one of an institution that is watched waits for the bank. A gate."""
    del actor
    known = await RiskHold.get_or_none(tenant_id=refund.tenant_id, refund_id=refund.id)
    if known:
        return known.status == "released"
    watch = await RiskWatch.filter(tenant_id=refund.tenant_id, ended_at=None).first()
    if watch is None or refund.status != "approved":
        return True
    await RiskHold.create(
        id=new_id(), tenant_id=refund.tenant_id, bank_id=watch.bank_id, refund_id=refund.id, alert_id=watch.alert_id,
        number=refund.number, currency=refund.currency, amount_minor=refund.amount_minor,
    )  # fmt: skip
    return False


before_sending(may_go)


async def get(actor: Actor, hold_id: UUID, *, is_locked: bool = False) -> RiskHold:
    """Return a refund that waits, or has waited, at an institution of the actor's branches.

    Raises:
        NotFound: there is none.
    """
    query = RiskHold.filter(bank_id=bank_of(actor), id=hold_id)
    found = await (query.select_for_update() if is_locked else query).get_or_none()
    if found is None or not await sees_branch(actor, (await RiskAlert.get(id=found.alert_id)).branch_id):
        raise NotFound("hold.not_found", t("There is no such refund waiting."))
    return found


async def decide(actor: Actor, hold_id: UUID, *, act: str, why: str) -> RiskHold:
    """Release a refund that waits, or stop it: it has failed then, and the institution decides what becomes of it.

    Raises:
        Invalid: no reason is given.
        Conflict: it is decided already.
    """
    actor.require("risk.work")
    actor.require_fresh()
    found = await get(actor, hold_id, is_locked=True)
    if found.status != "held" or act not in {"release", "stop"}:
        raise Conflict("hold.state", t("This is decided already."))
    must_say(why)
    found.status = "released" if act == "release" else "stopped"
    found.decided_by_name, found.decided_at, found.reason = actor.name[:100], datetime.now(UTC), why.strip()
    await found.save()
    async with open_scope(tenant_scope(found.tenant_id)):
        if act == "release":
            await enqueue(SUBMIT_JOB, {"refund_id": str(found.refund_id)})
        else:
            await stop(system_actor(found.tenant_id), found.refund_id, "stopped")
    await audit.record(
        actor,
        f"risk_hold.{found.status}",
        subject_kind="risk_hold",
        subject_id=found.id,
        subject_label=found.number,
        after={"amount_minor": found.amount_minor, "currency": found.currency, "reason": found.reason},
        tenant_id=found.tenant_id,
    )
    return found


def must_say(why: str) -> str:
    """Return a reason without the blanks around it.

    Raises:
        Invalid: there is none.
    """
    if not why.strip():
        text = t("Say why.")
        raise Invalid("risk.reason", text, fields={"reason": text})
    return why.strip()


async def release_all(actor: Actor, alert: RiskAlert, why: str) -> None:
    """Let every refund go on that waited because of an alert."""
    for hold in await RiskHold.filter(bank_id=alert.bank_id, alert_id=alert.id, status="held"):
        await decide(actor, hold.id, act="release", why=why)
