"""Faults on demand: which call or webhook goes wrong next, how, and how often."""

import asyncio
import fnmatch
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from deploy.sandbox.store import Doc, Row, Store

CALL_KINDS = (
    "timeout_before",
    "timeout_after",
    "error_before",
    "error_after",
    "drop_before",
    "drop_after",
)
WEBHOOK_KINDS = ("webhook_duplicate", "webhook_hold", "webhook_delay")
OUTCOME_KINDS = (
    "late_success",
    "refund_pending",
    "refund_fail",
    "debit_refuse",
    "his_duplicate",
    "his_wrong_amount",
)
KINDS = CALL_KINDS + WEBHOOK_KINDS + OUTCOME_KINDS
SURFACES = ("stripe", "rail", "oidc", "sms", "bank", "his")

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Fault:
    """One switch. `times` counts down to zero; None stays until cleared. `operation` may hold wildcards.

    `about` makes it one thing's: only calls whose address holds that text go wrong.
    """

    surface: str
    kind: str
    operation: str = "*"
    times: int | None = None
    seconds: float = 30.0
    status: int = 500
    copies: int = 1
    about: str = ""
    id: str = ""

    def fits(self, surface: str, operation: str, address: str) -> bool:
        """Whether it is meant for this operation at this address."""
        is_meant = self.surface == surface and fnmatch.fnmatchcase(operation, self.operation)
        return is_meant and self.about in address


class Faults:
    """The switches that are on."""

    def __init__(self, store: Store) -> None:
        """Take up the switches that a former process had on."""
        self._store = store
        self._on: list[Fault] = [Fault(**doc) for doc in store.find("fault")]

    def add(self, body: Doc) -> Fault:
        """Switch one on. Raises ValueError for a surface or kind that does not exist, or a wrong field."""
        fault = _parse(body)
        self._on.append(fault)
        self._keep(fault)
        return fault

    def all(self) -> list[Doc]:
        """The switches that are on, oldest first."""
        return [asdict(fault) for fault in self._on]

    def clear(self, fault_id: str | None = None) -> None:
        """Switch one off, or all."""
        for fault in [f for f in self._on if fault_id in (None, f.id)]:
            self._off(fault)

    def take(self, surface: str, operation: str, kinds: tuple[str, ...], address: str = "") -> Fault | None:
        """The first fault of these kinds that fits, counted down."""
        for fault in self._on:
            if fault.kind in kinds and fault.fits(surface, operation, address):
                self._spend(fault)
                return fault
        return None

    def _spend(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times > 0:
            self._keep(fault)
        else:
            self._off(fault)

    def _keep(self, fault: Fault) -> None:
        self._store.put("fault", Row(fault.id, asdict(fault)))

    def _off(self, fault: Fault) -> None:
        self._on.remove(fault)
        self._store.delete("fault", fault.id)


def _parse(body: Doc) -> Fault:
    unknown = set(body) - {"surface", "kind", "operation", "times", "seconds", "status", "copies", "about"}
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    if body.get("surface") not in SURFACES:
        raise ValueError(f"surface must be one of {', '.join(SURFACES)}")
    if body.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    fault = Fault(**body, id=uuid.uuid4().hex[:12])
    _check_numbers(fault)
    return fault


def _check_numbers(fault: Fault) -> None:
    numbers: list[Any] = [fault.seconds, fault.status, fault.copies]
    if not all(isinstance(n, int | float) and n >= 0 for n in numbers):
        raise ValueError("seconds, status and copies are numbers, not below zero")
    if fault.times is not None and (not isinstance(fault.times, int) or fault.times < 1):
        raise ValueError("times is a whole number from 1, or null")


class Dropped(Response):
    """An answer that breaks off: the caller sees the connection close in the middle."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Promise a hundred bytes, send one, and hang up."""
        headers = [(b"content-length", b"100"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def guarded(surface: str, operation: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint, with whatever fault is on for this operation."""

    async def run(request: Request) -> Response:
        address = str(request.url)
        fault = request.app.state.world.faults.take(surface, operation, CALL_KINDS, address)
        return await (endpoint(request) if fault is None else suffer(fault, request, endpoint))

    return run


async def suffer(fault: Fault, request: Request, endpoint: Endpoint) -> Response:
    """Let one call go wrong: before the work is done, or after it was done but before the caller knows."""
    await request.body()
    before = fault.kind.endswith("_before")
    if before and fault.kind != "timeout_before":
        return _failure(fault)
    if before:
        return Dropped() if await _hung_up(request, fault.seconds) else await endpoint(request)
    answer = await endpoint(request)
    if fault.kind != "timeout_after":
        return _failure(fault)
    await asyncio.sleep(fault.seconds)
    return answer


async def _hung_up(request: Request, seconds: float) -> bool:
    """Wait, and tell whether the caller gave up meanwhile."""
    try:
        message = await asyncio.wait_for(request.receive(), seconds)
    except TimeoutError:
        return False
    return bool(message["type"] == "http.disconnect")


def _failure(fault: Fault) -> Response:
    if fault.kind.startswith("drop"):
        return Dropped()
    return JSONResponse({"error": "internal", "message": "Sandbox fault"}, fault.status)
