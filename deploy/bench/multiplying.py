"""Institutions as the product made them, written as often as asked for, by ``COPY``.

Every row of a pattern is read in PostgreSQL's binary form once. The product's ids begin with the millisecond they
were made in: in its place each copy has a number of its own, so that ids stay in order and what belonged together still
does. What is left to do for a copy is replacing six bytes, which takes a fraction of what making a row takes.

The rows go into tables that were emptied in the same transaction, so that PostgreSQL needs no log of them, writes them
as settled (what a vacuum leaves behind) and builds each index once, when all of a table's rows are there.
"""

import io
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_MARK = bytes.fromhex("fa11c0b1e50d")
_TEXT_MARK = b"fa11c0b1-e50d"
"""Stand for the number of a copy in a pattern's ids, as bytes and as text within a JSON document."""
_CHUNK = 1 << 20
_TABLES = """
select c.relname as name, array_agg(a.attname::text) filter (where a.atttypid = 'uuid'::regtype
         and a.attname not in ('bank_id', 'branch_id')) ids
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relname = any ($1)
 group by c.oid, c.relname having bool_or(a.attname = 'tenant_id') order by c.relname
"""
_HASHES = """
select c.relname as name, a.attname as column
  from pg_index i join pg_class c on c.oid = i.indrelid
  join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] and a.atttypid = 'bytea'::regtype
 where i.indisunique and i.indnkeyatts = 1 and c.relname = any ($1)
"""
"""Hashes that are unique in the whole database, of a receipt's code for one: a copy's begin with its number as well."""


_UNUSED = "update pg_index set indisready = false where indrelid = any ($1::text[]::regclass[])"
_UNBUILT = """
select distinct indrelid::regclass::text as name from pg_index
 where indrelid = any ($1::text[]::regclass[]) and not indisready
"""


@dataclass(frozen=True, slots=True)
class Pattern:
    """An institution's rows by table in PostgreSQL's binary form, ids marked; ``tail`` is what its own id ends in."""

    rows: Mapping[str, bytes]
    tail: str


@dataclass(frozen=True, slots=True)
class Copies:
    """So many institutions, numbered from ``first`` on, each like one of the patterns in turn."""

    patterns: Sequence[Pattern]
    first: int
    count: int

    @property
    def tables(self) -> list[str]:
        """The tables that any of them has rows in."""
        return sorted({name for pattern in self.patterns for name in pattern.rows})

    def ids(self) -> list[UUID]:
        """Return the institutions' ids."""
        return [UUID(f"{n:012x}{self._like(n).tail}") for n in range(self.first, self.first + self.count)]

    async def rows(self, table: str) -> AsyncIterator[bytes]:
        """Yield all rows of one table as ``COPY`` reads them."""
        parts, size = [_HEADER], 0
        for number in range(self.first, self.first + self.count):
            part = _numbered(self._like(number).rows.get(table, b""), number)
            parts.append(part)
            size += len(part)
            if size > _CHUNK:
                yield b"".join(parts)
                parts, size = [], 0
        yield b"".join([*parts, _TRAILER])

    def _like(self, number: int) -> Pattern:
        return self.patterns[number % len(self.patterns)]


async def read(connection: asyncpg.Connection, tenant_id: UUID, without: Sequence[str]) -> Pattern:
    """Return all rows of an institution but those of the tables ``without``."""
    found = {row["name"]: row["ids"] for row in await connection.fetch(_TABLES, list(without))}
    bodies = {name: body for name in found if (body := await _body(connection, name, tenant_id))}
    ids = {tenant_id}
    for name in bodies:
        ids |= await _ids(connection, name, found[name], tenant_id)
    marks = {one.bytes: _MARK + one.bytes[6:] for one in ids}
    marks |= {str(one).encode(): _TEXT_MARK + str(one)[13:].encode() for one in ids}
    for row in await connection.fetch(_HASHES, list(bodies)):
        marks |= await _hashes(connection, row["name"], row["column"], tenant_id)
    return Pattern({name: _marked(body, marks) for name, body in bodies.items()}, tenant_id.hex[12:])


async def write(connection: asyncpg.Connection, copies: Copies) -> dict[str, float]:
    """Empty the tables and fill them; return the seconds that each took, its indexes included."""
    seconds = {}
    async with anew(connection, *copies.tables):
        for table in copies.tables:
            begun = time.perf_counter()
            await connection.copy_to_table(table, source=copies.rows(table), format="binary", freeze=True)
            await connection.execute(f"reindex table {table}")
            seconds[table] = round(time.perf_counter() - begun, 1)
    return seconds


@asynccontextmanager
async def anew(connection: asyncpg.Connection, *tables: str) -> AsyncIterator[None]:
    """Empty the tables, and keep their indexes out of use for the block: those that keys depend on cannot be dropped.

    An index that the block has not built again by itself is built at its end.
    """
    async with connection.transaction():
        await connection.execute(f"truncate {', '.join(tables)} cascade")
        await connection.execute(_UNUSED, list(tables))
        yield
        for row in await connection.fetch(_UNBUILT, list(tables)):
            await connection.execute(f"reindex table {row['name']}")


async def _body(connection: asyncpg.Connection, table: str, tenant_id: UUID) -> bytes:
    kept = io.BytesIO()
    await connection.copy_from_query(
        f"select * from {table} where tenant_id = $1", tenant_id, output=kept, format="binary"
    )
    return kept.getvalue()[len(_HEADER) : -len(_TRAILER)]


async def _ids(
    connection: asyncpg.Connection, table: str, columns: Sequence[str], tenant_id: UUID
) -> set[UUID]:
    """Return whatever a table's ids name of the institution's: itself, its rows, its people."""
    found = await connection.fetch(
        f"select distinct one from {table}, unnest(array[{', '.join(columns)}]) one"
        " where tenant_id = $1 and one is not null",
        tenant_id,
    )
    return {UUID(bytes=row["one"].bytes) for row in found}


async def _hashes(
    connection: asyncpg.Connection, table: str, column: str, tenant_id: UUID
) -> dict[bytes, bytes]:
    found = await connection.fetch(
        f"select {column} from {table} where tenant_id = $1 and {column} is not null", tenant_id
    )
    return {bytes(row[0]): _MARK + bytes(row[0])[6:] for row in found}


def _marked(body: bytes, marks: Mapping[bytes, bytes]) -> bytes:
    if _MARK in body or _TEXT_MARK in body:
        raise RuntimeError("what marks a number occurs in the rows themselves")
    for plain, marked in marks.items():
        body = body.replace(plain, marked)
    return body


def _numbered(body: bytes, number: int) -> bytes:
    made = number.to_bytes(6)
    text = made.hex().encode()
    return body.replace(_MARK, made).replace(_TEXT_MARK, text[:8] + b"-" + text[8:])
