import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from deploy import logs
from deploy.settings import Settings
from ui.security import RequestId


class Lines:
    """What was logged, as read back from the JSON that an operator would get."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def named(self, event: str) -> dict[str, Any]:
        return next(line for line in self.all() if line["event"] == event)


@pytest.fixture
def lines(data_dir: Path) -> Iterator[Lines]:
    kept, before = Lines(), logging.getLogger().handlers[:]
    settings = Settings(data_dir=data_dir, log_format="json")
    logs.configure(settings)
    structlog.configure(cache_logger_on_first_use=False)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(kept.stream)
    yield kept
    logging.getLogger().handlers = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


async def show(request: Request) -> Response:
    structlog.get_logger("cloud.test").info("inside", bill=request.path_params["bill"])
    return PlainTextResponse(logs.request_id())


async def fail(request: Request) -> Response:
    raise ValueError("no bill for ming@example.com")


@pytest.fixture
def client(lines: Lines) -> TestClient:
    inner = [Route("/bills/{bill}", show), Route("/fail", fail), Route("/healthz", show_health)]
    routes = [*inner, Mount("/t/{tenant}", routes=[Route("/bills/{bill}", show)])]
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(RequestId), *logs.middleware()]),
        raise_server_exceptions=False,
    )


async def show_health(request: Request) -> Response:
    return PlainTextResponse("ok")


def test_a_request_is_one_line_with_the_route_and_never_the_query(client: TestClient, lines: Lines) -> None:
    answer = client.get("/bills/tok-4711?email=ming@example.com")
    line = lines.named("request")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/bills/{bill}", 200)
    assert line["ms"] >= 0
    assert line["request_id"] == answer.headers["x-request-id"] == answer.text
    assert "ming" not in lines.stream.getvalue()


def test_the_route_of_a_mount_names_no_tenant(client: TestClient, lines: Lines) -> None:
    client.get("/t/secret-garden/bills/1")
    assert lines.named("request")["route"] == "/t/{tenant}/bills/{bill}"
    assert "secret-garden" not in lines.stream.getvalue()


def test_an_unknown_address_is_not_repeated(client: TestClient, lines: Lines) -> None:
    client.get("/ming-at-home")
    assert (lines.named("request")["route"], lines.named("request")["status"]) == ("unmatched", 404)
    assert "ming" not in lines.stream.getvalue()


def test_the_callers_request_id_and_trace_are_kept(client: TestClient, lines: Lines) -> None:
    trace, number = "0af7651916cd43dd8448eb211c80319c", uuid4().hex
    client.get("/bills/1", headers={"X-Request-ID": number, "traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    for event in ("inside", "request"):
        assert (lines.named(event)["request_id"], lines.named(event)["trace_id"]) == (number, trace)


@pytest.mark.parametrize("given", ["short", "x" * 65, "new line", '{"a":1}'])
def test_an_indecent_request_id_is_replaced(client: TestClient, given: str) -> None:
    assert client.get("/bills/1", headers={"X-Request-ID": given}).headers["x-request-id"] != given


def test_a_failure_is_logged_with_its_traceback_and_without_the_person(
    client: TestClient, lines: Lines
) -> None:
    assert client.get("/fail").status_code == 500
    failure = lines.named("request failed")
    assert "ValueError: no bill for •••" in failure["exception"]
    assert lines.named("request")["status"] == 500


def test_health_checks_do_not_fill_the_log(client: TestClient, lines: Lines) -> None:
    client.get("/healthz")
    assert lines.all() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2"), ("stripe_api_key", "hunter2"), ("Authorization", "hunter2"),
        ("set_cookie", "hunter2"), ("refresh_token", "hunter2"), ("client_secret", "hunter2"),
        ("email", "hunter2"), ("legal_name", "hunter2"), ("payer_phone", "hunter2"), ("iban", "hunter2"),
        ("note", "write to hunter2@example.com"), ("note", "Bearer hunter2"), ("note", "sk_live_hunter2"),
        ("note", "whsec_hunter2"), ("note", "postgresql://app:hunter2@db/x"),
        ("note", "https://cloud.example/pay?code=hunter2"),
        ("details", {"deep": [{"email": "hunter2"}, "hunter2@example.com"]}),
    ],
)  # fmt: skip
def test_secrets_and_persons_are_masked(lines: Lines, key: str, value: object) -> None:
    structlog.get_logger("cloud.test").info("noted", **{key: value})
    assert lines.named("noted")[key]
    assert "hunter2" not in lines.stream.getvalue()


@pytest.mark.parametrize(
    "number", ["13812345678", "11010519491231002X", "4242 4242 4242 4242", "6222021234567890123"]
)
def test_numbers_of_persons_are_masked_in_any_text(lines: Lines, number: str) -> None:
    logging.getLogger("some.library").warning("cannot send to %s today", number)
    assert lines.all()[0]["event"] == "cannot send to ••• today"


def test_what_helps_is_left_alone(lines: Lines) -> None:
    facts = {
        "bill": str(uuid4()),
        "amount_minor": 12345,
        "currency": "SGD",
        "job": "bills.issue",
        "rows": [1, 2],
    }
    structlog.get_logger("cloud.test").info("noted", **facts)
    line = lines.named("noted")
    assert {key: line[key] for key in facts} == facts
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_libraries_that_log_addresses_are_quiet(lines: Lines) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://bank.example/?code=1")
    logging.getLogger("_granian").info("Started worker-1")
    assert [line["event"] for line in lines.all()] in (["Started worker-1"], [])
