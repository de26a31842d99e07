"""Payments, refunds and unassigned money for a tenant's staff."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
