"""Messages and photos on a running order: the resident, the office and whoever does the work see the same story."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from scenarios.community.common import refused
from scenarios.community.service import orders
from scenarios.community.service.models import WorkOrder
from scenarios.community.service.states import OPEN
from tenants.actor import Actor
from ui.errors import Conflict
from ui.i18n import t

RUNNING = (*OPEN, "done")
"""States in which there is still something to say; later it is opened again, or reported anew."""
LONGEST = 2000


async def write(
    actor: Actor, tenant_id: UUID, order_id: UUID, *, text: str, files: Sequence[dict[str, Any]] = ()
) -> WorkOrder:
    """Write to the office and whoever has the order, from a home; it waits for an answer until there is one.

    Raises:
        Invalid: neither words nor a file (field ``text``).
        Conflict: the order is over.
    """
    order = await _running(tenant_id, order_id, text, files)
    await orders.note(actor, order, "message", text.strip(), files=files)
    await _waits(order, order.unanswered_since or datetime.now(UTC))
    return order


async def answer(
    actor: Actor, order_id: UUID, *, text: str, files: Sequence[dict[str, Any]] = ()
) -> WorkOrder:
    """Write to whose home it is, who is told of it.

    Raises:
        Invalid: neither words nor a file (field ``text``).
        Conflict: the order is over, or is nobody's.
    """
    found = await orders.of_staff(actor, order_id)
    order = await _running(found.tenant_id, order_id, text, files)
    if order.account_id is None:
        raise Conflict("work.nobody", t("This order is nobody's home, so that there is nobody to write to."))
    await orders.note(actor, order, "answer", text.strip(), files=files)
    await _waits(order, None)
    await orders.tell(order, t("A message about your repair {number}", number=order.number))
    return order


async def _running(tenant_id: UUID, order_id: UUID, text: str, files: Sequence[dict[str, Any]]) -> WorkOrder:
    if not files and not text.strip():
        raise refused("work.message", "text", t("Write something, or add a photo."))
    if len(text.strip()) > LONGEST:
        raise refused("work.message", "text", t("Write at most {n} characters.", n=LONGEST))
    order = await orders.get(tenant_id, order_id, lock=True)
    if order.status not in RUNNING:
        raise Conflict("work.over", t("This report is closed. Open it again, or report it anew."))
    return order


async def _waits(order: WorkOrder, since: datetime | None) -> None:
    order.unanswered_since = since
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(unanswered_since=since)
