"""All routes of apps."""

from starlette.routing import BaseRoute

from integrations.apps import icons
from integrations.apps.vendors import pages, register_pages, review_pages, version_pages

ROUTES: list[BaseRoute] = [
    *icons.ROUTES,
    *register_pages.ROUTES,
    *pages.ROUTES,
    *version_pages.ROUTES,
    *review_pages.ROUTES,
]
