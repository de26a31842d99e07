"""What is done with work orders, by residents and by staff."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.charges.periods import today
from billing.plans import single
from billing.plans.single import Charge
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.service import assigning
from scenarios.community.service.models import WorkCategory, WorkMaterial, WorkNote, WorkOrder
from scenarios.community.service.states import WORK
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.notices import notify
from tenants.scope import row, value
from ui.errors import Conflict
from ui.i18n import Text, gettext, t, use_locale

REOPEN_WITHIN = timedelta(days=14)
PAY_WITHIN = timedelta(days=14)
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
        await _move(made, "assign", assignee_id=worker.person_id, assignee_name=worker.name)
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
) -> None:
    """Add a line to an order's story."""
    await WorkNote.create(
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


async def _move(order: WorkOrder, edge: str, **facts: Any) -> None:
    if not WORK.can(order.status, edge):
        text = t("Somebody has been at this order already. Look at how it stands now.")
        raise Conflict("work.moved", text)
    order.update_from_dict({"status": WORK.after(order.status, edge), **facts})
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(status=order.status, **facts)


async def _staff(actor: Actor, order_id: UUID) -> WorkOrder:
    actor.require("service.write")
    return await get(tenant_of(actor), order_id, lock=True)


async def assign(actor: Actor, order_id: UUID, *, person_id: UUID) -> WorkOrder:
    """Give an order to a colleague."""
    order = await _staff(actor, order_id)
    known = {one.person_id: one.name for one in await assigning.workers(order.tenant_id)}
    if person_id not in known:
        raise refused("work.assignee", "assignee", t("Choose one of your colleagues."))
    await _move(order, "assign", assignee_id=person_id, assignee_name=known[person_id])
    await note(actor, order, "assign", known[person_id])
    return order


async def start(actor: Actor, order_id: UUID) -> WorkOrder:
    """Begin with an order; whoever begins has it."""
    order = await _staff(actor, order_id)
    await _move(
        order,
        "start",
        started_at=datetime.now(UTC),
        assignee_id=actor.person_id,
        assignee_name=actor.name[:100],
    )
    await note(actor, order, "start")
    return order


async def add_material(
    actor: Actor, order_id: UUID, *, name: str, quantity: Decimal, price_minor: int
) -> None:
    """Write down material that an order has taken."""
    order = await _staff(actor, order_id)
    if not name.strip() or quantity <= 0:
        raise refused("work.material", "name", t("Say what was used, and how much of it."))
    await WorkMaterial.create(
        id=new_id(),
        tenant_id=order.tenant_id,
        order_id=order.id,
        name=name.strip(),
        quantity=quantity,
        price_minor=price_minor,
        by_name=actor.name[:100],
    )
    await note(actor, order, "material", name.strip(), is_internal=True)


async def check(actor: Actor, order_id: UUID, *, done: Sequence[int]) -> WorkOrder:
    """Keep which steps of the checklist are done."""
    order = await _staff(actor, order_id)
    steps = [{**step, "is_done": place in done} for place, step in enumerate(order.checklist)]
    order.checklist = steps
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(checklist=steps)
    return order


async def quote(actor: Actor, order_id: UUID, *, amount_minor: int, text: str) -> WorkOrder:
    """Ask whose unit it is to agree to a charge, before it costs them anything.

    Raises:
        Invalid: no amount, or nothing said about what for (field).
        Conflict: nobody's unit is concerned, or they have agreed already.
    """
    order = await _staff(actor, order_id)
    if order.account_id is None or order.consent == "agreed" or order.status in {"confirmed", "cancelled"}:
        raise Conflict("work.no_payer", t("Nobody can be asked to pay for this order any more."))
    if amount_minor <= 0 or not text.strip():
        raise refused("work.quote", "amount_minor", t("Enter the amount, and what it is for."))
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(
        charge_minor=amount_minor, consent="asked", consent_by_name=""
    )
    await note(actor, order, "quote", text.strip())
    await tell(order, t("Please agree to a charge for your repair {number}", number=order.number))
    return await get(order.tenant_id, order.id)


async def answer_quote(actor: Actor, tenant_id: UUID, order_id: UUID, *, is_agreed: bool) -> WorkOrder:
    """Keep what a resident says to a charge; it is billed when the work is done, and only if they agreed.

    Raises:
        Conflict: they are not being asked.
    """
    order = await get(tenant_id, order_id, lock=True)
    if order.consent != "asked":
        raise Conflict("work.not_asked", t("You are not being asked to agree to anything right now."))
    await WorkOrder.filter(tenant_id=tenant_id, id=order.id).update(
        consent="agreed" if is_agreed else "refused", consent_by_name=actor.name[:100]
    )
    await note(actor, order, "agree" if is_agreed else "refuse")
    return await get(tenant_id, order_id)


async def finish(
    actor: Actor, order_id: UUID, *, text: str, files: Sequence[dict[str, Any]] = ()
) -> WorkOrder:
    """Say that the work is done; a charge that was agreed to becomes a bill.

    Raises:
        Conflict: a charge waits for an answer, or steps of the checklist are open.
    """
    order = await _staff(actor, order_id)
    if order.consent == "asked":
        text_ = t("The resident has not said yet whether they agree to the charge. Wait, or take it back.")
        raise Conflict("work.asked", text_)
    if order.left_to_check:
        raise Conflict("work.checklist", t("Some steps of the checklist are not done yet."))
    await _move(order, "finish", done_at=datetime.now(UTC))
    await note(actor, order, "finish", text.strip(), files=files)
    if order.consent == "agreed" and order.bill_id is None:
        await _bill(order)
    await tell(order, t("Your repair {number} is done. Please say whether it is right.", number=order.number))
    return order


async def _bill(order: WorkOrder) -> None:
    """Bill what was agreed to, once: the resident's own word is what allows it."""
    tenant = await Tenant.get(id=order.tenant_id)
    assert order.account_id is not None  # noqa: S101 - nobody else is asked
    with use_locale(tenant.locale):
        name = gettext("Repair {number}", number=order.number)
    bill = await single.issue(
        system_actor(order.tenant_id),
        account_id=order.account_id,
        charges=[Charge(order.charge_minor, name)],
        due_on=today(tenant.timezone) + PAY_WITHIN,
        reference=order.number,
        key=f"work-{order.id}",
    )
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(bill_id=bill.id)


async def withdraw_quote(actor: Actor, order_id: UUID) -> WorkOrder:
    """Ask for no charge after all, as long as nobody has agreed to it."""
    order = await _staff(actor, order_id)
    if order.consent == "agreed":
        raise Conflict("work.agreed", t("The charge has been agreed to."))
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(charge_minor=0, consent="")
    return await get(order.tenant_id, order_id)


async def confirm(
    actor: Actor, tenant_id: UUID, order_id: UUID, *, rating: int | None, text: str
) -> WorkOrder:
    """Say that the work is right, with a rating from 1 to 5 or without."""
    order = await get(tenant_id, order_id, lock=True)
    if rating is not None and not 1 <= rating <= 5:  # noqa: PLR2004 - stars
        raise refused("work.rating", "rating", t("Choose from 1 to 5."))
    await _move(order, "confirm", rating=rating, closed_at=datetime.now(UTC))
    await note(actor, order, "confirm", text.strip())
    return order


async def reopen(actor: Actor, tenant_id: UUID, order_id: UUID, *, text: str) -> WorkOrder:
    """Say that it is not right after all, within two weeks; it goes back to who did it, with a new due time.

    Raises:
        Invalid: nothing is said (field ``text``).
        Conflict: it is not done, or two weeks are over: then it is a new report.
    """
    order = await get(tenant_id, order_id, lock=True)
    if not text.strip():
        raise refused("work.reopen", "text", t("Say what is still wrong."))
    now = datetime.now(UTC)
    if order.done_at is None or now - order.done_at > REOPEN_WITHIN:
        raise Conflict("work.too_late", t("This was done some time ago. Please report it anew."))
    category = await WorkCategory.get(tenant_id=tenant_id, id=order.category_id)
    await _move(
        order,
        "reopen",
        reopened_count=order.reopened_count + 1,
        closed_at=None,
        rating=None,
        due_at=now + timedelta(hours=category.hours),
    )
    await note(actor, order, "reopen", text.strip())
    return order


async def cancel(actor: Actor, order_id: UUID, *, text: str) -> WorkOrder:
    """Say that it is not to be done, and why; who reported it reads it."""
    order = await _staff(actor, order_id)
    if not text.strip():
        raise refused("work.cancel", "text", t("Say why; who reported it will see it."))
    await _move(order, "cancel", closed_at=datetime.now(UTC))
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
