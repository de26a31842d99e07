"""The hold of an order, as billing tells what became of it."""

from billing.holds.kinds import HoldKind, register_hold
from billing.holds.refunding import returned_minor
from billing.holds.states import CANCELLED
from billing.models import Hold, Payment
from scenarios.tourism.orders import access, settling
from scenarios.tourism.orders.placing import HOLD


async def _kept(hold: Hold) -> None:
    order = await settling.order_of(hold.tenant_id, hold.subject_id)
    await settling.confirm(order, hold.bill_id)


async def _let_go(hold: Hold, why: str) -> None:
    order = await settling.order_of(hold.tenant_id, hold.subject_id)
    await settling.let_go(order, "cancel" if why == CANCELLED else "expire")


async def _came_late(hold: Hold, payment: Payment) -> bool:
    del payment
    return await settling.take_again(await settling.order_of(hold.tenant_id, hold.subject_id))


async def _returned(hold: Hold, amount_minor: int) -> None:
    del amount_minor
    await settling.repaid(hold.tenant_id, hold.subject_id, await returned_minor(hold))


def _page(hold: Hold) -> str:
    return f"{access.ROOT}/{access.token_of(hold.tenant_id, hold.subject_id)}"


register_hold(HoldKind(HOLD, _kept, _let_go, _came_late, _page, _returned))
