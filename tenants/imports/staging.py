"""The dry run: every row of the file is judged, the good ones are staged, the odd ones kept with what is wrong.

Good records go in by the thousand to a row: the wall of row-level security refuses ``COPY`` to the application's
role, and a hundred thousand single rows would each pay for three indexes that nobody reads.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from tenants.actor import Actor
from tenants.imports.rows import Batch, pack_problem, read_batches, refuse
from tenants.imports.upsert import BATCH
from tenants.jsons import dumps
from tenants.kinds import ImportSpec
from tenants.scope import execute
from tenants.tabular import Columns, ConvertedRow, Table
from tenants.tasks import Progress

REFUSED, WARNED = "refused", "warned"
_INSERT = (
    'insert into tenants_import_row (tenant_id, import_id, number, cells, "values", problems, action)'
    " select $1, $2, * from unnest($3::int[], $4::jsonb[], $5::jsonb[], $6::jsonb[], $7::text[])"
)


async def replace(
    actor: Actor,
    import_id: UUID,
    *,
    spec: ImportSpec,
    table: Table,
    columns: Columns,
    progress: Progress,
) -> dict[str, int]:
    """Stage the whole table in place of what was staged of this import before; return the counts by outcome.

    Part of the open transaction: either all of the file is staged anew, or nothing has changed.
    """
    assert actor.tenant_id is not None  # noqa: S101 - an import belongs to a tenant
    await execute(
        "delete from tenants_import_row where tenant_id = $1 and import_id = $2", actor.tenant_id, import_id
    )
    counts = {"rows": 0, "good": 0, REFUSED: 0, WARNED: 0}
    index = 0
    async for batch in _ahead(read_batches(table, columns, spec)):
        index += 1
        if spec.check and batch.records:
            refuse(batch, columns, await spec.check(actor, list(batch.records.items())))
        await _stage(actor.tenant_id, import_id, index, batch)
        _count(counts, batch)
        await progress.to(batch.last)
    return counts


async def _ahead(batches: Iterator[Batch]) -> AsyncIterator[Batch]:
    """Yield batches, reading the next while PostgreSQL takes in the last."""
    reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while batch := await reading:
            reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        reading.cancel()


def _count(counts: dict[str, int], batch: Batch) -> None:
    refused = len(batch.rows) - len(batch.records)
    counts["rows"] += len(batch.rows)
    counts["good"] += len(batch.records)
    counts[REFUSED] += refused
    counts[WARNED] += len(batch.odd) - refused


async def _stage(tenant_id: UUID, import_id: UUID, index: int, batch: Batch) -> None:
    odd = batch.odd
    await execute(
        _INSERT,
        tenant_id,
        import_id,
        [-index, *(row.number for row in odd)],
        ["[]", *(dumps(row.cells) for row in odd)],
        [await asyncio.to_thread(dumps, list(batch.records.values())), *(None for _ in odd)],
        ["[]", *(dumps([pack_problem(problem) for problem in row.problems]) for row in odd)],
        [BATCH, *(_action(row) for row in odd)],
    )


def _action(row: ConvertedRow) -> str:
    return WARNED if all(problem.is_warning for problem in row.problems) else REFUSED
