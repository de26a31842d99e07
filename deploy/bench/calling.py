"""Calling the application as a server would, in the process that measures it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message


async def call(  # noqa: PLR0917 - one request
    app: ASGIApp,
    method: str,
    path: str,
    query: str = "",
    form: Mapping[str, str] | None = None,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Call the application as a server would, and return the status and the body."""
    told = {"host": "bench", "accept": "text/html", **(headers or {})}
    if form is not None:
        body, told = urlencode(form).encode(), told | {"content-type": "application/x-www-form-urlencoded"}
    told["content-length"] = str(len(body))
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in told.items()], "scheme": "http",
        "server": ("bench", 80), "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    status, parts = 0, list[bytes]()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(parts)
