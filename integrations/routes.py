"""All routes of this package."""

from starlette.routing import BaseRoute

from integrations.sign_in import pages as sign_in


def routes() -> list[BaseRoute]:
    """Return the routes in order of matching."""
    return [*sign_in.ROUTES]
