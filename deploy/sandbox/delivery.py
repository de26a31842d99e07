"""Webhooks out: sent in order per address, signed when sent, retried until accepted; held and shuffled on demand."""

import asyncio
import contextlib
import random
import time
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from deploy.sandbox import signing
from deploy.sandbox.faults import Faults
from deploy.sandbox.store import Doc, Row, Store

_RETRY_AFTER = (0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600)
_MAX_ATTEMPTS = 60
_TICK = 0.05
_SUCCESS = range(200, 300)
_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent. `signer` is `stripe`, `rail` or `none`, with the keys that it needs in `keys`."""

    surface: str
    event: str
    url: str
    body: str
    content_type: str = "application/json"
    signer: str = "none"
    keys: dict[str, str] = field(default_factory=dict)
    subject: str = ""


class Deliveries:
    """The queue of outgoing messages, kept in the store."""

    def __init__(self, store: Store, faults: Faults) -> None:
        """Take up what a former process did not get rid of."""
        self._store, self._faults = store, faults
        waiting = [d for d in store.find("delivery") if d["state"] in ("queued", "held")]
        self._open: dict[str, Doc] = {d["id"]: d for d in waiting}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False)

    def send(self, message: Message) -> None:
        """Queue a message, as the webhook faults that are on will have it."""
        duplicate = self._faults.take(message.surface, message.event, ("webhook_duplicate",))
        hold = self._faults.take(message.surface, message.event, ("webhook_hold",))
        delay = self._faults.take(message.surface, message.event, ("webhook_delay",))
        due = time.time() + (delay.seconds if delay else 0)
        for _ in range(1 + (duplicate.copies if duplicate else 0)):
            self._queue(message, "held" if hold else "queued", due)

    def recent(self, *, surface: str = "", state: str = "", limit: int = 200) -> list[Doc]:
        """Messages, newest first, keys left out."""
        found = self._store.find("delivery", newest=True, limit=-1 if surface or state else limit)
        fitting = [d for d in found if surface in ("", d["surface"]) and state in ("", d["state"])]
        return [{k: v for k, v in d.items() if k != "keys"} for d in fitting[:limit]]

    def release(self, *, surface: str = "", order: str = "fifo", seed: int = 0) -> int:
        """Let held messages go: `fifo`, `reverse` or `shuffle`d by `seed`. How many there were."""
        held = [d for d in self._open.values() if d["state"] == "held" and surface in ("", d["surface"])]
        if order == "reverse":
            held.reverse()
        if order == "shuffle":
            random.Random(seed).shuffle(held)  # noqa: S311 - repeatable disorder, not a secret
        now = time.time()
        for place, item in enumerate(held):
            item.update(state="queued", due=now + place * 1e-4)
            self._store.save("delivery", item["id"], item)
        return len(held)

    def again(self, delivery_id: str) -> bool:
        """Send a message once more, as it was. False when there is none of that id."""
        old = self._store.get("delivery", delivery_id)
        if old is not None:
            names = ("surface", "event", "url", "body", "content_type", "signer", "keys", "subject")
            self._queue(Message(**{n: old[n] for n in names}), "queued", time.time())
        return old is not None

    def forget(self) -> None:
        """Drop every message, sent or not."""
        self._open.clear()
        self._store.clear("delivery")

    async def run(self) -> None:
        """Send what is due, one at a time for each address, until cancelled."""
        try:
            while True:
                self._start_workers()
                await asyncio.sleep(_TICK)
        finally:
            for task in self._workers.values():
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*self._workers.values(), return_exceptions=True)
            await self._client.aclose()

    def _queue(self, message: Message, state: str, due: float) -> None:
        parts: dict[str, Any] = {n: getattr(message, n) for n in message.__dataclass_fields__}
        extra = {"id": uuid.uuid4().hex, "state": state, "due": due, "created": time.time()}
        item = {**parts, **extra, "attempts": 0, "last_status": None}
        self._open[item["id"]] = item
        self._store.put("delivery", Row(item["id"], item))

    def _start_workers(self) -> None:
        for url in {d["url"] for d in self._due()}:
            if url not in self._workers or self._workers[url].done():
                self._workers[url] = asyncio.create_task(self._drain(url))

    def _due(self) -> list[Doc]:
        now = time.time()
        ready = [d for d in self._open.values() if d["state"] == "queued" and d["due"] <= now]
        return sorted(ready, key=lambda d: float(d["due"]))

    async def _drain(self, url: str) -> None:
        for item in [d for d in self._due() if d["url"] == url]:
            if item["id"] in self._open:
                await self._attempt(item)

    async def _attempt(self, item: Doc) -> None:
        item["attempts"] += 1
        item["last_status"] = await self._post(item)
        accepted = _is_accepted(item)
        if accepted or item["attempts"] >= _MAX_ATTEMPTS:
            item["state"] = "sent" if accepted else "failed"
            self._open.pop(item["id"], None)
        else:
            item["due"] = time.time() + _RETRY_AFTER[min(item["attempts"], len(_RETRY_AFTER)) - 1]
        self._store.save("delivery", item["id"], item)

    async def _post(self, item: Doc) -> int:
        headers = {"Content-Type": item["content_type"], **_signature(item)}
        try:
            answer = await self._client.post(item["url"], content=item["body"].encode(), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return 0
        return answer.status_code


def _is_accepted(item: Doc) -> bool:
    """The rail takes 200 only for a yes, the others any 2xx."""
    status = item["last_status"]
    return bool(status == HTTPStatus.OK or (item["signer"] != "rail" and status in _SUCCESS))


def _signature(item: Doc) -> dict[str, str]:
    if item["signer"] == "stripe":
        return signing.stripe_headers(item["body"], **item["keys"])
    if item["signer"] == "rail":
        return signing.rail_headers(item["body"], **item["keys"])
    return {}
