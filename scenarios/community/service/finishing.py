"""How an order ends: done and billed as agreed, confirmed and rated, or opened again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.plans import single
from billing.plans.single import Charge
from scenarios.community.common import refused
from scenarios.community.service import orders, quotes
from scenarios.community.service.models import WorkCategory, WorkOrder
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.models import Tenant
from ui.errors import Conflict
from ui.i18n import t

REOPEN_WITHIN = timedelta(days=14)
PAY_WITHIN = timedelta(days=14)


async def finish(
    actor: Actor, order_id: UUID, *, text: str, files: Sequence[dict[str, Any]] = ()
) -> WorkOrder:
    """Say that the work is done; a charge that was agreed to becomes a bill.

    Raises:
        Conflict: a charge waits for an answer, material that is to be paid was not agreed to, or a step is open.
    """
    order = await orders.of_staff(actor, order_id)
    if (wrong := await hindrance(order)) is not None:
        raise wrong
    await orders.note(actor, order, "finish", text.strip(), files=files)
    await end(order, at=datetime.now(UTC))
    return order


async def hindrance(order: WorkOrder) -> Conflict | None:
    """Return what keeps an order from being done, if anything does."""
    if order.consent == "asked":
        text = t("The resident has not said yet whether they agree to the charge. Wait, or take it back.")
        return Conflict("work.asked", text)
    if await quotes.unagreed_of(order):
        text = t("The resident has not agreed to all the material they are to pay. Ask again, or bear it.")
        return Conflict("work.unagreed", text)
    if order.left_to_check:
        return Conflict("work.checklist", t("Some steps of the checklist are not done yet."))
    return None


async def end(order: WorkOrder, *, at: datetime) -> None:
    """Let an order be done; a charge that was agreed to becomes a bill, and who reported it is told."""
    await orders.move(order, "finish", done_at=at)
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(unanswered_since=None)
    if order.consent == "agreed" and order.bill_id is None:
        await _bill(order)
    await orders.tell(
        order, t("Your repair {number} is done. Please say whether it is right.", number=order.number)
    )


async def _bill(order: WorkOrder) -> None:
    """Bill what was agreed to, line by line and once: the resident's own word is what allows it."""
    agreed = await quotes.live_of(order, "agreed")
    assert agreed is not None  # noqa: S101 - the order says so
    assert order.account_id is not None  # noqa: S101 - nobody else is asked
    tenant = await Tenant.get(id=order.tenant_id)
    bill = await single.issue(
        system_actor(order.tenant_id),
        account_id=order.account_id,
        charges=[Charge(one["amount_minor"], one["name"]) for one in agreed.lines],
        due_on=today(tenant.timezone) + PAY_WITHIN,
        reference=order.number,
        key=f"work-{order.id}",
    )
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(bill_id=bill.id)


async def confirm(
    actor: Actor, tenant_id: UUID, order_id: UUID, *, rating: int | None, text: str
) -> WorkOrder:
    """Say that the work is right, with a rating from 1 to 5 or without."""
    order = await orders.get(tenant_id, order_id, lock=True)
    if rating is not None and not 1 <= rating <= 5:  # noqa: PLR2004 - stars
        raise refused("work.rating", "rating", t("Choose from 1 to 5."))
    await orders.move(order, "confirm", rating=rating, closed_at=datetime.now(UTC))
    await orders.note(actor, order, "confirm", text.strip())
    return order


async def reopen(actor: Actor, tenant_id: UUID, order_id: UUID, *, text: str) -> WorkOrder:
    """Say that it is not right after all, within two weeks; it goes back to who did it, with a new due time.

    Raises:
        Invalid: nothing is said (field ``text``).
        Conflict: it is not done, or two weeks are over: then it is a new report.
    """
    order = await orders.get(tenant_id, order_id, lock=True)
    if not text.strip():
        raise refused("work.reopen", "text", t("Say what is still wrong."))
    now = datetime.now(UTC)
    if order.done_at is None or now - order.done_at > REOPEN_WITHIN:
        raise Conflict("work.too_late", t("This was done some time ago. Please report it anew."))
    category = await WorkCategory.get(tenant_id=tenant_id, id=order.category_id)
    await orders.move(
        order,
        "reopen",
        reopened_count=order.reopened_count + 1,
        closed_at=None,
        rating=None,
        due_at=now + timedelta(hours=category.hours),
    )
    await orders.note(actor, order, "reopen", text.strip())
    return order
