"""All routes of apps."""

from starlette.routing import BaseRoute

from integrations.apps import icons
from integrations.apps.api import documents
from integrations.apps.api import routes as api
from integrations.apps.catalogue import directory_pages, settings_pages
from integrations.apps.catalogue import pages as catalogue
from integrations.apps.launching import pages as launching
from integrations.apps.placing import pages as placing
from integrations.apps.scim import server as scim
from integrations.apps.vendors import pages, register_pages, review_pages, version_pages
from integrations.apps.webhooks import pages as webhooks


def routes() -> list[BaseRoute]:
    """Return the routes in order of matching; what the API offers must have been told by then."""
    return [*ROUTES, *api.routes()]


ROUTES: list[BaseRoute] = [
    *icons.ROUTES,
    *documents.ROUTES,
    *register_pages.ROUTES,
    *pages.ROUTES,
    *version_pages.ROUTES,
    *review_pages.ROUTES,
    *webhooks.ROUTES,
    *catalogue.ROUTES,
    *settings_pages.ROUTES,
    *directory_pages.ROUTES,
    *placing.ROUTES,
    *launching.ROUTES,
    *scim.ROUTES,
]
