"""Imports, step by step."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
