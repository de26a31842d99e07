"""Fees, runs and bills for a tenant's staff."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
