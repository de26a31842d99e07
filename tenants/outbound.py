"""Calls to addresses that others gave us: no private network is reached, nothing is followed, nothing grows.

The host is resolved first and the connection goes to exactly that address, so that a name cannot point inwards
between the check and the call. Only hosts named in ``runtime().private_hosts`` may be private or without TLS.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import httpx2

from tenants.runtime import runtime
from ui.i18n import Text, t

SECONDS = 10.0
MOST_BYTES = 1_000_000
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class OutboundError(Exception):
    """The call did not end in an answer: unreachable, too slow, too large, sent elsewhere."""

    def __init__(self, text: Text) -> None:
        """Keep what is wrong as a sentence that each reader reads in their language."""
        super().__init__(text)
        self.text = text


class RefusedError(OutboundError):
    """The address is one that we never call; trying again is of no use."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the other side took it (2xx)."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    def expected(self) -> Self:
        """Return the answer if it is a success; ``OutboundError`` otherwise."""
        if not self.is_success:
            raise OutboundError(t("It answered {status}.", status=self.status))
        return self

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object; ``OutboundError`` when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise OutboundError(t("Its answer is not JSON.")) from error
        if not isinstance(found, dict):
            raise OutboundError(t("Its answer is not a JSON object."))
        return found


async def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    content: bytes | None = None,
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """Make one guarded HTTP call with a form, a JSON ``body`` or raw ``content``.

    Raises:
        RefusedError: for an address that must not be called.
        OutboundError: when no complete answer came within ``seconds`` and ``most_bytes``.
    """
    parts = check(url)
    try:
        async with asyncio.timeout(seconds):
            address = await _resolve(parts)
            sent = {"url": _at(parts, address), "data": form, "json": body, "content": content}
            return await _send(method, parts, sent, dict(headers or {}), most_bytes)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
        raise OutboundError(
            t("{host} does not answer ({cause}).", host=parts.hostname, cause=type(error).__name__)
        ) from error


def check(url: str) -> SplitResult:
    """Return the parts of an address that may be called by its looks; ``RefusedError`` otherwise."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError(t("The address cannot be read.")) from error
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username is not None or port == 0:
        raise RefusedError(t("The address is not a plain web address."))
    if parts.scheme != "https" and not _is_excepted(parts):
        raise RefusedError(t("The address is not encrypted."))
    return parts


def _is_excepted(parts: SplitResult) -> bool:
    return parts.netloc.lower() in runtime().private_hosts


async def _resolve(parts: SplitResult) -> str:
    """Return the address to connect to; every address of the name must be public."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not _is_excepted(parts) and not all(map(is_public, addresses)):
        raise RefusedError(t("The address leads into a private network."))
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet; IPv4 inside IPv6 is looked through."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(found) if isinstance(found, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that this one stands for: mapped, 6to4 or NAT64."""
    if address in NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


def _at(parts: SplitResult, address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{host}{port}{parts.path or '/'}{query}"


async def _send(
    method: str, parts: SplitResult, sent: dict[str, Any], headers: dict[str, str], most_bytes: int
) -> Answer:
    given = {name: value for name, value in sent.items() if value is not None}
    extensions = {"sni_hostname": parts.hostname} if parts.scheme == "https" else {}
    headers |= {"Host": parts.netloc, "Accept-Encoding": "identity"}
    async with (
        httpx2.AsyncClient(verify=_tls(), trust_env=False, timeout=SECONDS) as client,
        client.stream(method, **given, headers=headers, extensions=extensions) as response,
    ):
        if response.is_redirect:
            raise OutboundError(t("{host} sends us elsewhere.", host=parts.hostname))
        return Answer(response.status_code, dict(response.headers), await _read(response, most_bytes))


async def _read(response: httpx2.Response, most_bytes: int) -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most_bytes:
            raise OutboundError(t("Its answer is too large."))
    return body


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
