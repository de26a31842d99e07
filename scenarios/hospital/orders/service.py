"""Seeing and paying outpatient orders. The hospital's system says what is owed, at the moment it is paid."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.holds.kinds import HoldKind, register_hold
from billing.holds.service import place
from billing.idempotency import Answer, once
from billing.models import FeeItem, Hold, Payment
from billing.payments.numbers import new_number
from billing.plans.single import Charge
from billing.terms import terms_of
from scenarios.hospital.booking import locked_patient
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import HisRefused, HisSilent, Order
from scenarios.hospital.his.linking import number_of
from scenarios.hospital.models import ClinicOrder, OrderBasket
from scenarios.hospital.orders.states import BASKET
from scenarios.hospital.tariff import ORDERS
from scenarios.hospital.terms import BookingTerms
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Account
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid, Unavailable
from ui.i18n import t

HOLD_KIND, POST_JOB, PURPOSE = "hospital.basket", "hospital.post_payment", "hospital-order"
MOST = 20
_UPSERT = """
insert into hospital_order (tenant_id, id, account_id, his_id, what, amount_minor, currency, ordered_at)
select $1, o.id, $2, o.his_id, o.what, o.amount_minor, $3, o.ordered_at
  from unnest($4::uuid[], $5::text[], $6::bytea[], $7::bigint[], $8::timestamptz[])
       o (id, his_id, what, amount_minor, ordered_at)
on conflict (tenant_id, his_id) do update
set amount_minor = excluded.amount_minor, what = excluded.what, status = 'billable'
where hospital_order.basket_id is null
"""
_GONE = """
update hospital_order set status = 'aborted' where tenant_id = $1 and account_id = $2 and basket_id is null
   and status = 'billable' and not his_id = any ($3)
"""
_TAKE = """
update hospital_order set basket_id = $3, status = 'paying' where tenant_id = $1 and id = any ($2)
"""


async def look(account: Account) -> tuple[list[ClinicOrder], bool]:
    """Return what a patient has to pay for, asked of the hospital's system now, and whether it answered.

    Call it outside of any scope. Silent, what is known from before is shown.
    """
    async with open_scope(tenant_scope(account.tenant_id)):
        his, number = await his_of(account.tenant_id), await number_of(account)
    is_fresh = False
    if his is not None:
        try:
            found = await his.unpaid_orders(number)
            is_fresh = True
        except (HisSilent, HisRefused):
            found = []
    async with open_scope(tenant_scope(account.tenant_id)):
        if is_fresh:
            await _keep(account, found, await _currency(account.tenant_id))
        listed = await ClinicOrder.filter(
            tenant_id=account.tenant_id,
            account_id=account.id,
            status__in=("billable", "paying", "confirming"),
        ).order_by("ordered_at", "id")
    return list(listed), is_fresh


async def _currency(tenant_id: UUID) -> str:
    found = await rows("select currency from tenants_tenant where id = $1", tenant_id)
    return str(found[0]["currency"])


async def _keep(account: Account, found: Sequence[Order], currency: str) -> None:
    orders = list({one.id: one for one in found}.values())
    await execute(
        _UPSERT,
        account.tenant_id,
        account.id,
        currency,
        [new_id() for _ in orders],
        [one.id for one in orders],
        [runtime().encrypt(PURPOSE, one.what) for one in orders],
        [one.amount_minor for one in orders],
        [one.ordered_at for one in orders],
    )
    await execute(_GONE, account.tenant_id, account.id, [one.id for one in orders])


def what_of(order: ClinicOrder) -> str:
    """Return what an order is for, for its patient's own page."""
    return runtime().decrypt(PURPOSE, bytes(order.what))


async def pay(
    actor: Actor, *, account: Account, order_ids: Sequence[UUID], seen_minor: int, key: str
) -> OrderBasket:
    """Put orders into a basket that is held while it is paid, once for each ``key``; outside of any scope.

    Raises:
        Unavailable: the hospital's system does not answer, so nobody can say what is owed.
        Conflict: an order is being paid already, or what is owed has changed since it was shown.
        Invalid: nothing was chosen.
    """
    await must_be_fresh(account, order_ids)

    async def do() -> Answer:
        return {"basket_id": str(await _pay(actor, account, order_ids, seen_minor, key))}

    body = {"account": str(account.id), "orders": sorted(map(str, order_ids)), "seen": seen_minor}
    async with open_scope(tenant_scope(account.tenant_id)):
        answer = await once(actor, key=key, act="orders.pay", body=body, do=do)
        return await OrderBasket.get(tenant_id=account.tenant_id, id=UUID(answer["basket_id"]))


async def must_be_fresh(account: Account, order_ids: Sequence[UUID]) -> None:
    """Ask the system what is owed at this moment, or nothing is paid; outside of any scope.

    Raises:
        Unavailable: the hospital's system does not answer.
        Invalid: nothing was chosen.
    """
    if not 0 < len(order_ids) <= MOST:
        raise Invalid(
            "order.none", t("Choose what you want to pay."), fields={"order": t("Choose at least one.")}
        )
    _, is_fresh = await look(account)
    if not is_fresh:
        advice = t("Nothing was taken. Try again in a few minutes, or pay at the desk.")
        raise Unavailable("his.silent", t("The hospital's system does not answer just now."), advice=advice)


async def fill(
    actor: Actor, account: Account, order_ids: Sequence[UUID], seen_minor: int
) -> tuple[OrderBasket, list[Charge]]:
    """Put orders into a new basket, each into one alone, and return it with what is to be charged.

    Raises:
        Conflict: an order is being paid already, or what is owed has changed since it was shown.
    """
    tenant, _ = await locked_patient(actor, account.id)
    amounts = await _free(account, order_ids, seen_minor)
    basket = OrderBasket(
        id=new_id(),
        tenant_id=tenant.id,
        account_id=account.id,
        reference=await new_number("M", tenant.id),
        amount_minor=seen_minor,
        currency=tenant.currency,
    )
    await basket.save(force_create=True)
    await execute(_TAKE, tenant.id, list(order_ids), basket.id)
    item = await FeeItem.get(tenant_id=tenant.id, scenario="hospital", key=ORDERS)
    return basket, [Charge(amount, fee_item_id=item.id) for amount in amounts]


async def _free(account: Account, order_ids: Sequence[UUID], seen_minor: int) -> list[int]:
    """Lock orders and return what each comes to, if all of them may be paid and come to what was seen."""
    wanted = ClinicOrder.filter(tenant_id=account.tenant_id, account_id=account.id, id__in=list(order_ids))
    free = wanted.filter(basket_id=None, status="billable").order_by("id").select_for_update()
    amounts = [int(one.amount_minor) for one in await free]
    if len(amounts) != len(set(order_ids)):
        raise Conflict("order.taken", t("One of these is being paid or was withdrawn. Please look again."))
    if sum(amounts) != seen_minor:
        raise Conflict(
            "order.changed", t("What is owed has changed since you opened the page. Please look again.")
        )
    return amounts


async def _pay(actor: Actor, account: Account, order_ids: Sequence[UUID], seen_minor: int, key: str) -> UUID:
    basket, charges = await fill(actor, account, order_ids, seen_minor)
    minutes = (await terms_of(account.tenant_id, BookingTerms)).hold_minutes
    hold = await place(
        actor,
        kind=HOLD_KIND,
        subject_id=basket.id,
        account_id=account.id,
        charges=charges,
        until=datetime.now(UTC) + timedelta(minutes=minutes),
        reference=basket.reference,
        key=f"basket:{key[:60]}",
    )
    basket.hold_id, basket.bill_id = hold.id, hold.bill_id
    await basket.save(update_fields=["hold_id", "bill_id"])
    await tell(actor, basket, "orders.chosen")
    return basket.id


async def tell(actor: Actor, basket: OrderBasket, act: str, **after: object) -> None:
    """Write an act about a basket into the trail: its number and amount, never what it is for."""
    facts = {"amount_minor": basket.amount_minor, "currency": basket.currency, "status": basket.status}
    await audit.record(
        actor,
        act,
        subject_kind="basket",
        subject_id=basket.id,
        subject_label=basket.reference,
        after=json.loads(json.dumps({**facts, **after})),
    )


async def locked(tenant_id: UUID, basket_id: UUID) -> OrderBasket:
    """Return a basket, locked."""
    return await OrderBasket.filter(tenant_id=tenant_id, id=basket_id).select_for_update().get()


async def kept(hold: Hold) -> None:
    """The money is here: now the hospital's system has to hear of it."""
    basket = await locked(hold.tenant_id, hold.subject_id)
    if not BASKET.can(basket.status, "pay"):
        return
    basket.status, basket.paid_at = BASKET.after(basket.status, "pay"), datetime.now(UTC)
    basket.hold_id, basket.bill_id = hold.id, hold.bill_id
    await basket.save(update_fields=["status", "paid_at", "hold_id", "bill_id"])
    await mark(basket, "confirming")
    await enqueue(POST_JOB, {"basket_id": str(basket.id)})
    await tell(system_actor(hold.tenant_id), basket, "orders.paid")


async def mark(basket: OrderBasket, status: str, *, is_free: bool = False) -> None:
    """Bring the orders of a basket to a state; freed ones can be paid again."""
    free = ", basket_id = null" if is_free else ""
    await execute(
        f"update hospital_order set status = $3{free} where tenant_id = $1 and basket_id = $2",
        basket.tenant_id,
        basket.id,
        status,
    )


async def let_go(hold: Hold, why: str) -> None:
    """Nobody paid: the orders can be paid again."""
    basket = await locked(hold.tenant_id, hold.subject_id)
    if BASKET.can(basket.status, "lapse"):
        basket.status, basket.ended_at = BASKET.after(basket.status, "lapse"), datetime.now(UTC)
        await basket.save(update_fields=["status", "ended_at"])
        await mark(basket, "billable", is_free=True)
        await tell(system_actor(hold.tenant_id), basket, "orders.lapsed", why=why)


async def came_late(hold: Hold, payment: Payment) -> bool:
    """Money that comes after the end goes back: what is owed may be another sum by now."""
    del hold, payment
    return False


def page(hold: Hold) -> str:
    """Where the payer sees what became of it."""
    return f"/my/care/payments/{hold.subject_id}"


register_hold(HoldKind(HOLD_KIND, kept, let_go, came_late, page))
