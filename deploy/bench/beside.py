"""Payments of another institution while something large goes on, and how long each of them took."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles

from deploy.settings import Settings


@dataclass(frozen=True, slots=True)
class Waits:
    """How long payments took, in milliseconds."""

    waits_ms: Sequence[float]

    def facts(self) -> dict[str, float]:
        """Return the count, median, 99th percentile and the longest."""
        if len(self.waits_ms) < 2:  # noqa: PLR2004 - what quantiles need; a slow machine may take one or none
            return {"payments": len(self.waits_ms)} | dict.fromkeys(("p50_ms", "p99_ms", "longest_ms"), 0.0)
        cut = quantiles(self.waits_ms, n=100)
        figures = {"p50_ms": cut[49], "p99_ms": cut[98], "longest_ms": max(self.waits_ms)}
        return {"payments": len(self.waits_ms), **{name: round(each, 1) for name, each in figures.items()}}


class Beside:
    """The process, as the measure talks to it."""

    def __init__(self, settings: Settings, messages: Sequence[str], each_ms: int) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "deploy.bench.till", str(each_ms)],
            env=os.environ | settings.environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(json.dumps(list(messages)))

    def _say(self, line: str) -> None:
        assert self._child.stdin is not None  # noqa: S101 - a pipe
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()

    @asynccontextmanager
    async def taking(self, found: list[Waits]) -> AsyncIterator[None]:
        """Take payments during the block, and add how long they took to ``found``."""
        self._say("begin")
        yield
        self._say("end")
        assert self._child.stdout is not None  # noqa: S101 - a pipe
        found.append(Waits(json.loads(await asyncio.to_thread(self._child.stdout.readline))))

    def close(self) -> None:
        """End the process."""
        self._child.communicate()
