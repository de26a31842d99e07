"""Structured logs: one line per happening, a request id on each, no secret and no personal datum.

Everything that logs, ours or a library's, passes the same processors. What a line may hold is decided here
and not by the caller: values under telling keys are masked, and so are telling values under any key.
"""

import logging
import logging.config
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars, get_contextvars
from structlog.types import EventDict, Processor, WrappedLogger

from deploy import routing
from deploy.settings import Settings

MASK = "•••"
SECRET_KEYS = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|private|credential|signature|otp|session_id|_url$",
    re.IGNORECASE,
)
PERSONAL_KEYS = re.compile(
    r"(?:full|legal|first|last|given|family|holder|display)?_?name|(?:\w+_)?e_?mail|(?:\w+_)?(?:phone|mobile)|tel"
    r"|address|street|birth_?da(?:y|te)|id_number|national_id|passport|iban|pan|card|(?:bank_)?account_number"
    r"|(?:client_)?ip|user_agent|payer|representative|body|form|query(?:_string)?",
    re.IGNORECASE,
)
TELLING_VALUES = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), MASK),
    (re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_\w+|\bwhsec_\w+"), MASK),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@"), rf"\1:{MASK}@"),
    (re.compile(r"(\w+://[^\s?\"']+)\?[^\s\"')]+"), rf"\1?{MASK}"),
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), MASK),
    (re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])"), MASK),
    (re.compile(r"(?<![\d.-])(?:\d[ -]?){15,18}\d(?![\d-])"), MASK),
)
"""Mail addresses, API keys, bearer tokens, JWTs, passwords and queries in URLs, Chinese mobile and identity
numbers, card numbers."""

NOISY = ("httpx", "tortoise", "httpcore", "httpx2", "httpcore2", "stripe", "asyncio", "fontTools", "mail.log")
QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")
TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
DEEPEST = 6


def configure(settings: Settings) -> None:
    """Send all logs of this process to standard error, as the settings say. Call once, at its start."""
    logging.config.dictConfig(dict_config(settings))
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def dict_config(settings: Settings) -> dict[str, Any]:
    """Return the configuration of the standard library's logging, in the form that Granian takes too."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _shared(),
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(settings)],
    }
    handler = {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
    level = _level(settings)
    quiet = {name: {"level": max(level, logging.WARNING)} for name in NOISY}
    granian = {"_granian": {"handlers": ["line"], "level": level, "propagate": False}}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"line": handler},
        "root": {"handlers": ["line"], "level": level},
        "loggers": quiet | granian,
    }


def request_id() -> str:
    """Return the id of the request or job at hand, or an empty text outside of one."""
    return str(get_contextvars().get("request_id", ""))


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Mask secrets and personal data, by key and by shape, at any depth."""
    del logger, method
    return {key: _masked(key, value) for key, value in event.items()}


def middleware() -> list[Middleware]:
    """Return the middleware that logs requests; it belongs just inside the one that numbers them (``ui.security``)."""
    return [Middleware(RequestLog)]


class RequestLog:
    """Carries a request's W3C trace to every line of its log, and logs one line at its end.

    The line has the route's template, not the path: paths hold ids and tokens, queries hold anything.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.log = structlog.get_logger("cloud.request")

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

        with bound_contextvars(**_trace(Headers(scope=scope))):
            try:
                await self.app(scope, receive, noted)
            except Exception:
                self.log.exception("request failed", method=scope["method"], route=routing.template(scope))
                raise
            finally:
                self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        is_quiet = scope["path"].startswith(QUIET_PATHS) and status < 500  # noqa: PLR2004 (server errors)
        self.log.log(
            logging.DEBUG if is_quiet else logging.INFO,
            "request",
            method=scope["method"],
            route=routing.template(scope),
            status=status,
            ms=round(seconds * 1000, 1),
        )


def _trace(headers: Headers) -> dict[str, str]:
    found = TRACE_PARENT.fullmatch(headers.get("traceparent", ""))
    return {"trace_id": found[1], "span_id": found[2]} if found else {}


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _last(settings: Settings) -> list[Processor]:
    """Redaction comes after a traceback has become text, for messages of errors hold data as well."""
    if settings.log_format == "json":
        return [
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    return [
        structlog.processors.format_exc_info,
        redact,
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24),
    ]


def _level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def _masked(key: str, value: Any, depth: int = 0) -> Any:
    if isinstance(value, Mapping) and depth < DEEPEST:
        return {str(k): _masked(str(k), v, depth + 1) for k, v in value.items()}
    if value not in (None, "") and (PERSONAL_KEYS.fullmatch(key) or SECRET_KEYS.search(key)):
        return MASK
    if isinstance(value, list | tuple | set | frozenset) and depth < DEEPEST:
        return [_masked(key, item, depth + 1) for item in value]
    if isinstance(value, bool | int | float | None):
        return value
    return _scrubbed(str(value))


def _scrubbed(text: str) -> str:
    for pattern, mask in TELLING_VALUES:
        text = pattern.sub(mask, text)
    return text
