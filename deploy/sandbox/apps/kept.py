"""What an app keeps by itself: its keys in one file, its database in another, what it knows of each installation."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.sandbox.apps.parts import SCHEMA, About, Keys, NotReadyError


class Kept:
    """The storage of one app."""

    def __init__(self, about: About, data: Path) -> None:
        """Open it in a folder."""
        data.mkdir(parents=True, exist_ok=True)
        self.file = data / f"{about.name}.json"
        self.db = sqlite3.connect(data / f"{about.name}.db", check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("pragma journal_mode = wal")
        self.db.executescript(SCHEMA + about.schema)

    def keys(self) -> Keys:
        """Return our keys as the file has them now; ``NotReadyError`` before the first are there."""
        try:
            return Keys(**json.loads(self.file.read_text()))
        except FileNotFoundError:
            raise NotReadyError(self.file.stem) from None

    def meet(self, installation: str, client: str) -> None:
        """Keep by which of our names an installation knows us: the test client's in our sandbox."""
        self.db.execute(
            "insert into installation (id, client) values (?, ?) on conflict (id)"
            " do update set client = excluded.client where client is not excluded.client",
            (installation, self.keys().client(client)),
        )

    def client_of(self, installation: str) -> str:
        """Return the name by which an installation knows us."""
        found = self.db.execute("select client from installation where id = ?", (installation,)).fetchone()
        return self.keys().client(str(found["client"]) if found else "")

    def know(self, installation: str, facts: Mapping[str, Any]) -> None:
        """Keep what an institution agreed to tell us of itself."""
        self.db.execute(
            "insert into installation (id, facts) values (?, ?) on conflict (id) do update set facts = excluded.facts",
            (installation, json.dumps(dict(facts))),
        )

    def facts(self, installation: str) -> dict[str, Any]:
        """Return what we were told of an institution."""
        found = self.db.execute("select facts from installation where id = ?", (installation,)).fetchone()
        return dict(json.loads(found["facts"])) if found else {}

    def is_standing(self, installation: str) -> bool:
        """Tell whether an installation has not ended."""
        found = self.db.execute("select is_ended from installation where id = ?", (installation,)).fetchone()
        return not (found and found["is_ended"])

    def is_new(self, message_id: str) -> bool:
        """Note a message, and tell whether it came for the first time."""
        return self.db.execute("insert or ignore into heard values (?)", (message_id,)).rowcount == 1

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Do the block in one transaction."""
        self.db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")
