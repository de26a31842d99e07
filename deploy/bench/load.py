"""A bounded load: so many keep-alive connections, each asking again as soon as it has its answer."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import quantiles
from urllib.parse import urlsplit

from deploy.errors import OperatorError

_HEAD_LIMIT = 1 << 20
_LENGTH = b"\r\ncontent-length:"


@dataclass(slots=True)
class Load:
    """What came of it. ``waits`` are seconds from asking to the whole answer."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    bytes_each: int = 0

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.waits) / self.seconds

    def within_ms(self, percent: int) -> float:
        """Return the time in milliseconds within which so many of a hundred answers came."""
        return round(quantiles(self.waits, n=100)[percent - 1] * 1000, 2) if len(self.waits) > 1 else 0.0

    def add(self, other: "Load") -> None:
        """Count another stretch in."""
        self.seconds += other.seconds
        self.waits += other.waits
        self.bytes_each = other.bytes_each


async def drive(url: str, headers: Mapping[str, str], *, seconds: float, connections: int) -> Load:
    """Ask for ``url`` on ``connections`` at once for ``seconds``.

    Raises:
        OperatorError: an answer that is not 200, with its status.
    """
    load, begun = Load(), time.perf_counter()
    ends = begun + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_ask(url, headers, ends, load))
    load.seconds = time.perf_counter() - begun
    return load


async def _ask(url: str, headers: Mapping[str, str], ends: float, load: Load) -> None:
    parts = urlsplit(url)
    lines = [
        f"GET {parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=_HEAD_LIMIT)
    try:
        while (now := time.perf_counter()) < ends:
            writer.write(request)
            load.bytes_each = await _answer(reader)
            load.waits.append(time.perf_counter() - now)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one whole answer and return how many bytes its body has."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200 "):
        raise OperatorError(f"What is measured answered {head.split(b' ', 2)[1].decode()}.")
    _, _, tail = head.partition(_LENGTH)
    length = int(tail.split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return length
