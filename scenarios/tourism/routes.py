"""All pages of a scenic site."""

from starlette.routing import BaseRoute

from scenarios.tourism.agencies import routes as agencies
from scenarios.tourism.board import pages as board
from scenarios.tourism.gates import device_pages
from scenarios.tourism.gates import staff as gates
from scenarios.tourism.office import orders, selling
from scenarios.tourism.passes import pages as passes
from scenarios.tourism.planning import pages as planning
from scenarios.tourism.shop import pages as shop
from scenarios.tourism.standing import pages as standing

ROUTES: list[BaseRoute] = [
    *planning.ROUTES,
    *orders.ROUTES,
    *selling.ROUTES,
    *gates.ROUTES,
    *agencies.ROUTES,
    *standing.ROUTES,
    *passes.ROUTES,
    *device_pages.ROUTES,
    *board.ROUTES,
    *board.PUBLIC,
    *shop.ROUTES,
]
