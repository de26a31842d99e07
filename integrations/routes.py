"""All routes of this package."""

from starlette.routing import BaseRoute

from integrations.apps import routes as apps
from integrations.bank_staff import pages as bank_staff
from integrations.bank_structure import pages as bank_structure
from integrations.provider import authorize, endpoints, logout, smart_pages
from integrations.provider.lti import deep_linking, grades, roster
from integrations.sign_in import account_pages, code_pages, invitation_pages, pages


def routes() -> list[BaseRoute]:
    """Return the routes in order of matching."""
    return [
        *pages.ROUTES,
        *code_pages.ROUTES,
        *account_pages.ROUTES,
        *invitation_pages.ROUTES,
        *bank_staff.ROUTES,
        *bank_structure.ROUTES,
        *apps.routes(),
        *endpoints.ROUTES,
        *authorize.ROUTES,
        *logout.ROUTES,
        *roster.ROUTES,
        *deep_linking.ROUTES,
        *grades.ROUTES,
        *smart_pages.ROUTES,
    ]
