"""The pages of routing: the institution's own, among its terms."""

from starlette.routing import BaseRoute

from billing.routing import terms_page

terms_page.register()
ROUTES: list[BaseRoute] = []
