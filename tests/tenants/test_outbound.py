"""Calls outwards: nothing private, nothing followed, nothing endless."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import tenants.runtime
from tenants.outbound import Answer, OutboundError, RefusedError, call, check, is_public


class Outside(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/")
            self.end_headers()
            return
        body = b"x" * 5000 if self.path == "/large" else b'{"host": "%s"}' % self.headers["Host"].encode()
        if self.path == "/slow":
            threading.Event().wait(0.5)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Kind", self.headers["Content-Type"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Stay quiet."""


@pytest.fixture
def outside(committed) -> Iterator[str]:
    """A server on a private address that is excepted by name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Outside)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    before = tenants.runtime.runtime()
    netloc = f"127.0.0.1:{server.server_port}"
    tenants.runtime.use(replace(before, private_hosts=frozenset({netloc})))
    yield f"http://{netloc}"
    tenants.runtime.use(before)
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_exceptions(committed) -> Iterator[None]:
    before = tenants.runtime.runtime()
    tenants.runtime.use(replace(before, private_hosts=frozenset()))
    yield
    tenants.runtime.use(before)


async def test_an_excepted_host_is_called(outside):
    answer = await call("GET", f"{outside}/")
    assert (answer.status, answer.json()) == (200, {"host": outside.removeprefix("http://")})
    posted = await call("POST", outside, form={"a": "1 2"})
    assert (posted.status, posted.body, posted.headers["x-kind"]) == (
        201,
        b"a=1+2",
        "application/x-www-form-urlencoded",
    )
    assert (await call("POST", outside, body={"a": 1})).json() == {"a": 1}


async def test_the_exception_is_for_that_port_alone(outside):
    with pytest.raises(RefusedError):
        await call("GET", "http://127.0.0.1:1/")
    with pytest.raises(RefusedError):
        await call("GET", "https://127.0.0.1/")


@pytest.mark.parametrize("path", ["/elsewhere", "/large", "/slow"])
async def test_what_leads_elsewhere_or_never_ends_is_given_up(outside, path):
    with pytest.raises(OutboundError):
        await call("GET", outside + path, most_bytes=1000, seconds=0.2)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:pass@example.com/",
        "https://user@example.com/",
        "https:///path",
        "https://example.com:0/",
        "https://example.com:port/",
        "https://[::1/",
        "example.com",
        "",
    ],
)
def test_what_is_no_plain_encrypted_address_is_refused(no_exceptions, url):
    with pytest.raises(RefusedError):
        check(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fd00::1]",
        "[fe80::1]",
        "2130706433",
        "0x7f000001",
    ],
)
async def test_private_networks_are_refused(no_exceptions, host):
    with pytest.raises(RefusedError):
        await call("GET", f"https://{host}/")


async def test_a_name_with_one_private_address_is_refused(no_exceptions, monkeypatch):
    async def resolve(*_args: object, **_named: object) -> list[tuple]:
        return [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolve)
    with pytest.raises(RefusedError):
        await call("GET", "https://rebinding.example/")


def test_public_and_private():
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    assert not is_public("224.0.0.1")
    assert not is_public("2002:0a00:0001::")
    assert not is_public("64:ff9b::a00:1")


def test_only_an_object_is_an_answer():
    for body in (b"", b"[]", b"x", b'"x"', b"\xff"):
        with pytest.raises(OutboundError):
            Answer(200, {}, body).json()
    with pytest.raises(OutboundError):
        Answer(404, {}, b"{}").expected()
