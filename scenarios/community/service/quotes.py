"""What a resident is asked to pay for an order, material and work line by line, and what they say to it.

Nothing is charged that was not on a quote they agreed to: material that they are to pay and have not agreed to keeps
the order from being finished, until they are asked again or the estate bears it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from scenarios.community.common import nothing, refused
from scenarios.community.service import orders
from scenarios.community.service.models import WorkMaterial, WorkOrder, WorkQuote
from scenarios.community.service.states import OPEN
from tenants.actor import Actor
from tenants.ids import new_id
from ui.errors import Conflict
from ui.i18n import t

MOST_LINES = 20
MOST_MINOR = 10**10


async def add_material(
    actor: Actor,
    order_id: UUID,
    *,
    name: str,
    quantity: Decimal,
    price_minor: int,
    is_charged: bool = False,
) -> WorkMaterial:
    """Write down material that an order takes; with ``is_charged`` the resident is to pay it, once they agree.

    Raises:
        Invalid: nothing is named, or a number cannot be (field).
        Conflict: it is to be paid, and nobody can be asked for it any more.
    """
    order = await orders.of_staff(actor, order_id)
    if not name.strip() or not 0 < quantity <= 10**6 or not 0 <= price_minor <= MOST_MINOR:
        raise refused("work.material", "name", t("Say what was used, and how much of it."))
    if is_charged:
        _can_be_asked(order)
    made = await WorkMaterial.create(
        id=new_id(),
        tenant_id=order.tenant_id,
        order_id=order.id,
        name=name.strip(),
        quantity=quantity,
        price_minor=price_minor,
        by_name=actor.name[:100],
        is_charged=is_charged,
    )
    await orders.note(actor, order, "material", line_of(made), is_internal=True)
    return made


async def bear(actor: Actor, order_id: UUID, material_id: UUID) -> None:
    """Have the estate bear material that the resident has not agreed to.

    Raises:
        NotFound: there is no such material.
        Conflict: they have agreed to it, or are being asked.
    """
    order = await orders.of_staff(actor, order_id)
    found = await WorkMaterial.get_or_none(tenant_id=order.tenant_id, order_id=order.id, id=material_id)
    if found is None:
        raise nothing()
    asked = await WorkQuote.filter(
        tenant_id=order.tenant_id, order_id=order.id, status__in=["asked", "agreed"]
    )
    if any(line.get("material_id") == str(found.id) for quote_ in asked for line in quote_.lines):
        raise Conflict("work.quoted", t("It is on a quote. Take the quote back first."))
    await WorkMaterial.filter(tenant_id=order.tenant_id, id=found.id).update(is_charged=False)
    await orders.note(actor, order, "bear", line_of(found), is_internal=True)


def line_of(one: WorkMaterial) -> str:
    """Return how much of what, as a bill says it."""
    return f"{format(one.quantity.normalize(), 'f')} × {one.name}"[:100]


def _can_be_asked(order: WorkOrder) -> None:
    if order.account_id is None or order.bill_id is not None or order.status not in OPEN:
        raise Conflict("work.no_payer", t("Nobody can be asked to pay for this order any more."))


async def charged_of(order: WorkOrder) -> list[WorkMaterial]:
    """Return the material that the resident is to pay."""
    found = WorkMaterial.filter(tenant_id=order.tenant_id, order_id=order.id, is_charged=True)
    return await found.order_by("created_at", "id")


async def live_of(order: WorkOrder, status: str) -> WorkQuote | None:
    """Return the last quote of an order in a state."""
    found = WorkQuote.filter(tenant_id=order.tenant_id, order_id=order.id, status=status)
    return await found.order_by("-created_at", "-id").first()


async def unagreed_of(order: WorkOrder) -> list[WorkMaterial]:
    """Return material that the resident is to pay and has not agreed to."""
    agreed = await live_of(order, "agreed")
    known = {line.get("material_id") for line in agreed.lines} if agreed else set()
    return [one for one in await charged_of(order) if str(one.id) not in known]


async def quote(actor: Actor, order_id: UUID, *, amount_minor: int, text: str) -> WorkOrder:
    """Ask whose unit it is to agree to a charge, before it costs them anything: the material marked so, and the work.

    Who has agreed before is asked anew for all of it; what they agreed to holds until they say yes.

    Raises:
        Invalid: no amount, or nothing said about what for (field).
        Conflict: nobody's unit is concerned, or it is done.
    """
    order = await orders.of_staff(actor, order_id)
    _can_be_asked(order)
    lines = [_line(line_of(one), one.total_minor, one.id) for one in await charged_of(order)]
    lines = [one for one in lines if one["amount_minor"]]
    if amount_minor < 0 or amount_minor > MOST_MINOR or (amount_minor and not text.strip()):
        raise refused("work.quote", "amount_minor", t("Enter the amount, and what it is for."))
    if amount_minor:
        lines.append(_line(text.strip()[:100], amount_minor))
    if not 0 < len(lines) <= MOST_LINES:
        raise refused("work.quote", "amount_minor", t("Enter the amount, and what it is for."))
    await _end_asked(order, "withdrawn")
    made = await WorkQuote.create(
        id=new_id(),
        tenant_id=order.tenant_id,
        order_id=order.id,
        lines=lines,
        total_minor=sum(one["amount_minor"] for one in lines),
        currency=order.currency,
        text=text.strip()[:200],
        status="asked",
        asked_by_name=actor.name[:100],
    )
    await orders.note(actor, order, "quote", "\n".join(one["name"] for one in lines))
    await orders.tell(order, t("Please agree to a charge for your repair {number}", number=order.number))
    return await _stand(order, made.total_minor, "asked", "")


def _line(name: str, amount_minor: int, material_id: UUID | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "amount_minor": amount_minor,
        "material_id": str(material_id) if material_id else None,
    }


async def _end_asked(order: WorkOrder, status: str, by: str = "") -> bool:
    """Settle the quote that waits; tell whether there was one."""
    return bool(
        await WorkQuote.filter(tenant_id=order.tenant_id, order_id=order.id, status="asked").update(
            status=status, answered_by_name=by[:100], answered_at=datetime.now(UTC) if by else None
        )
    )


async def _stand(order: WorkOrder, charge_minor: int, consent: str, by: str) -> WorkOrder:
    order.update_from_dict({"charge_minor": charge_minor, "consent": consent, "consent_by_name": by[:100]})
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(
        charge_minor=charge_minor, consent=consent, consent_by_name=by[:100]
    )
    return order


async def _fall_back(order: WorkOrder, charge_minor: int, consent: str, by: str) -> WorkOrder:
    """Let an order stand as what was agreed to before, or else as given."""
    if (agreed := await live_of(order, "agreed")) is not None:
        return await _stand(order, agreed.total_minor, "agreed", agreed.answered_by_name)
    return await _stand(order, charge_minor, consent, by)


async def answer_quote(actor: Actor, tenant_id: UUID, order_id: UUID, *, is_agreed: bool) -> WorkOrder:
    """Keep what a resident says to a charge; it is billed when the work is done, and only if they agreed.

    Raises:
        Conflict: they are not being asked.
    """
    order = await orders.get(tenant_id, order_id, lock=True)
    if not await _end_asked(order, "agreed" if is_agreed else "refused", actor.name):
        raise Conflict("work.not_asked", t("You are not being asked to agree to anything right now."))
    await orders.note(actor, order, "agree" if is_agreed else "refuse")
    if is_agreed:
        return await _stand(order, order.charge_minor, "agreed", actor.name)
    return await _fall_back(order, order.charge_minor, "refused", actor.name)


async def withdraw_quote(actor: Actor, order_id: UUID) -> WorkOrder:
    """Ask for no charge after all, as long as nobody has agreed to it.

    Raises:
        Conflict: it has been agreed to.
    """
    order = await orders.of_staff(actor, order_id)
    if order.consent == "agreed":
        raise Conflict("work.agreed", t("The charge has been agreed to."))
    await _end_asked(order, "withdrawn")
    return await _fall_back(order, 0, "", "")


async def all_of(order: WorkOrder) -> Sequence[WorkQuote]:
    """Return all quotes of an order, the last first."""
    return await WorkQuote.filter(tenant_id=order.tenant_id, order_id=order.id).order_by("-created_at", "-id")
