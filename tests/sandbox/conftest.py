"""A running sandbox, and somebody who receives its webhooks."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import stripe

from deploy.sandbox.server import Server
from tests.asking import NOBODY


@dataclass
class Received:
    path: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Receiver:
    """Takes POSTs, answers with the next status in `answers`, else 200."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def wait(self, count: int, seconds: float = 5.0) -> list[Received]:
        wait_for(lambda: len(self.received) >= count, seconds)
        return self.received


def wait_for(test: Callable[[], Any], seconds: float = 5.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := test():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def control(sandbox: Server) -> Iterator[httpx.Client]:
    """The control API, everything forgotten before each test."""
    with httpx.Client(base_url=f"{sandbox.url}/control", verify=NOBODY, trust_env=False) as client:
        assert client.post("/reset").status_code == 200
        yield client


@pytest.fixture
def browser(sandbox: Server, control: httpx.Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, verify=NOBODY, trust_env=False) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    inbox = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            inbox.received.append(Received(self.path, body, {k.lower(): v for k, v in self.headers.items()}))
            self.send_response(inbox.answers.pop(0) if inbox.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inbox.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield inbox
    server.shutdown()
    server.server_close()


@pytest.fixture
def api(sandbox: Server, control: httpx.Client) -> stripe.StripeClient:
    """The real SDK, pointed at the sandbox by base address alone, without retries of its own."""
    return stripe.StripeClient(
        "sk_test_sandbox", base_addresses={"api": sandbox.stripe_base}, max_network_retries=0
    )


@pytest.fixture
def account(api: stripe.StripeClient) -> str:
    created = api.v1.accounts.create({"country": "CN", "business_profile": {"name": "Seaview Property"}})
    return str(created.id)
