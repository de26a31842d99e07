"""Figures for Prometheus: requests, jobs, and whatever gauges other parts hand in.

With several processes on one machine (``cloud up``, or ``WEB_WORKERS`` above 1) the counts are kept in files
in the folder ``PROMETHEUS_MULTIPROC_DIR``, which has to be in the environment before this module is imported
(`deploy.places.shared_metrics`), and any of the processes answers for all. In a cluster each container is scraped.
"""

import asyncio
import hmac
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy import routing
from deploy.places import METRICS_VARIABLE
from deploy.settings import Settings

READ_SECONDS = 2
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

REQUESTS = Histogram(
    "cloud_request_seconds",
    "Time to answer a request, by route template, method and status.",
    ("route", "method", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
JOBS = Histogram(
    "cloud_job_seconds",
    "Time to do a job, by name and outcome (done, failed).",
    ("job", "outcome"),
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
)

Read = Callable[[], Awaitable[float]]
_gauges: dict[str, tuple[str, Read]] = {}
_log = structlog.get_logger("cloud.metrics")


def gauge(name: str, documentation: str, read: Read) -> None:
    """Show what ``read`` returns at each scrape, such as the depth of the outbox.

    A later call with the same name replaces the earlier. A reader that fails or takes more than two seconds
    is left out of that scrape and logged.
    """
    _gauges[name] = (documentation, read)


@contextmanager
def job(name: str) -> Iterator[None]:
    """Time the job that runs inside and count how it ended."""
    begun, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "done"
    finally:
        JOBS.labels(name, outcome).observe(time.perf_counter() - begun)


def routes(settings: Settings) -> list[Route]:
    """Return ``GET /metrics``, for callers on this machine or with the bearer token ``METRICS_TOKEN``."""
    token = settings.metrics_token.get_secret_value()

    async def metrics(request: Request) -> Response:
        if not (_is_local(request) or _is_bearer(request, token)):
            return PlainTextResponse("Metrics are shown on this machine, or for METRICS_TOKEN.\n", 403)
        return Response(await render(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics, name="metrics")]


def middleware() -> list[Middleware]:
    """Return the middleware that times requests; it belongs right inside that of `deploy.logs`."""
    return [Middleware(RequestTimes)]


def serve(port: int) -> None:
    """Show this process's figures on a port of their own, for a worker in a container."""
    start_http_server(port)


async def render() -> bytes:
    """Return everything in Prometheus' text form."""
    counted: CollectorRegistry = REGISTRY
    if os.environ.get(METRICS_VARIABLE):
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return generate_latest(counted) + generate_latest(await _read_gauges())


class RequestTimes:
    """Times each request under its route's template; unknown addresses and methods share one name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "OTHER"
            seconds = time.perf_counter() - begun
            REQUESTS.labels(routing.template(scope), method, str(status)).observe(seconds)


async def _read_gauges() -> CollectorRegistry:
    registry = CollectorRegistry()
    for name, (documentation, read) in _gauges.items():
        try:
            async with asyncio.timeout(READ_SECONDS):
                value = await read()
        except Exception as error:  # noqa: BLE001 (an edge: one broken reader must not hide the rest)
            _log.warning("gauge not read", gauge=name, reason=type(error).__name__)
            continue
        Gauge(name, documentation, registry=registry, multiprocess_mode="mostrecent").set(value)
    return registry


def _is_local(request: Request) -> bool:
    """Whether the caller is on this machine itself, and not behind a proxy that is."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _is_bearer(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
