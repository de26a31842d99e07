"""A manager's import of accounts and holders, from the upload to the last row, against bare reading and inserting.

Some rows are wrong, as real ones are: each is named with its column and reason, and the others go in. The floor reads
the same files and puts the same good rows into the same tables by ``COPY`` and ``INSERT … SELECT``, as a superuser
whom no wall holds up and without asking whether a row makes sense.
"""

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

from deploy.bench.scratch import scratch, superuser, tenant
from deploy.bench.who import manager
from deploy.settings import Settings
from scenarios.community.blocks import HEADER
from scenarios.community.importing import UNITS
from tenants import jobs
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.imports import services
from tenants.imports.staging import REFUSED
from tenants.models import Import, Tenant
from tenants.scope import open_scope, rows, tenant_scope

DEFAULTS: Mapping[str, int] = {"rows": 100_000, "wrong_every": 200}
AIM = 20_000
_PER_BUILDING, _PER_STOREY = 200, 10
_TYPES = (("3-room", "65"), ("4-room", "90"), ("5-room", "110"))


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return rows a second from CSV, with the bare way as the floor, and the same from XLSX."""
    table = [list(HEADER), *_rows(options["rows"], options["wrong_every"])]
    async with scratch() as settings:
        by_csv = await _compare(settings, 1, "units.csv", _as_csv(table))
        by_xlsx = await _compare(settings, 2, "units.xlsx", _as_xlsx(table))
    return {
        **by_csv,
        "aim": f"figure >= {AIM}",
        "is_met": by_csv["figure"] >= AIM,
        "xlsx": by_xlsx,
        **options,
    }


async def _compare(settings: Settings, number: int, filename: str, content: bytes) -> dict[str, Any]:
    of, bare = await tenant(number * 2), await tenant(number * 2 + 1)
    counts, seconds = await _import(manager(of), filename, content)
    read, floor = await _floor(settings, bare, filename, content)
    counted = counts["rows"]
    return {
        "figure": round(counted / seconds),
        "unit": "rows/s",
        "floor": round(counted / floor),
        "ratio": round(floor / seconds, 3),
        "refused": counts[REFUSED],
        "accounts": await _count(of),
        "floor_accounts": read,
        "bytes": len(content),
    }


async def _import(actor: Actor, filename: str, content: bytes) -> tuple[Mapping[str, int], float]:
    """Import as the pages do, each step a transaction, the jobs run here; return the counts and the seconds."""
    assert actor.tenant_id is not None  # noqa: S101 - a manager is inside
    begun = time.perf_counter()
    async with open_scope(tenant_scope(actor.tenant_id)):
        made = await services.upload(actor, kind=UNITS.kind, filename=filename, content=content)
        match = await services.match(actor, made)
    async with open_scope(tenant_scope(actor.tenant_id)):
        await services.choose(actor, made.id, chosen=match.proposed, sheet=match.sheet)
    await _work(actor, services.CHECK_JOB)
    async with open_scope(tenant_scope(actor.tenant_id)):
        await services.apply(actor, made.id)
    await _work(actor, services.APPLY_JOB)
    seconds = time.perf_counter() - begun
    async with open_scope(tenant_scope(actor.tenant_id)):
        done = await Import.get(tenant_id=actor.tenant_id, id=made.id)
    if done.state != "applied":
        raise RuntimeError(f"the import ended as {done.state}")
    return done.counts, seconds


async def _work(actor: Actor, job: str) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - a manager is inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        waiting = await rows(
            "select id from tenants_outbox where tenant_id = $1 and job = $2 and done_at is null",
            actor.tenant_id,
            job,
        )
    for found in waiting:
        await jobs.run(actor.tenant_id, found["id"])


_STAGED = "id uuid, place text, storey smallint, door text, attributes jsonb, holder text, relation text, email text"
_STAGED += ", phone text, since date"
_FLOOR = (
    "insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)"
    " select $1, id, 'community', 'unit', place || ' ' || door, '', place,"
    " lower(place || ' ' || door), attributes from bare",
    "insert into community_building (tenant_id, code, street, storeys)"
    " select $1, place, '', max(storey) from bare group by place",
    "insert into community_unit (tenant_id, account_id, building_id, storey, door)"
    " select $1, s.id, b.id, s.storey, s.door from bare s"
    " join community_building b on b.tenant_id = $1 and b.code = s.place",
    "insert into tenants_holder (tenant_id, account_id, relation, name, email, phone, since)"
    " select $1, id, relation, holder, email, phone, since from bare",
)


async def _floor(settings: Settings, of: Tenant, filename: str, content: bytes) -> tuple[int, float]:
    """Return how many accounts the bare way has written, and its seconds."""
    async with superuser(settings) as connection:
        begun = time.perf_counter()
        read = [_bare(cells) for cells in _read(filename, content) if _is_good(cells)]
        async with connection.transaction():
            await connection.execute(f"create temporary table bare ({_STAGED}) on commit drop")
            await connection.copy_records_to_table("bare", records=read)
            await connection.execute("analyze bare")
            for statement in _FLOOR:
                await connection.execute(statement, of.id)
        return len(read), time.perf_counter() - begun


def _read(filename: str, content: bytes) -> Iterator[Sequence[Any]]:
    if filename.endswith(".csv"):
        yield from list(csv.reader(io.StringIO(content.decode())))[1:]
        return
    yield from CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[1:]


_COLUMN = {name: place for place, name in enumerate(HEADER)}


def _is_good(cells: Sequence[Any]) -> bool:
    return bool(cells[_COLUMN["Flat type"]] != _WRONG)


def _bare(cells: Sequence[Any]) -> tuple[Any, ...]:
    said = {name: cells[place] for name, place in _COLUMN.items()}
    attributes = (
        f'{{"flat_type": "{said["Flat type"]}", "is_reduced": true, "area_sqm": {said["Area (m²)"]}}}'
    )
    since = date.fromisoformat(str(said["Since"]))
    place = f"{said['Building']} {said['Street']}"
    holder = (said["Holder"], said["Relation"], said["E-mail"], said["Phone"])
    return (new_id(), place, int(said["Storey"]), str(said["Door"]), attributes, *holder, since)


_WRONG = "6-room"


def _rows(count: int, wrong_every: int) -> Iterator[list[str]]:
    for index in range(count):
        building, place = divmod(index, _PER_BUILDING)
        storey, door = divmod(place, _PER_STOREY)
        flat_type, area = _TYPES[index % len(_TYPES)]
        yield [
            f"{building + 1}A",
            f"Bench St {building % 40 + 1}",
            str(storey + 1),
            f"#{storey + 1:02d}-{door + 1:02d}",
            _WRONG if index % wrong_every == wrong_every - 1 else flat_type,
            "reduced",
            area,
            "owner",
            f"Tan Wei {index}",
            "owner",
            f"holder{index}@mail.example",
            f"+65 9{index % 10_000_000:07d}",
            "2024-06-01",
        ]


def _as_csv(table: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(table)
    return out.getvalue().encode()


def _as_xlsx(table: Iterable[Sequence[str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    return out.getvalue()


async def _count(of: Tenant) -> int:
    async with open_scope(tenant_scope(of.id)):
        found = await rows("select count(*) n from tenants_account where tenant_id = $1", of.id)
    return int(found[0]["n"])
