"""Single orders of a payment are given back: one person asks, another agrees, the hospital's system takes them back.

The system rules over care, so it is asked first: what was done already stays paid. Only when it has taken the orders
out of its posting does the money go back to where it came from, once, whoever asks how often.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.reasons import about, standard
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import HisRefused, HisSilent
from scenarios.hospital.models import ClinicOrder, OrderBasket, OrderReturn
from scenarios.hospital.orders.posting import PAUSES, PROBLEM_MAX, send_back
from scenarios.hospital.orders.service import locked, tell
from scenarios.hospital.orders.states import RETURN
from scenarios.hospital.words import tell as tell_patient
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import N_, t

GIVEN_BACK = standard(N_("Given back by the hospital"))
RETURN_JOB = "hospital.return_orders"
ASK, AGREE = "refunds.request", "refunds.approve"
REASON_MAX = 300
_TAKE = """
update hospital_order set status = 'returning'
 where tenant_id = $1 and basket_id = $2 and id = any ($3) and status = 'settled' returning amount_minor
"""
_MARK = (
    "update hospital_order set status = $3 where tenant_id = $1 and id = any ($2) and status = 'returning'"
)
DONE = {
    "agree": "return_agreed",
    "decline": "return_declined",
    "finish": "returned",
    "refuse": "return_refused",
}
ORDERS = {"decline": "settled", "finish": "returned", "refuse": "settled"}
"""What an end makes of the orders."""


async def ask(actor: Actor, *, basket_id: UUID, order_ids: Sequence[UUID], reason: str) -> OrderReturn:
    """Ask that orders of a confirmed payment be given back.

    Raises:
        Invalid: nothing chosen, or no reason.
        Conflict: the payment is not confirmed, an order is being given back already, or another return is under way.
    """
    actor.require(ASK)
    if not order_ids:
        text = t("Choose at least one.")
        raise Invalid("order.none", text, fields={"order": text})
    if not 0 < len(reason.strip()) <= REASON_MAX:
        text = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("return.reason", text, fields={"reason": text})
    basket = await _posted(actor, basket_id)
    taken = await rows(_TAKE, basket.tenant_id, basket.id, list(order_ids))
    if len(taken) != len(set(order_ids)):
        raise Conflict("return.taken", t("One of these is given back already. Please look again."))
    made = OrderReturn(
        id=new_id(),
        tenant_id=basket.tenant_id,
        basket_id=basket.id,
        account_id=basket.account_id,
        order_ids=[str(one) for one in order_ids],
        amount_minor=sum(one["amount_minor"] for one in taken),
        currency=basket.currency,
        reason=reason.strip(),
        status=RETURN.start,
        asked_by=actor.person_id,
        asked_by_name=actor.name[:100],
    )
    await _write(made)
    await tell(actor, basket, "orders.return_asked", amount_minor=made.amount_minor)
    return made


async def _write(made: OrderReturn) -> None:
    """A unique index lets a payment have one return under way."""
    try:
        async with open_scope(tenant_scope(made.tenant_id)):
            await made.save(force_create=True)
    except IntegrityError as error:
        text = t("Something of this payment is being given back already. Wait until that is done.")
        raise Conflict("return.open", text) from error


async def _posted(actor: Actor, basket_id: UUID) -> OrderBasket:
    basket = (
        await OrderBasket.filter(tenant_id=actor.tenant_id, id=basket_id).select_for_update().get_or_none()
    )
    if basket is None:
        raise NotFound("basket.not_found", t("There is no such payment, or it is not yours to see."))
    if basket.status != "posted":
        raise Conflict(
            "return.state", t("Only what the hospital has confirmed can be given back one by one.")
        )
    return basket


async def decide(actor: Actor, *, return_id: UUID, is_agreed: bool) -> OrderReturn:
    """Agree to what somebody else has asked for, or not; agreed, the system is told at once.

    Raises:
        Forbidden: the actor asked for it themselves.
        Conflict: it was decided already.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require(AGREE)
    actor.require_fresh()
    found = await _locked(actor, return_id)
    if found.asked_by is not None and found.asked_by == actor.person_id:
        raise Forbidden("return.own", t("You asked for this yourself. Another person has to decide."))
    edge = "agree" if is_agreed else "decline"
    if not RETURN.can(found.status, edge):
        raise Conflict("return.decided", t("This was decided already."))
    found.decided_by, found.decided_by_name = actor.person_id, actor.name[:100]
    found.decided_at = datetime.now(UTC)
    await found.save(update_fields=["decided_by", "decided_by_name", "decided_at"])
    await _step(actor, found, edge)
    if is_agreed:
        await enqueue(RETURN_JOB, {"return_id": str(found.id)})
    return found


async def _locked(actor: Actor, return_id: UUID) -> OrderReturn:
    found = (
        await OrderReturn.filter(tenant_id=actor.tenant_id, id=return_id).select_for_update().get_or_none()
    )
    if found is None:
        raise NotFound("return.not_found", t("There is no such return."))
    return found


async def _step(actor: Actor, found: OrderReturn, edge: str, problem: str = "") -> None:
    """Take a locked return along an edge, its orders with it, and write it down."""
    found.status, found.problem = RETURN.after(found.status, edge), problem[:PROBLEM_MAX]
    if edge in ORDERS:
        found.ended_at = datetime.now(UTC)
        await execute(_MARK, found.tenant_id, _ids(found), ORDERS[edge])
    await found.save(update_fields=["status", "problem", "ended_at"])
    basket = await OrderBasket.get(tenant_id=found.tenant_id, id=found.basket_id)
    await tell(actor, basket, f"orders.{DONE[edge]}", amount_minor=found.amount_minor)


def _ids(found: OrderReturn) -> list[UUID]:
    return [UUID(one) for one in found.order_ids]


async def work(actor: Actor, return_id: UUID) -> None:
    """Have the system take the orders back and send the money after; done already, nothing. Outside of any scope."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await OrderReturn.get(tenant_id=actor.tenant_id, id=return_id)
        basket = await OrderBasket.get(tenant_id=actor.tenant_id, id=found.basket_id)
        his, amounts = await his_of(actor.tenant_id), await _amounts(found)
    if found.status != "agreed" or his is None:
        return
    try:
        await his.refund(basket.his_reference, amounts)
    except HisSilent as silent:
        await _again(actor, basket, return_id, str(silent))
    except HisRefused as refused:
        await _refuse(actor, basket, return_id, str(refused))
    else:
        await _send_back(actor, basket, return_id)


async def _amounts(found: OrderReturn) -> dict[str, int]:
    orders = await ClinicOrder.filter(tenant_id=found.tenant_id, id__in=_ids(found))
    return {one.his_id: int(one.amount_minor) for one in orders}


async def _again(actor: Actor, basket: OrderBasket, return_id: UUID, problem: str) -> None:
    async with open_scope(tenant_scope(basket.tenant_id)):
        found = await _locked(actor, return_id)
        pause = timedelta(seconds=PAUSES[min(found.tries, len(PAUSES) - 1)])
        found.tries, found.problem = found.tries + 1, problem[:PROBLEM_MAX]
        await found.save(update_fields=["tries", "problem"])
        await enqueue(RETURN_JOB, {"return_id": str(return_id)}, delay=pause)


async def _refuse(actor: Actor, basket: OrderBasket, return_id: UUID, problem: str) -> None:
    async with open_scope(tenant_scope(basket.tenant_id)):
        found = await _locked(actor, return_id)
        if RETURN.can(found.status, "refuse"):
            await _step(actor, found, "refuse", problem)


async def _send_back(actor: Actor, basket: OrderBasket, return_id: UUID) -> None:
    """Give the money back in the transaction that says so, once; its payment is locked before our own rows are."""
    async with open_scope(tenant_scope(basket.tenant_id)):
        found = await OrderReturn.get(tenant_id=basket.tenant_id, id=return_id)
        facts = {
            "reason": about(GIVEN_BACK, basket.reference),
            "key": f"order-return:{found.id}",
        }
        if basket.hold_id is not None:
            await send_back(actor, basket, found.amount_minor, **facts)
        there = await locked(basket.tenant_id, basket.id)
        found = await _locked(actor, return_id)
        if not RETURN.can(found.status, "finish"):
            return
        if basket.hold_id is None:
            await send_back(actor, basket, found.amount_minor, **facts)
        there.returned_minor += found.amount_minor
        await there.save(update_fields=["returned_minor"])
        await _step(actor, found, "finish")
        await _tell_patient(actor, there)


async def _tell_patient(actor: Actor, basket: OrderBasket) -> None:
    subject = t("A part of a payment goes back to you")
    body = t(
        "The hospital gives a part of your payment {reference} back to where it came from. You need do nothing.",
        reference=basket.reference,
    )
    await tell_patient(actor, basket.account_id, "orders.returned", subject, body)
