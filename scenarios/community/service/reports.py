"""What is said of an order from where there may be no network: kept once each, and merged in any order to the same.

A report is what one page sent at one moment: which steps of the checklist are done or not, a text, photos, and whether
the work is done. It never changes. What the order comes to is worked out from all of its reports in the order of the
devices' time, so that two technicians in two cellars may send theirs in any order, and twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from scenarios.community.service import finishing, orders
from scenarios.community.service.models import WorkOrder, WorkReport
from scenarios.community.service.states import OPEN
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import value
from ui.i18n import Text

_REOPENED = """
select max(created_at) from community_work_note where tenant_id = $1 and order_id = $2 and act = 'reopen'
"""


@dataclass(frozen=True, slots=True)
class Said:
    """One report: its own number, the device's time, steps by place, whether the work is done, and what was done."""

    key: str
    at: datetime
    steps: Mapping[int, bool]
    is_done: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Came:
    """What reports come to: the steps they speak of, whether it is said to be done, and when all first was."""

    steps: Mapping[int, bool]
    is_said: bool
    done_at: datetime | None


def come_to(said: Sequence[Said], before: Sequence[bool], since: datetime | None = None) -> Came:
    """Return what all reports of an order come to, whatever the order they are given in. Pure.

    ``before`` is the checklist; steps that no report speaks of are as it says. Words that it is done count after
    ``since``, when the order was opened again.
    """
    spoken = {place for one in said for place in one.steps if 0 <= place < len(before)}
    steps = {place: False if place in spoken else is_done for place, is_done in enumerate(before)}
    is_said, done_at = False, None
    for one in sorted(said, key=lambda one: (one.at, one.key)):
        steps |= {place: is_done for place, is_done in one.steps.items() if place in spoken}
        is_said = is_said or (one.is_done and (since is None or one.at > since))
        if done_at is None and is_said and all(steps.values()):
            done_at = one.at
    return Came({place: steps[place] for place in spoken}, is_said, done_at)


async def is_known(actor: Actor, key: str) -> bool:
    """Return whether a report was taken before; its files need not be kept again."""
    return await WorkReport.exists(tenant_id=actor.tenant_id, key=key)


async def report(
    actor: Actor, order_id: UUID, said: Said, *, files: Sequence[dict[str, Any]] = ()
) -> tuple[WorkOrder, Text | None]:
    """Take a report, or take it again; return the order, and what keeps it open though it is said to be done.

    Nothing is refused: whoever was without network cannot say it otherwise any more. A time to come counts as now.
    """
    order = await orders.of_staff(actor, order_id)
    if not await is_known(actor, said.key):
        await _keep(actor, order, said, files)
    return order, await _settle(order)


async def _keep(actor: Actor, order: WorkOrder, said: Said, files: Sequence[dict[str, Any]]) -> None:
    at = max(order.created_at, min(said.at, datetime.now(UTC)))
    await WorkReport.create(
        id=new_id(),
        tenant_id=order.tenant_id,
        order_id=order.id,
        key=said.key,
        said_at=at,
        steps={str(place): is_done for place, is_done in said.steps.items()},
        is_done=said.is_done,
        by_id=actor.person_id,
    )
    if said.is_done or said.text.strip() or files:
        act = "finish" if said.is_done else "progress"
        await orders.note(actor, order, act, said.text.strip(), files=files, at=at)


async def _settle(order: WorkOrder) -> Text | None:
    """Bring the order to where all its reports say it is; return what is in the way of its being done."""
    came = come_to(await _said(order), [step["is_done"] for step in order.checklist], await _since(order))
    order.checklist = [
        {**step, "is_done": came.steps.get(place, step["is_done"])}
        for place, step in enumerate(order.checklist)
    ]
    await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(checklist=order.checklist)
    if order.status in OPEN:
        return await _end(order, came)
    if came.done_at and order.done_at and came.done_at < order.done_at:
        await WorkOrder.filter(tenant_id=order.tenant_id, id=order.id).update(done_at=came.done_at)
    return None


async def _end(order: WorkOrder, came: Came) -> Text | None:
    if not came.is_said:
        return None
    wrong = await finishing.hindrance(order)
    if wrong is None and came.done_at:
        await finishing.end(order, at=came.done_at)
    return wrong.message if wrong else None


async def _said(order: WorkOrder) -> list[Said]:
    found = await WorkReport.filter(tenant_id=order.tenant_id, order_id=order.id)
    return [
        Said(one.key, one.said_at, {int(place): is_done for place, is_done in one.steps.items()}, one.is_done)
        for one in found
    ]


async def _since(order: WorkOrder) -> datetime | None:
    """Return when the order was opened again last: what was said before that has been answered."""
    found: datetime | None = await value(_REOPENED, order.tenant_id, order.id)
    return found


async def said_done(order: WorkOrder) -> datetime | None:
    """Return when an order that is still open was said to be done, for whoever looks at it."""
    since = await _since(order)
    said = [one.at for one in await _said(order) if one.is_done]
    return max((at for at in said if since is None or at > since), default=None)
