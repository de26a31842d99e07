"""The route table: looked up by an address's first words, named in logs and metrics, printed by ``cloud routes``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from starlette.applications import Starlette
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Mount, NoMatchFound, Route, Router
from starlette.types import Receive, Scope, Send

UNMATCHED = "unmatched"
TELLING = (1, 3)
"""Which segments of a path divide the routes: ``/my/…`` by the first, ``/t/{tenant}/bills/…`` by the third too."""


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


class IndexedRouter(Router):
    """Tries only the routes that share an address's telling segments, in their order, by Starlette's own router.

    Trying hundreds of patterns one after another would cost each page more than its query. There is one small
    router for each pair of words that routes are written with, whatever addresses are asked for.
    """

    def __init__(self, routes: list[BaseRoute], **kwargs: Any) -> None:
        super().__init__(routes=routes, **kwargs)
        self._words = [{_word(route, n) for route in routes} - {None} for n in TELLING]
        self._routers: dict[tuple[str, ...], Router] = {}
        self._named = {route.name: route for route in reversed(routes) if isinstance(route, Route)}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the router of its segments."""
        if scope["type"] != "http":
            await super().app(scope, receive, send)
            return
        scope.setdefault("router", self)
        await self._router(scope["path"].removeprefix(scope.get("root_path", ""))).app(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Return the path of a named route; mounts and unknown names are looked for as Starlette does."""
        try:
            return self._named[name].url_path_for(name, **path_params)
        except (KeyError, NoMatchFound):
            return super().url_path_for(name, **path_params)

    def _router(self, path: str) -> Router:
        segments = path.split("/", max(TELLING) + 1)
        found = (segments[n] if n < len(segments) else "" for n in TELLING)
        key = tuple(text if text in words else "{}" for text, words in zip(found, self._words, strict=True))
        if key not in self._routers:
            routes = [route for route in self.routes if _may_fit(route, key)]
            self._routers[key] = Router(routes, redirect_slashes=self.redirect_slashes)
        return self._routers[key]


def _word(route: BaseRoute, position: int) -> str | None:
    """Return the word that a route's path has at a position; ``None`` where anything may stand there."""
    segments = str(getattr(route, "path", "")).split("/")
    if any(":path}" in segment for segment in segments[: position + 1]):
        return None
    if position >= len(segments):
        return None if isinstance(route, Mount) or not hasattr(route, "path") else ""
    return None if "{" in segments[position] else segments[position]


def _may_fit(route: BaseRoute, key: tuple[str, ...]) -> bool:
    return all(_word(route, n) in {None, text} for n, text in zip(TELLING, key, strict=True))
