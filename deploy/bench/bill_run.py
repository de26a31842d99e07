"""A month for every flat of a real city, drafted and issued into lines and ledger, against the bare rows.

The accounts are the flats of a file of blocks (Singapore's HDB Property Information, one row per block), shaped as an
import shapes them and loaded by ``COPY``, each with a holder. The run is the product's own: the scenario's published
tariff and late fee as rules, drafting with its checks, approving, issuing with numbers and journal, stretch by stretch,
as the application's role behind the walls, in a process of its own, as a worker is; the memory is that process's.

The floor is ``INSERT … SELECT`` of the very rows that the run has left (bills, lines, entries, postings) into copies
of their tables made ``LIKE … INCLUDING ALL``: the same columns, defaults, checks, primary keys and indexes, equally
durable, but without foreign keys, triggers and walls; by a superuser, in one transaction, every row once and in its
last state. Before each of the two a checkpoint is made, so that neither pays for what came before.

Meanwhile a web process takes payments of another institution, from the signed message to the receipt, one every so
many milliseconds; and before it, for comparison. What they wait is printed.
"""

import asyncio
import csv
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.bench.beside import Beside, Waits
from deploy.bench.payments import fill
from deploy.bench.scratch import scratch, superuser, tenant
from deploy.errors import OperatorError
from deploy.settings import Settings
from scenarios.community.blocks import BlockUnit, units
from scenarios.community.importing import FIELDS, shape
from tenants.ids import new_id
from tenants.jsons import dumps
from tenants.models import Tenant

DEFAULTS: Mapping[str, Any] = {"blocks": "", "accounts": 0, "payments": 8000, "each_ms": 100, "before_s": 20}
AIM = 3.0
MEMORY_MB = 300
_COPIED = ("billing_bill", "billing_bill_line", "billing_entry", "billing_posting")
_HOLDERS = """
insert into tenants_holder (tenant_id, account_id, relation, name, email)
select tenant_id, id, 'owner', 'Holder of ' || number, 'holder@mail.example' from tenants_account where tenant_id = $1
"""


async def measure(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seconds of draft and issue together, with the floor's, memory, and what other payments waited."""
    blocks = _blocks(str(options["blocks"]))
    before, during = list[Waits](), list[Waits]()
    async with scratch() as settings:
        of = await tenant(1)
        count = await _load(settings, of, blocks, options["accounts"])
        book = await fill(settings, 2, tenants=1, payments=options["payments"])
        beside = Beside(settings, book.messages, options["each_ms"])
        try:
            async with beside.taking(before):
                await asyncio.sleep(options["before_s"])
            await _checkpoint(settings)
            async with beside.taking(during):
                spent = await _run(settings, of)
        finally:
            beside.close()
        rows, floor = await _floor(settings, of)
    ours, memory = spent["draft_s"] + spent["issue_s"], spent.pop("memory_mb")
    ratio = ours / floor
    return {
        "figure": round(count / ours),
        "unit": "accounts/s",
        "seconds": round(ours, 1),
        **{name: round(each, 1) for name, each in spent.items()},
        "floor": round(count / floor),
        "floor_s": round(floor, 1),
        "ratio": round(ratio, 2),
        "aim": f"ratio <= {AIM}, memory < {MEMORY_MB} MB",
        "is_met": ratio <= AIM and memory < MEMORY_MB,
        "memory_mb": round(memory),
        "bills": rows["billing_bill"],
        "rows": sum(rows.values()),
        "payments_before": before[0].facts(),
        "payments_during": during[0].facts(),
        **{name: value for name, value in options.items() if name != "payments"},
        "accounts": count,
    }


def _blocks(path: str) -> Path:
    """Return the file of blocks.

    Raises:
        OperatorError: it was not named, or is not there.
    """
    if not path:
        raise OperatorError(
            "bill_run needs the file of HDB blocks (one row per block): say blocks=/path/to/hdb_blocks.csv."
        )
    found = Path(path)
    if not found.is_file():
        raise OperatorError(f"There is no file of blocks at {path}.")
    return found


async def _load(settings: Settings, of: Tenant, blocks: Path, most: int) -> int:
    """Bring in the flats with a holder each, and return how many there are."""
    columns = ("tenant_id", "id", "scenario", "kind", "number", "name", "place", "sort_key", "attributes")
    with blocks.open(encoding="utf-8", newline="") as file:
        records = _records(of, units(csv.DictReader(file), most=most or None))
        async with superuser(settings) as connection:
            await connection.copy_records_to_table("tenants_account", records=records, columns=columns)
            await connection.execute(_HOLDERS, of.id)
            await connection.execute("vacuum analyze tenants_account, tenants_holder")
            count: int = await connection.fetchval(
                "select count(*) from tenants_account where tenant_id = $1", of.id
            )
    return count


def _records(of: Tenant, found: Iterator[BlockUnit]) -> Iterator[Sequence[Any]]:
    blank = dict.fromkeys((field.key for field in FIELDS), None)
    for unit in found:
        said = {"building": unit.building, "street": unit.street, "storey": unit.storey}
        flat = {
            "door": unit.door.lstrip("#"),
            "flat_type": unit.flat_type,
            "rate": "reduced" if unit.is_reduced else "normal",
            "area_sqm": unit.area,
            "ownership": "rented" if unit.is_rented else "owner",
        }
        made = shape(blank | said | flat).record
        facts = (made["kind"], made["number"], made["name"], made["place"], made["sort_key"])
        yield (of.id, new_id(), "community", *facts, dumps(made["attributes"]))


async def _run(settings: Settings, of: Tenant) -> dict[str, float]:
    """Have a worker process bill the month; return the seconds of each step, and its memory in megabytes."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.bench.runner", str(of.id)),
        env=os.environ | settings.environ(),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"the worker process ended with {child.returncode}")
    answer: dict[str, float] = json.loads(said)
    return answer


async def _checkpoint(settings: Settings) -> None:
    async with superuser(settings) as connection:
        await connection.execute("checkpoint")


async def _floor(settings: Settings, of: Tenant) -> tuple[dict[str, int], float]:
    """Return how many rows the run has left in each table, and the seconds of the bare way."""
    async with superuser(settings) as connection:
        for table in _COPIED:
            await connection.execute(f"create table bare_{table} (like {table} including all)")
        await connection.execute("checkpoint")
        begun = time.perf_counter()
        async with connection.transaction():
            said = [
                await connection.execute(
                    f"insert into bare_{table} select * from {table} where tenant_id = $1", of.id
                )
                for table in _COPIED
            ]
        seconds = time.perf_counter() - begun
    return {table: int(words.rsplit(" ", 1)[1]) for table, words in zip(_COPIED, said, strict=True)}, seconds
