"""The service that compares faces, asked over HTTP: the sandbox's own, and one that fails in every way it can."""

import asyncio
from functools import partial

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy import likeness
from deploy.likeness import HttpLikeness
from deploy.sandbox import faces

ANN, BEN = b"\xff\xd8\xff Ann", b"\xff\xd8\xff Ben"


@pytest.fixture
def served(monkeypatch):
    """Have the client reach an application of ours, and no network."""

    def serve(*routes: Route) -> HttpLikeness:
        transport = httpx.ASGITransport(app=Starlette(routes=list(routes)))
        monkeypatch.setattr(httpx, "AsyncClient", partial(httpx.AsyncClient, transport=transport))
        return HttpLikeness("http://faces.test/faces/")

    return serve


@pytest.mark.parametrize(
    ("kept", "seen", "answer"), [(ANN, ANN, "same"), (ANN, BEN, "different"), (ANN, b"no picture", "unsure")]
)
async def test_the_sandboxs_service_tells_faces_apart(served, kept, seen, answer):
    assert await served(*faces.routes()).compare(kept, seen) == answer


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"likeness": "same"}, status_code=500),
        JSONResponse({"likeness": "perhaps"}),
        JSONResponse({}),
        PlainTextResponse("no JSON"),
    ],
    ids=["fails", "another word", "no word", "no JSON"],
)
async def test_whatever_else_it_says_leaves_it_to_the_keeper(served, answer):
    async def compare(request: Request) -> Response:
        del request
        return answer

    service = served(Route("/faces/comparisons", compare, methods=["POST"]))
    assert await service.compare(ANN, ANN) == "unsure"


async def test_a_service_that_is_away_or_silent_leaves_it_to_the_keeper(monkeypatch):
    monkeypatch.setattr(likeness, "PATIENCE_SECONDS", 0.05)
    assert await HttpLikeness("http://127.0.0.1:1/faces").compare(ANN, ANN) == "unsure"

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await HttpLikeness(f"http://127.0.0.1:{port}/faces").compare(ANN, ANN) == "unsure"
