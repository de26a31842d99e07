"""Payouts on hold: asked for by one person (or a rule) with a reason, let go by another.

What a channel would pay out to the institution stays at the channel. What payers pay still arrives there, and their
receipts are made as ever. The channels are told by a job (``billing.risk.stopping``), after the commit.
"""

import secrets
from datetime import timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.models import PayoutHold, RiskAlert
from billing.risk.holds import must_say
from tenants import audit, notices
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.onboarding.gate import tenant_of
from tenants.runtime import runtime
from tenants.scope import bank_scope, open_scope, tenant_scope
from tenants.states import Edge, Machine
from ui.errors import Conflict, Forbidden, NotFound
from ui.i18n import Text, t

STOP_JOB = "billing.hold_payouts"
LONGEST = timedelta(days=90)
"""How long Stripe keeps money that is not paid out, in most countries; the list says when that is."""
PAYOUTS = Machine(
    "payout hold",
    "placing",
    {
        "hold": Edge(("placing",), "held", "every channel keeps what it would pay out"),
        "release": Edge(("placing", "held"), "releasing", "somebody else lets it go, with a reason"),
        "end": Edge(("releasing",), "released", "every channel pays out again"),
    },
)


async def place(actor: Actor, tenant_id: UUID, *, reason: str, alert_id: UUID | None = None) -> PayoutHold:
    """Have every channel keep what it would pay out to an institution; its contact is told why.

    Raises:
        Invalid: no reason is given.
        Conflict: its payouts are on hold already.
    """
    actor.require("risk.work")
    actor.require_fresh()
    tenant = await tenant_of(actor, tenant_id)
    why = must_say(reason)
    if alert_id and not await RiskAlert.exists(bank_id=tenant.bank_id, tenant_id=tenant.id, id=alert_id):
        raise NotFound("alert.not_found", t("There is no such alert."))
    return await _place(actor, tenant, why, alert_id)


async def hold_by_rule(alert: RiskAlert, tenant: Tenant, why: str) -> None:
    """Have an institution's payouts be held because a rule says so, in its bank's open scope, unless they are."""
    if not await PayoutHold.filter(tenant_id=tenant.id).exclude(status="released").exists():
        await _place(Actor(kind="bank", name="Scenario Cloud", bank_id=tenant.bank_id), tenant, why, alert.id)


async def _place(actor: Actor, tenant: Tenant, why: str, alert_id: UUID | None) -> PayoutHold:
    try:
        async with open_scope(bank_scope(tenant.bank_id)):
            made = await PayoutHold.create(
                id=new_id(), tenant_id=tenant.id, bank_id=tenant.bank_id, branch_id=tenant.branch_id,
                alert_id=alert_id, number=f"H-{secrets.token_hex(3).upper()}", reason=why, legs={},
                asked_by=actor.person_id, asked_by_name=actor.name[:100],
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("payouts.held", t("The payouts of this institution are on hold already.")) from None
    await _begin_telling(made)
    await _tell(
        actor,
        made,
        t("Payouts to {name} are on hold", name=tenant.name),
        t(
            "Your bank keeps what the channels would pay out to you. Why: {reason} Your payers go on paying and get"
            " their receipts. What it means and whom to ask: {link}",
            reason=why,
            link=f"{runtime().public_url}/t/{tenant.slug}/payout-holds/{made.id}",
        ),
    )
    await record(actor, made, "placed", {"reason": why})
    return made


async def get(actor: Actor, hold_id: UUID, *, is_locked: bool = False) -> PayoutHold:
    """Return a hold of an institution of the actor's branches, or of their own institution.

    Raises:
        NotFound: there is none.
    """
    whose = {"bank_id": bank_of(actor)} if actor.kind == "bank" else {"tenant_id": actor.tenant_id}
    query = PayoutHold.filter(id=hold_id, **whose)
    found = await (query.select_for_update() if is_locked else query).get_or_none()
    if found is None or (actor.kind == "bank" and not await sees_branch(actor, found.branch_id)):
        raise NotFound("payout_hold.not_found", t("There is no such hold."))
    return found


async def release(actor: Actor, hold_id: UUID, *, reason: str) -> PayoutHold:
    """Let payouts go on that somebody else has put on hold.

    Raises:
        Forbidden: it is the actor's own hold.
        Conflict: it is let go already.
    """
    actor.require("risk.work")
    actor.require_fresh()
    found = await get(actor, hold_id, is_locked=True)
    if found.asked_by == actor.person_id:
        raise Forbidden("payout_hold.own", t("Somebody else must let go what you put on hold yourself."))
    if not PAYOUTS.can(found.status, "release"):
        raise Conflict("payout_hold.state", t("This is let go already."))
    found.release_reason = must_say(reason)
    found.status = PAYOUTS.after(found.status, "release")
    found.released_by, found.released_by_name = actor.person_id, actor.name[:100]
    await found.save()
    await _begin_telling(found)
    await record(actor, found, "released", {"reason": found.release_reason})
    return found


async def tell_again(actor: Actor, hold_id: UUID) -> PayoutHold:
    """Have the channels be told once more, where one of them has refused."""
    actor.require("risk.work")
    found = await get(actor, hold_id)
    await _begin_telling(found)
    return found


async def tell_released(actor: Actor, found: PayoutHold) -> None:
    """Tell the institution that every channel pays out again, in its open scope."""
    name = (await Tenant.get(id=found.tenant_id)).name
    text = t("Your bank has let your payouts go on. What was kept arrives with the next payout.")
    await _tell(actor, found, t("Payouts to {name} go on", name=name), text)


async def _begin_telling(found: PayoutHold) -> None:
    async with open_scope(tenant_scope(found.tenant_id)):
        await enqueue(STOP_JOB, {"hold_id": str(found.id)})


async def _tell(actor: Actor, found: PayoutHold, subject: Text, body: Text) -> None:
    async with open_scope(tenant_scope(found.tenant_id)):
        tenant = await Tenant.get(id=found.tenant_id)
        await notices.notify(
            actor, template="payout_hold", channel="email", recipient=tenant.contact_email, subject=subject, body=body
        )  # fmt: skip


async def record(actor: Actor, found: PayoutHold, act: str, after: dict[str, object]) -> None:
    """Write an act on a hold into the trail of the bank and of the institution."""
    await audit.record(
        actor,
        f"payout_hold.{act}",
        subject_kind="payout_hold",
        subject_id=found.id,
        subject_label=found.number,
        after=dict(after),
        tenant_id=found.tenant_id,
        bank_id=found.bank_id,
    )
