"""What is to happen later by the sandbox's clock: an expiry, a delayed success, a settled refund."""

import asyncio
import logging
import uuid
from collections.abc import Callable

from deploy.sandbox.store import Doc, Row, Store

_TICK = 0.1
_log = logging.getLogger(__name__)


class Agenda:
    """Actions by due time, kept in the store. The handlers are named functions, so a restart finds them."""

    def __init__(self, store: Store, epoch: Callable[[], float]) -> None:
        """Take up what a former process left."""
        self._store, self._epoch = store, epoch
        self._handlers: dict[str, Callable[[Doc], None]] = {}
        self._pending: dict[str, Doc] = {item["id"]: item for item in store.find("agenda")}

    def handle(self, action: str, handler: Callable[[Doc], None]) -> None:
        """Say what `action` does with its arguments."""
        self._handlers[action] = handler

    def later(self, action: str, due: float, args: Doc) -> None:
        """Do `action` once the clock reaches `due` (seconds since 1970)."""
        item: Doc = {"id": uuid.uuid4().hex, "action": action, "due": due, "args": args}
        self._pending[item["id"]] = item
        self._store.put("agenda", Row(item["id"], item))

    def clear(self, prefix: str = "") -> None:
        """Forget what is pending for actions whose name starts with `prefix`."""
        for item in [i for i in self._pending.values() if i["action"].startswith(prefix)]:
            self._forget(item)

    def run_due(self) -> int:
        """Do everything that is due, in order; how many there were."""
        now = self._epoch()
        due = sorted((i for i in self._pending.values() if i["due"] <= now), key=lambda i: i["due"])
        for item in due:
            self._forget(item)
            with self._store.transaction():
                self._handlers[item["action"]](item["args"])
        return len(due)

    async def run(self) -> None:
        """Watch the clock until cancelled."""
        while True:
            try:
                self.run_due()
            except Exception:  # noqa: BLE001 - the edge: one bad item must not stop the clock
                _log.exception("what was due could not be done")
            await asyncio.sleep(_TICK)

    def _forget(self, item: Doc) -> None:
        del self._pending[item["id"]]
        self._store.delete("agenda", item["id"])
