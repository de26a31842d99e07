"""Reports and the tenant's overview."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
