"""All pages of a scenic site."""

from starlette.routing import BaseRoute

from scenarios.tourism.office import orders, selling
from scenarios.tourism.planning import pages as planning
from scenarios.tourism.shop import pages as shop

ROUTES: list[BaseRoute] = [*planning.ROUTES, *orders.ROUTES, *selling.ROUTES, *shop.ROUTES]
