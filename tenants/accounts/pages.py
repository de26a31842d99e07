"""Accounts and holders."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
