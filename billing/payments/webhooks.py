"""Where channels report."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
