"""Telling the hospital's system that orders are paid, exactly once, and what becomes of it when it does not answer.

The posting carries a key that is the basket's own, so that telling it again posts nothing twice. Refused, the money
goes back at once. Silent, it is told again with growing pauses; after the hospital's limit the money goes back by
itself, and from then on the system is asked until it is certain that nothing of the posting stands there.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.holds.refunding import refund
from billing.reasons import about, standard
from billing.terms import terms_of
from scenarios.hospital.his.connecting import HisTerms, his_of
from scenarios.hospital.his.contract import His, HisRefused, HisSilent, Posted, Posting
from scenarios.hospital.his.linking import number_of
from scenarios.hospital.his.standing import exactly_one
from scenarios.hospital.inpatient.taking_back import take_back
from scenarios.hospital.models import ClinicOrder, OrderBasket
from scenarios.hospital.orders.service import POST_JOB, locked, mark, tell
from scenarios.hospital.orders.states import BASKET
from scenarios.hospital.words import tell as tell_patient
from tenants.actor import Actor
from tenants.jobs import enqueue
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from ui.i18n import N_, t

NOT_CONFIRMED = standard(N_("Not confirmed by the hospital"))
CLEAR_JOB = "hospital.clear_posting"
PAUSES = (2, 5, 10, 30, 60, 60, 120)
"""Seconds between two tries while the system is silent."""
CLEARING = timedelta(minutes=2)
PROBLEM_MAX = 200


async def push(actor: Actor, basket_id: UUID) -> None:
    """Tell the system of one payment; decided already, it does nothing. Outside of any scope."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        basket = await OrderBasket.get(tenant_id=actor.tenant_id, id=basket_id)
        his, posting = await his_of(actor.tenant_id), await _posting(basket)
    if basket.status != "confirming" or his is None:
        return
    try:
        posted = await _post_once(his, posting)
    except HisSilent as silent:
        await _again(actor, basket, str(silent))
    except HisRefused as refused:
        await _give_back(actor, basket.id, str(refused), is_cleared=True)
    else:
        await _confirm(actor, basket, posted)


async def push_again(actor: Actor, basket_id: UUID) -> None:
    """Tell the system once more of a payment that it had confirmed and has no more. Outside of any scope.

    Raises:
        HisSilent, HisRefused: as the system answers; nothing here changes.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller is inside a hospital
    async with open_scope(tenant_scope(actor.tenant_id)):
        basket = await OrderBasket.get(tenant_id=actor.tenant_id, id=basket_id)
        his, posting = await his_of(actor.tenant_id), await _posting(basket)
    if basket.status != "posted" or his is None:
        return
    before = await his.post(posting)
    if before.is_cancelled:
        await his.restore(before)
    posted = await _post_once(his, posting)
    async with open_scope(tenant_scope(basket.tenant_id)):
        found = await locked(basket.tenant_id, basket.id)
        found.his_reference = posted.id
        await found.save(update_fields=["his_reference"])
        await tell(actor, found, "orders.posted")


async def _posting(basket: OrderBasket) -> Posting:
    """Return a payment as it is told: without the orders that have been given back."""
    found = ClinicOrder.filter(tenant_id=basket.tenant_id, basket_id=basket.id).exclude(status="returned")
    account = await Account.get(tenant_id=basket.tenant_id, id=basket.account_id)
    ids = [one.his_id for one in await found.order_by("his_id")]
    return Posting(str(basket.id), await number_of(account), ids, basket.amount_minor - basket.returned_minor)


async def _post_once(his: His, posting: Posting) -> Posted:
    """Post, and see to it that exactly one posting of the right amount stands.

    Raises:
        HisSilent: nothing certain is known yet.
        HisRefused: it is not posted.
    """
    await his.post(posting)
    return await exactly_one(await his.query(posting.key), posting.amount_minor, his.reverse)


async def _again(actor: Actor, basket: OrderBasket, problem: str) -> None:
    """Try again later, until the money has waited as long as the hospital lets it."""
    async with open_scope(tenant_scope(basket.tenant_id)):
        limit = timedelta(minutes=(await terms_of(basket.tenant_id, HisTerms)).confirm_minutes)
        found = await locked(basket.tenant_id, basket.id)
        found.tries, found.asked_at, found.problem = (
            found.tries + 1,
            datetime.now(UTC),
            problem[:PROBLEM_MAX],
        )
        await found.save(update_fields=["tries", "asked_at", "problem"])
        is_over = found.paid_at is None or datetime.now(UTC) - found.paid_at >= limit
        if not is_over:
            pause = timedelta(seconds=PAUSES[min(found.tries - 1, len(PAUSES) - 1)])
            await enqueue(POST_JOB, {"basket_id": str(basket.id)}, delay=pause)
    if is_over:
        await _give_back(actor, basket.id, problem, is_cleared=False)


async def _confirm(actor: Actor, basket: OrderBasket, posted: Posted) -> None:
    async with open_scope(tenant_scope(basket.tenant_id)):
        found = await locked(basket.tenant_id, basket.id)
        if not BASKET.can(found.status, "post"):
            return
        found.status, found.ended_at = BASKET.after(found.status, "post"), datetime.now(UTC)
        found.his_reference, found.problem = posted.id, ""
        await found.save(update_fields=["status", "ended_at", "his_reference", "problem"])
        await mark(found, "settled")
        await tell(actor, found, "orders.posted")


async def _give_back(actor: Actor, basket_id: UUID, problem: str, *, is_cleared: bool) -> None:
    """Give all of it back; where nobody knows what the system has done, its orders wait until that is clear."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        basket = await OrderBasket.get(tenant_id=actor.tenant_id, id=basket_id)
        if not BASKET.can(basket.status, "give_back"):
            return
        await _undo(actor, basket)
        basket = await locked(actor.tenant_id, basket_id)
        basket.status, basket.ended_at = BASKET.after(basket.status, "give_back"), datetime.now(UTC)
        basket.problem, basket.is_cleared = problem[:PROBLEM_MAX], is_cleared
        await basket.save(update_fields=["status", "ended_at", "problem", "is_cleared"])
        if is_cleared:
            await mark(basket, "billable", is_free=True)
        else:
            await enqueue(CLEAR_JOB, {"basket_id": str(basket.id)}, delay=CLEARING)
        await tell(actor, basket, "orders.given_back")
        subject = t("A payment goes back to you")
        body = t(
            "The hospital could not confirm your payment {reference}, so all of it goes back to where it came from. You"
            " need do nothing.",
            reference=basket.reference,
        )
        await tell_patient(actor, basket.account_id, "orders.given_back", subject, body)


async def _undo(actor: Actor, basket: OrderBasket) -> None:
    """Give the money back, or the bill where it was to be taken tonight."""
    reason = about(NOT_CONFIRMED, basket.reference)
    if basket.hold_id is not None or (await locked(basket.tenant_id, basket.id)).status == "confirming":
        await send_back(actor, basket, basket.amount_minor, reason=reason, key=f"basket-back:{basket.id}")


async def send_back(actor: Actor, basket: OrderBasket, amount_minor: int, *, reason: str, key: str) -> None:
    """Give so much of a basket back to where it came from; of one that is taken tonight, the bill is less by it."""
    if basket.hold_id is not None:
        await refund(
            actor, hold_id=basket.hold_id, amount_minor=amount_minor, reason=reason, key=key, is_policy=True
        )
    elif basket.bill_id is not None:
        await take_back(actor, bill_id=basket.bill_id, amount_minor=amount_minor, reason=reason)


async def clear(actor: Actor, basket_id: UUID) -> None:
    """See to it that nothing of a posting stands whose money has gone back; asked until the system answers."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        basket = await OrderBasket.get(tenant_id=actor.tenant_id, id=basket_id)
        his = await his_of(actor.tenant_id)
    if basket.is_cleared or his is None:
        return
    try:
        for one in await his.query(str(basket.id)):
            await his.reverse(one)
    except (HisSilent, HisRefused):
        async with open_scope(tenant_scope(actor.tenant_id)):
            await enqueue(CLEAR_JOB, {"basket_id": str(basket.id)}, delay=CLEARING)
        return
    async with open_scope(tenant_scope(actor.tenant_id)):
        basket = await locked(actor.tenant_id, basket_id)
        if basket.is_cleared:
            return
        basket.is_cleared = True
        await basket.save(update_fields=["is_cleared"])
        await mark(basket, "billable", is_free=True)
        await tell(actor, basket, "orders.cleared")
