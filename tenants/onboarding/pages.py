"""The bank's console."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
