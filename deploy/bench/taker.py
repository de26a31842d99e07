"""One web process of ``bench pay``: it is handed messages, gets warm, waits for the word, and takes them all.

Each message goes through the whole application as an ASGI server hands it over; what is answered, and whatever the
application still does after its answer, is waited for before the next one is taken.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import stripe
from starlette.applications import Starlette

from deploy import logs
from deploy.app import create
from deploy.database import connected
from deploy.settings import Settings
from tenants.actor import Actor
from tenants.jobs import job, subscribe

HEARD = "bench.payment_heard"


async def _heard(_actor: Actor, _payload: dict[str, Any]) -> None:
    """What somebody would do who listens for payments; nobody works the queue here."""


async def main(connections: int, warm_up: int) -> None:
    """Take the messages on standard input and print how long it took."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the application logs is none of the answer
    settings = Settings()
    logs.configure(settings)
    app = create(settings, has_lifespan=False)
    job(HEARD)(_heard)
    subscribe("payment.succeeded", HEARD)
    secret = settings.stripe_webhook_secret.get_secret_value()
    async with connected(settings.database_url.get_secret_value(), pool=connections):
        messages = [signed(each, secret) for each in json.loads(sys.stdin.readline())]
        await _take(app, iter(messages[:warm_up]), connections)
        print("warm", file=answers)
        sys.stdin.readline()
        cpu, begun = time.process_time(), time.perf_counter()
        waits = await _take(app, iter(messages[warm_up:]), connections)
        seconds = time.perf_counter() - begun
        answer = {"seconds": seconds, "cpu": time.process_time() - cpu, "waits_ms": waits}
        print(json.dumps(answer), file=answers)


def signed(body: str, secret: str) -> tuple[bytes, bytes]:
    """Return a message as Stripe sends it: the body, and its signature by the webhook's secret."""
    return body.encode(), stripe.WebhookSignature.generate_signature_header(body, secret, None).encode()


async def _take(app: Starlette, messages: Iterator[tuple[bytes, bytes]], connections: int) -> list[float]:
    waits: list[float] = []

    async def one_by_one() -> None:
        for body, signature in messages:
            begun = time.perf_counter()
            await post(app, body, signature)
            waits.append(round((time.perf_counter() - begun) * 1000, 2))

    await asyncio.gather(*(one_by_one() for _ in range(connections)))
    return waits


async def post(app: Starlette, body: bytes, signature: bytes) -> None:
    """Hand the application one message, and wait for all that it does with it."""
    headers = [
        (b"host", urlsplit(os.environ.get("PUBLIC_URL", "http://127.0.0.1")).netloc.encode()),
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"user-agent", b"Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
        (b"stripe-signature", signature),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/webhooks/stripe",
        "raw_path": b"/webhooks/stripe",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    sent: list[Any] = []
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(parts, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["status"] != 200:  # noqa: PLR2004
        raise RuntimeError(f"a message was answered {sent[0]['status']}")


def _arguments(given: Sequence[str]) -> tuple[int, int]:
    connections, warm_up = given
    return int(connections), int(warm_up)


if __name__ == "__main__":
    asyncio.run(main(*_arguments(sys.argv[1:])))
