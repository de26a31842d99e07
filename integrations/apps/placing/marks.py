"""Marks that apps give at a record: a column for each piece of work, a line for each learner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from integrations.apps.placing.models import Mark, MarkColumn
from integrations.apps.placing.records import KINDS
from tenants.scope import tenant_id

GRADED = "FullyGraded"
MOST = 100


@dataclass(frozen=True, slots=True)
class Given:
    """One mark as it counts: scaled to its column, and final or not."""

    result: Decimal
    is_final: bool
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One piece of work that an app marks; ``marks`` by learner (account)."""

    id: UUID
    label: str
    out_of: Decimal
    marks: dict[UUID, Given] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One learner with a mark, or none, for each column."""

    id: UUID
    name: str
    marks: Sequence[Given | None]


def result(mark: Mark, column: MarkColumn) -> Decimal | None:
    """Return a mark on its column's scale; ``None`` while the app has given none."""
    if mark.given is None or not mark.out_of:
        return None
    return (mark.given * column.out_of / mark.out_of).quantize(Decimal("0.01"))


async def of_record(kind: str, record_id: UUID) -> list[Column]:
    """Return the columns of a record with their marks, oldest first, in the tenant's open scope."""
    found = (
        await MarkColumn.filter(tenant_id=tenant_id(), record_kind=kind, record_id=record_id)
        .order_by("created_at", "id")
        .limit(MOST)
    )
    by_id = {one.id: (one, Column(one.id, one.label, one.out_of)) for one in found}
    for mark in await Mark.filter(tenant_id=tenant_id(), column_id__in=list(by_id)):
        row, column = by_id[mark.column_id]
        scaled = result(mark, row)
        if scaled is not None:
            column.marks[mark.member_id] = Given(scaled, mark.grading == GRADED, mark.comment)
    return [column for _, column in by_id.values()]


async def table(kind: str, record_id: UUID) -> tuple[list[Column], list[Line]]:
    """Return the columns, and a line for each learner who is there now."""
    columns = await of_record(kind, record_id)
    learners = [one for one in await KINDS[kind].members(record_id) if one.is_learner] if columns else []
    return columns, [Line(one.id, one.name, [c.marks.get(one.id) for c in columns]) for one in learners]
