"""Work orders: reported, given to somebody, begun, cancelled; who reported one is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.service import assigning
from scenarios.community.service.models import WorkCategory, WorkNote, WorkOrder
from scenarios.community.service.states import WORK
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.notices import notify
from tenants.scope import row, value
from ui.errors import Conflict
from ui.i18n import Text, t

URGENT_HOURS = 4
_NUMBER = """
select coalesce(max(substring(number from 3)::int), 0) + 1 from community_work_order where tenant_id = $1
"""
_WHERE = """
select u.building_id, b.code, u.door from community_unit u
  join community_building b on b.tenant_id = $1 and b.id = u.building_id
 where u.tenant_id = $1 and u.account_id = $2
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports. ``account_id`` is whose report it is, where it is a resident's."""

    category_id: UUID
    text: str
    kind: str = "repair"
    source: str = "online"
    account_id: UUID | None = None
    building_id: UUID | None = None
    area_id: UUID | None = None
    place: str = ""
    phone: str = ""
    name: str = ""
    is_urgent: bool = False
    files: Sequence[dict[str, Any]] = field(default_factory=tuple)
    plan_id: UUID | None = None
    checklist: Sequence[str] = ()


async def report(actor: Actor, tenant_id: UUID, said: Report) -> WorkOrder:
    """Write down what is to be done, and give it to whoever's turn it is, in the open tenant scope.

    Raises:
        Invalid: nothing is said, or the category is none of the institution's; the field says which.
    """
    if not said.text.strip():
        raise refused("work.text", "text", t("Say what is wrong."))
    category = await WorkCategory.get_or_none(tenant_id=tenant_id, id=said.category_id, is_active=True)
    if category is None:
        raise refused("work.category", "category", t("Choose what it is about."))
    tenant = await Tenant.get(id=tenant_id)
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"work:{tenant_id}")
    now = datetime.now(UTC)
    hours = min(category.hours, URGENT_HOURS) if said.is_urgent else category.hours
    made = WorkOrder(
        id=new_id(),
        tenant_id=tenant_id,
        number=f"R-{await value(_NUMBER, tenant_id):05d}",
        kind=said.kind,
        category_id=category.id,
        account_id=said.account_id,
        plan_id=said.plan_id,
        area_id=said.area_id,
        text=said.text.strip(),
        source=said.source,
        is_urgent=said.is_urgent,
        due_at=now + timedelta(hours=hours),
        reported_by=actor.person_id,
        reported_by_name=(said.name or actor.name)[:100],
        phone=said.phone,
        checklist=[{"text": step, "is_done": False} for step in said.checklist],
        currency=tenant.currency,
        **await _place(tenant_id, said),
    )
    await made.save(force_create=True)
    await note(actor, made, "report", said.text.strip(), files=said.files)
    if (worker := await assigning.worker_for(tenant, category, now)) is not None:
        await move(made, "assign", assignee_id=worker.person_id, assignee_name=worker.name)
        await note(system_actor(tenant_id), made, "assign", worker.name)
    return made


async def _place(tenant_id: UUID, said: Report) -> dict[str, Any]:
    """Return where the work is: what was said, else the unit whose report it is."""
    found = await row(_WHERE, tenant_id, said.account_id) if said.account_id else None
    building = said.building_id or (found["building_id"] if found else None)
    place = said.place.strip() or (f"{found['code']} #{found['door']}" if found else "")
    return {"building_id": building, "place": place[:120]}


async def get(tenant_id: UUID, order_id: UUID, *, lock: bool = False) -> WorkOrder:
    """Return a work order that the open scope sees; ``NotFound`` when there is none."""
    query = WorkOrder.filter(tenant_id=tenant_id, id=order_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise nothing()
    return found


async def note(
    actor: Actor,
    order: WorkOrder,
    act: str,
    text: str = "",
    *,
    files: Sequence[dict[str, Any]] = (),
    is_internal: bool = False,
    at: datetime | None = None,
) -> None:
    """Add a line to an order's story; ``at`` is when it was said, where that was earlier."""
    facts: dict[str, Any] = {"created_at": at} if at else {}
    await WorkNote.create(
        **facts,
        id=new_id(),
        tenant_id=order.tenant_id,
        order_id=order.id,
        act=act,
        text=text,
        files=list(files),
        by_id=actor.person_id,
        by_name=actor.name[:100],
        is_internal=is_internal,
    )


async def move(order: WorkOrder, edge: str, **facts: Any) -> None:
    """Move an order along an edge, with what else changes; ``Conflict`` when it is elsewhere."""
    if not WORK.can(order.status, edge):
        text = t("Somebody has been at this order already. Look at how it stands now.")
        raise Conflict("work.moved", text)
    order.update_from_dict({"status": WORK.after(order.status, edge), **facts})
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(status=order.status, **facts)


async def of_staff(actor: Actor, order_id: UUID) -> WorkOrder:
    """Return an order that the actor may work, locked."""
    actor.require("service.write")
    return await get(tenant_of(actor), order_id, lock=True)


async def assign(actor: Actor, order_id: UUID, *, person_id: UUID) -> WorkOrder:
    """Give an order to a colleague."""
    order = await of_staff(actor, order_id)
    known = {one.person_id: one.name for one in await assigning.workers(order.tenant_id)}
    if person_id not in known:
        raise refused("work.assignee", "assignee", t("Choose one of your colleagues."))
    await move(order, "assign", assignee_id=person_id, assignee_name=known[person_id])
    await note(actor, order, "assign", known[person_id])
    return order


async def start(actor: Actor, order_id: UUID) -> WorkOrder:
    """Begin with an order; whoever begins has it."""
    order = await of_staff(actor, order_id)
    await move(
        order,
        "start",
        started_at=datetime.now(UTC),
        assignee_id=actor.person_id,
        assignee_name=actor.name[:100],
    )
    await note(actor, order, "start")
    return order


async def cancel(actor: Actor, order_id: UUID, *, text: str) -> WorkOrder:
    """Say that it is not to be done, and why; who reported it reads it."""
    order = await of_staff(actor, order_id)
    if not text.strip():
        raise refused("work.cancel", "text", t("Say why; who reported it will see it."))
    await move(order, "cancel", closed_at=datetime.now(UTC))
    await note(actor, order, "cancel", text.strip())
    await tell(order, t("Your report {number} was cancelled", number=order.number))
    await audit.record(
        actor,
        "work.cancelled",
        subject_kind="work",
        subject_id=order.id,
        subject_label=order.number,
        after={"reason": text.strip()},
    )
    return order


async def tell(order: WorkOrder, subject: Text) -> None:
    """Leave a message for who reported an order, where a resident did."""
    if order.reported_by is None or order.account_id is None:
        return
    account = await Account.get(tenant_id=order.tenant_id, id=order.account_id)
    body = t("{account}: {text}", account=account.name, text=order.text[:200])
    await notify(
        system_actor(order.tenant_id),
        template="community.work",
        channel="in_app",
        recipient=order.reported_by_name,
        subject=subject,
        body=body,
        person_id=order.reported_by,
        account_id=order.account_id,
    )
