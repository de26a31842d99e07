"""What the application as a whole must do."""

import re

from starlette.routing import Match, Mount, Route

from deploy import docs, routing
from tests.page import inspect


def first(routes, path: str, method: str):
    scope = {"type": "http", "path": path, "method": method, "root_path": ""}
    return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)


def test_every_route_is_found_where_a_full_search_finds_it(app) -> None:
    assert len(app.routes) > 100
    router = app.router
    assert isinstance(router, routing.IndexedRouter)
    for route in app.routes:
        assert isinstance(route, Route | Mount)
        for word in ("x", "bills", "00000000-0000-0000-0000-000000000000"):
            path = re.sub(r"{[^}]+}", word, route.path)
            method = min(route.methods or {"GET"}) if isinstance(route, Route) else "GET"
            few = router._router(path).routes
            assert first(few, path, method) is first(app.routes, path, method), path
            assert len(few) < len(app.routes)


async def test_the_documentation_shows_diagrams_and_no_source_of_them(db, client):
    answer = await client.get("/docs/billing")
    assert answer.status_code == 200
    assert 'class="states"' in answer.text
    assert "stateDiagram" not in answer.text
    inspect(answer.text)


async def test_every_page_of_the_documentation_opens(db, client):
    names = [*docs.pages()]
    assert {"start", "tenants", "billing", "scenarios", "deploy"} <= {*names}
    for name in names:
        answer = await client.get(f"/docs/{name}")
        assert (answer.status_code, answer.text.count("<h1")) == (200, 1), name
