"""A cashier's end of day: what the desk should hold by method, what was counted, and why they differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.channels.counter import CASH, METHODS
from billing.models import DayClose
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid
from ui.i18n import t

NOTE_MAX = 500


@dataclass(frozen=True, slots=True)
class DayPreview:
    """What a cashier has taken since their last close, in minor units by method, cash refunds taken off.

    ``is_closed`` tells that this day was closed already; what came in since belongs to the next day.
    """

    day: date
    currency: str
    expected: Mapping[str, int]
    payment_count: int
    refund_count: int
    is_closed: bool

    @property
    def total_minor(self) -> int:
        """All methods together."""
        return sum(self.expected.values())


@dataclass(frozen=True, slots=True)
class _Till:
    payments: list[UUID]
    refunds: list[UUID]
    expected: dict[str, int]


_TAKEN = (
    "select id, counter_method, amount_minor from billing_payment where tenant_id = $1 and taken_by = $2"
    " and day_close_id is null and channel = 'counter' and currency = $3 and succeeded_at is not null"
)
_HANDED_OUT = (
    "select id, amount_minor from billing_refund where tenant_id = $1 and paid_by = $2 and day_close_id is null"
    " and currency = $3 and paid_by is not null"
)


async def _till(actor: Actor, currency: str, lock: str = "") -> _Till:
    taken = await rows(_TAKEN + lock, actor.tenant_id, actor.person_id, currency)
    handed_out = await rows(_HANDED_OUT + lock, actor.tenant_id, actor.person_id, currency)
    expected = dict.fromkeys(METHODS, 0)
    for payment in taken:
        expected[payment["counter_method"]] += payment["amount_minor"]
    for refund in handed_out:
        expected[CASH] -= refund["amount_minor"]
    return _Till([p["id"] for p in taken], [r["id"] for r in handed_out], expected)


async def day_close_preview(actor: Actor, *, currency: str) -> DayPreview:
    """Return what the actor's desk should hold now."""
    actor.require("payments.take")
    till, day = await _till(actor, currency), await today_at(actor.tenant_id)
    closed = await DayClose.exists(
        tenant_id=actor.tenant_id, cashier_id=actor.person_id, day=day, currency=currency
    )
    return DayPreview(day, currency, till.expected, len(till.payments), len(till.refunds), closed)


async def close_day(actor: Actor, *, currency: str, counted: Mapping[str, int], note: str = "") -> UUID:
    """Close the actor's day with what they counted by method (minor units), and return the close's id.

    Raises:
        Invalid: an amount is missing or below zero, or there is a difference and no note about it.
        Conflict: this day has been closed, or there is nothing to close.
    """
    actor.require("payments.take")
    till, note = await _till(actor, currency, " for update"), note.strip()[:NOTE_MAX]
    counts = _counts(counted, till.expected)
    if not till.payments and not till.refunds:
        raise Conflict("day.empty", t("There is nothing to close: no money was taken since the last close."))
    difference = sum(counts.values()) - sum(till.expected.values())
    if counts != till.expected and not note:
        text = t("What you counted differs from what was taken. Say why.")
        raise Invalid("day.note", text, fields={"note": text})
    close = await _write(actor, currency, till, counts, note, difference)
    await _record(actor, close)
    return close.id


def _counts(counted: Mapping[str, int], expected: Mapping[str, int]) -> dict[str, int]:
    counts = dict.fromkeys(expected, 0) | dict(counted)
    for method, amount in counts.items():
        if method not in METHODS or type(amount) is not int or (amount < 0 and method != CASH):
            text = t("Enter what you counted, zero or more.")
            raise Invalid("day.counted", text, fields={f"counted-{method}": text})
    return counts


async def _write(  # noqa: PLR0917 - one value of each thing that a close is made of
    actor: Actor, currency: str, till: _Till, counts: dict[str, int], note: str, difference: int
) -> DayClose:
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    close = DayClose(
        id=new_id(),
        tenant_id=actor.tenant_id,
        day=await today_at(actor.tenant_id),
        cashier_id=actor.person_id,
        cashier_name=actor.name[:100],
        currency=currency,
        expected=till.expected,
        counted=counts,
        difference_minor=difference,
        payment_count=len(till.payments),
        note=note,
        created_at=datetime.now(UTC),
    )
    try:
        async with open_scope(tenant_scope(actor.tenant_id)):
            await close.save(force_create=True)
    except IntegrityError:
        raise Conflict(
            "day.closed", t("You have closed this day already. What came in since belongs to the next day.")
        ) from None
    for table, ids in (("billing_payment", till.payments), ("billing_refund", till.refunds)):
        await execute(
            f"update {table} set day_close_id = $3 where tenant_id = $1 and id = any ($2::uuid[])",
            actor.tenant_id,
            ids,
            close.id,
        )
    return close


async def _record(actor: Actor, close: DayClose) -> None:
    await audit.record(
        actor,
        "day.closed",
        subject_kind="day_close",
        subject_id=close.id,
        subject_label=f"{close.day} {close.cashier_name}",
        after={"expected": close.expected, "counted": close.counted, "note": close.note},
    )
