"""Taking money at the desk and closing the day."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
