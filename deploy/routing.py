"""The route table as data: what a request is called in logs and metrics, and what ``cloud routes`` prints."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

UNMATCHED = "unmatched"


@dataclass(frozen=True)
class Row:
    """One route: full path template, methods, who may come in, and its name.

    ``door`` is ``tenant``, ``bank``, ``person`` or ``public``, empty for machinery; ``permission`` is what is
    asked for there, or why the door is public.
    """

    path: str
    methods: tuple[str, ...]
    door: str
    permission: str
    name: str


_templates: WeakKeyDictionary[Starlette, dict[int, str]] = WeakKeyDictionary()


def template(scope: Scope) -> str:
    """Return the path template that served a request (``/bills/{id}``), which names nobody.

    Call it after the router has run. Unknown addresses share one name, so that nobody can fill the metrics.
    """
    app, route = scope.get("app"), scope.get("route")
    if route is None or not isinstance(app, Starlette):
        return UNMATCHED
    if app not in _templates:
        _templates[app] = {id(found): path for path, found in walk(app.routes)}
    return _templates[app].get(id(route), UNMATCHED)


def walk(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, BaseRoute]]:
    """Give every route with its full path template, mounts before what is mounted in them."""
    for route in routes:
        path = prefix + str(getattr(route, "path", ""))
        yield path, route
        if isinstance(route, Mount):
            yield from walk(route.routes, path)


def table(app: Starlette) -> list[Row]:
    """Return all plain routes in the order in which they are tried; HEAD goes without saying."""
    return [_row(path, route) for path, route in walk(app.routes) if isinstance(route, Route)]


def _row(path: str, route: Route) -> Row:
    methods = tuple(sorted((route.methods or set()) - {"HEAD"})) or ("ANY",)
    door, permission = (str(getattr(route, label, "")) for label in ("door", "permission"))
    return Row(path, methods, door, permission, route.name or "")
