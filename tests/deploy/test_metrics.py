import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy import metrics, places
from deploy.settings import Settings

COUNTING = """
from deploy import metrics
with metrics.job("import"):
    pass
"""
RENDERING = """
import asyncio
from deploy import metrics
print(asyncio.run(metrics.render()).decode())
"""


async def show(request: Request) -> Response:
    return PlainTextResponse("a bill")


async def fail(request: Request) -> Response:
    raise ValueError("broken")


@pytest.fixture
def app(data_dir: Path) -> Starlette:
    settings = Settings(data_dir=data_dir, metrics_token="let-me-see")
    routes = [Route("/bills/{bill}", show), Route("/fail", fail), *metrics.routes(settings)]
    return Starlette(routes=routes, middleware=metrics.middleware())


@pytest.fixture(autouse=True)
def _no_gauges() -> Iterator[None]:
    yield
    metrics._gauges.clear()


def browser(app: Starlette, address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://cloud")


def value(text: str, name: str, **labels: str) -> float:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0


async def test_requests_are_counted_by_template_and_status(app: Starlette) -> None:
    async with browser(app) as client:
        before = (await client.get("/metrics")).text
        for path in ("/bills/1", "/bills/2", "/fail", "/nowhere/1", "/nowhere/2"):
            await client.get(path)
        after = (await client.get("/metrics")).text
    for route, status, count in (("/bills/{bill}", "200", 2), ("/fail", "500", 1), ("unmatched", "404", 2)):
        labels = {"route": route, "status": status, "method": "GET"}
        name = "cloud_request_seconds_count"
        assert value(after, name, **labels) - value(before, name, **labels) == count
    assert "nowhere" not in after


async def test_a_made_up_method_does_not_make_a_series(app: Starlette) -> None:
    async with browser(app) as client:
        await client.request("BREW", "/bills/1")
        text = (await client.get("/metrics")).text
    assert "BREW" not in text
    assert value(text, "cloud_request_seconds_count", method="OTHER") >= 1


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 403),
        ("10.0.0.7", {"Authorization": "Bearer let-me-see"}, 200),
        ("10.0.0.7", {"Authorization": "Bearer let-me-se"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("unix", {}, 403),
    ],
)
async def test_who_may_see_them(app: Starlette, address: str, headers: dict[str, str], status: int) -> None:
    async with browser(app, address) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status


async def test_no_token_set_means_no_token_accepted(data_dir: Path) -> None:
    app = Starlette(routes=metrics.routes(Settings(data_dir=data_dir)))
    async with browser(app, "10.0.0.7") as client:
        assert (await client.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 403


async def test_a_gauge_is_read_at_each_scrape_and_a_broken_one_left_out(app: Starlette) -> None:
    depths = iter((7.0, 3.0))

    async def depth() -> float:
        return next(depths)

    async def broken() -> float:
        raise OSError("no database")

    metrics.gauge("cloud_outbox_depth", "Rows not yet drained.", depth)
    metrics.gauge("cloud_broken", "Never there.", broken)
    async with browser(app) as client:
        texts = [(await client.get("/metrics")).text for _ in range(2)]
    assert [value(text, "cloud_outbox_depth") for text in texts] == [7, 3]
    assert "cloud_broken" not in texts[0]


async def test_jobs_are_counted_by_outcome() -> None:
    before = (await metrics.render()).decode()
    with metrics.job("bills.issue"):
        pass
    with pytest.raises(ValueError, match="broken"), metrics.job("bills.issue"):
        raise ValueError("broken")
    after = (await metrics.render()).decode()
    for outcome in ("done", "failed"):
        labels = {"job": "bills.issue", "outcome": outcome}
        counted = [value(text, "cloud_job_seconds_count", **labels) for text in (before, after)]
        assert counted[1] - counted[0] == 1


def test_processes_with_a_common_folder_are_counted_together(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in places.shared_metrics(data_dir).items():
        monkeypatch.setenv(name, text)
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNTING], check=True)
    text = subprocess.run(
        [sys.executable, "-c", RENDERING], check=True, capture_output=True, text=True
    ).stdout
    assert value(text, "cloud_job_seconds_count", job="import", outcome="done") == 2
