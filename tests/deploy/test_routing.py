import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from deploy import routing


async def show(request: Request) -> Response:
    return PlainTextResponse("shown")


def test_the_table_names_path_methods_door_permission_and_name() -> None:
    voiding = Route("/bills/{id}/voiding", show, methods=["POST"], name="voiding")
    voiding.door, voiding.permission = "tenant", "bills.void"  # type: ignore[attr-defined]
    inner = [Route("/bills/{id}", show, name="bill"), voiding]
    app = Starlette(routes=[Route("/", show, name="home"), Mount("/t/{tenant}", routes=inner)])
    assert routing.table(app) == [
        routing.Row("/", ("GET",), "", "", "home"),
        routing.Row("/t/{tenant}/bills/{id}", ("GET",), "", "", "bill"),
        routing.Row("/t/{tenant}/bills/{id}/voiding", ("POST",), "tenant", "bills.void", "voiding"),
    ]


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/", show),
        Route("/t/{tenant}", show),
        Route("/t/{tenant}/bills/{id}", show),
        Route("/t/{tenant}/bills", show, methods=["POST"]),
        Route("/files/{path:path}", show, name="file"),
        Mount("/inner", routes=[Route("/a/b/c", show)]),
    ]
    app = Starlette()
    app.router = routing.IndexedRouter(routes)
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/t/one", 200),
        ("/t/one/", 307),
        ("/t/one/bills/7", 200),
        ("/t/one/bills", 405),
        ("/t/one/other", 404),
        ("/files/a/b/c/d", 200),
        ("/inner/a/b/c", 200),
        ("/nowhere/at/all", 404),
        ("//t/one", 404),
    ],
)
def test_the_index_answers_as_a_full_search_would(client, path, status) -> None:
    assert client.get(f"http://testserver{path}").status_code == status


def test_a_named_route_gives_its_path_and_an_unknown_name_an_error(client) -> None:
    assert client.app.url_path_for("file", path="a/b") == "/files/a/b"
    with pytest.raises(Exception, match="nothing"):
        client.app.url_path_for("nothing")


def test_addresses_cannot_grow_the_index(client) -> None:
    for number in range(50):
        client.get(f"/t/one/{number}")
        client.get(f"/{number}/x/y")
    assert len(client.app.router._routers) <= 4
