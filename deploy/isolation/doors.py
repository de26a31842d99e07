"""The route table as a list of doors to try."""

import re
from collections.abc import Iterable
from uuid import UUID

from starlette.applications import Starlette
from starlette.routing import Route

REFUSED = frozenset({403, 404})
AWAY = frozenset({303, 401, 403, 404})
_PARAMETER = re.compile(r"\{[^}]+\}")


def doors(app: Starlette, *kinds: str) -> list[Route]:
    """Return the routes that one of these kinds of door leads to."""
    return [r for r in app.routes if isinstance(r, Route) and getattr(r, "door", None) in kinds]


def permission_of(route: Route) -> str:
    """Return what a route asks for."""
    return str(getattr(route, "permission", ""))


def method_of(route: Route) -> str:
    """Return the method that changes something, where there is one."""
    return next(iter(sorted((route.methods or set()) - {"HEAD"}, reverse=True)))


def path_of(route: Route, tenant: str = "", bank: str = "", ids: UUID | str = "") -> str:
    """Return a route's path with these in its places."""
    path = route.path.replace("{tenant}", tenant).replace("{bank}", bank)
    return _PARAMETER.sub(str(ids), path)


def has_ids(route: Route) -> bool:
    """Tell whether a route's path names something besides its place."""
    return bool(re.search(r"\{(?!tenant\}|bank\})", route.path))


def lists(routes: Iterable[Route]) -> list[Route]:
    """Return the pages that may be lists with exports: read, and without an id."""
    return [r for r in routes if method_of(r) == "GET" and not has_ids(r)]
