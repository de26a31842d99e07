"""All routes of this package."""

from starlette.routing import BaseRoute

from tenants.accounts import pages as accounts
from tenants.banks import brand_pages, institution_pages, member_pages, policy_pages, structure_pages
from tenants.imports import pages as imports
from tenants.life import pages as life
from tenants.life import paper_pages, review_pages
from tenants.offers import bank_pages as bank_offers
from tenants.offers import tenant_pages as offers
from tenants.onboarding import pages as onboarding
from tenants.onboarding.bulk import pages as bulk
from tenants.privacy import isolation_pages
from tenants.privacy import pages as privacy
from tenants.staff import pages as staff
from tenants.support import pages as support


def routes() -> list[BaseRoute]:
    """Return the routes in order of matching."""
    return [
        *onboarding.ROUTES,
        *institution_pages.ROUTES,
        *policy_pages.ROUTES,
        *structure_pages.ROUTES,
        *member_pages.ROUTES,
        *brand_pages.ROUTES,
        *bank_offers.ROUTES,
        *offers.ROUTES,
        *life.ROUTES,
        *review_pages.ROUTES,
        *paper_pages.ROUTES,
        *support.ROUTES,
        *isolation_pages.ROUTES,
        *privacy.ROUTES,
        *bulk.ROUTES,
        *staff.ROUTES,
        *accounts.ROUTES,
        *imports.ROUTES,
    ]
