"""State: JSON documents in SQLite, so that a restart keeps everything."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

_SCHEMA = """
create table if not exists doc (
  seq integer primary key autoincrement, kind text not null, id text not null,
  parent text not null, alt text not null, words text not null, body text not null, unique (kind, id)
);
create index if not exists doc_parent on doc (kind, parent, seq);
create index if not exists doc_alt on doc (kind, alt) where alt <> '';
"""
_UPSERT = """
insert into doc (kind, id, parent, alt, words, body) values (?, ?, ?, ?, ?, ?)
on conflict (kind, id) do update
set parent = excluded.parent, alt = excluded.alt, words = excluded.words, body = excluded.body
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A document with what it is found by: its parent, one other unique name, and words to search."""

    id: str
    doc: Doc
    parent: str = ""
    alt: str = ""
    words: str = ""


class Store:
    """Documents by kind and id. Calls are synchronous: between two awaits the state is yours alone."""

    def __init__(self, folder: Path | None) -> None:
        """Open the state in `folder`, making it if needed; None keeps it in memory."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        where = ":memory:" if folder is None else str(folder / "sandbox.sqlite3")
        self._db = sqlite3.connect(where, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = off")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing. May be nested: the outermost decides."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("begin")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def put(self, kind: str, row: Row) -> Doc:
        """Add or replace one document; a replaced one keeps its place in the order."""
        self.put_many(kind, [row])
        return row.doc

    def put_many(self, kind: str, rows: Iterable[Row]) -> None:
        """Add or replace many at once."""
        values = ((kind, r.id, r.parent, r.alt, r.words.lower(), json.dumps(r.doc)) for r in rows)
        with self.transaction():
            self._db.executemany(_UPSERT, values)

    def save(self, kind: str, key: str, doc: Doc) -> None:
        """Replace the body of a document that exists."""
        self._db.execute("update doc set body = ? where kind = ? and id = ?", (json.dumps(doc), kind, key))

    def get(self, kind: str, key: str) -> Doc | None:
        """The document, or None."""
        return self._one("select body from doc where kind = ? and id = ?", (kind, key))

    def by_alt(self, kind: str, alt: str) -> Doc | None:
        """The document with this other name, or None."""
        return self._one(
            "select body from doc where kind = ? and alt = ? and alt <> '' order by seq desc", (kind, alt)
        )

    def parent(self, kind: str, key: str) -> str:
        """What the document belongs to; empty when there is none."""
        row = self._db.execute("select parent from doc where kind = ? and id = ?", (kind, key)).fetchone()
        return "" if row is None else str(row[0])

    def find(
        self, kind: str, parent: str | None = None, *, words: str = "", limit: int = -1, newest: bool = False
    ) -> list[Doc]:
        """Documents in the order they were first put, those of one parent, those holding all the words."""
        where, values = self._where(kind, parent, words)
        order = "desc" if newest else "asc"
        found = self._db.execute(
            f"select body from doc where {where} order by seq {order} limit ?", [*values, limit]
        )
        return [json.loads(body) for (body,) in found]

    def count(self, kind: str, parent: str | None = None, *, words: str = "") -> int:
        """How many `find` would give without a limit."""
        where, values = self._where(kind, parent, words)
        return int(self._db.execute(f"select count(*) from doc where {where}", values).fetchone()[0])

    def counts(self) -> dict[str, int]:
        """How many documents of each kind."""
        return dict(self._db.execute("select kind, count(*) from doc group by kind order by kind"))

    def delete(self, kind: str, key: str) -> None:
        """Forget one document."""
        self._db.execute("delete from doc where kind = ? and id = ?", (kind, key))

    def clear(self, kind: str) -> None:
        """Forget every document of a kind."""
        self._db.execute("delete from doc where kind = ?", (kind,))

    def take(self, kind: str, key: str) -> Doc | None:
        """The document, which nobody can take again."""
        doc = self.get(kind, key)
        self.delete(kind, key)
        return doc

    def _one(self, query: str, values: tuple[str, str]) -> Doc | None:
        row = self._db.execute(query, values).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    @staticmethod
    def _where(kind: str, parent: str | None, words: str) -> tuple[str, list[Any]]:
        where, values = "kind = ?", [kind]
        if parent is not None:
            where, values = where + " and parent = ?", [*values, parent]
        for word in words.lower().split():
            where, values = where + " and instr(words, ?) > 0", [*values, word]
        return where, values
