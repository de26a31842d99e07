"""All routes of this package."""

from starlette.routing import BaseRoute

from tenants.accounts import pages as accounts
from tenants.banks import institution_pages, policy_pages
from tenants.imports import pages as imports
from tenants.onboarding import pages as onboarding
from tenants.staff import pages as staff


def routes() -> list[BaseRoute]:
    """Return the routes in order of matching."""
    return [
        *onboarding.ROUTES,
        *institution_pages.ROUTES,
        *policy_pages.ROUTES,
        *staff.ROUTES,
        *accounts.ROUTES,
        *imports.ROUTES,
    ]
