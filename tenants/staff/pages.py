"""Staff, audit and background work of a tenant."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
