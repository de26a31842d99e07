"""One web process that takes payments one at a time, as ``bench bill_run`` has it do.

It is handed messages, and gets warm on the first of them. Each line ``begin`` on its standard input has it take them
in turn, one every so many milliseconds, until a line ``end``; then it prints how long each took, in milliseconds, as
one line of JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import islice

from starlette.applications import Starlette

from deploy import logs
from deploy.app import create
from deploy.bench.taker import post, signed
from deploy.database import connected
from deploy.settings import Settings

_WARM_UP = 30


async def main(each_ms: int) -> None:
    """Do what this module says."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the application logs is none of the answer
    settings = Settings()
    logs.configure(settings)
    app = create(settings, has_lifespan=False)
    secret = settings.stripe_webhook_secret.get_secret_value()
    messages: Iterator[str] = iter(json.loads(sys.stdin.readline()))
    async with connected(settings.database_url.get_secret_value(), pool=2):
        for message in islice(messages, _WARM_UP):
            await post(app, *signed(message, secret))
        while await asyncio.to_thread(sys.stdin.readline) == "begin\n":
            end = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
            print(json.dumps(await _take(app, messages, secret, each_ms / 1000, end)), file=answers)


async def _take(
    app: Starlette, messages: Iterator[str], secret: str, each: float, end: "asyncio.Task[str]"
) -> list[float]:
    waits: list[float] = []
    while not end.done():
        begun = time.perf_counter()
        message = next(messages, None)
        if message is not None:
            await post(app, *signed(message, secret))
            waits.append(round((time.perf_counter() - begun) * 1000, 2))
        await asyncio.wait({end}, timeout=max(0.0, each - (time.perf_counter() - begun)))
    return waits


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
