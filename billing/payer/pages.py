"""Bills, paying and receipts for payers."""

from starlette.routing import BaseRoute

ROUTES: list[BaseRoute] = []
