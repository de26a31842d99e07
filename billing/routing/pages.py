"""The pages of routing: the institution's own among its terms, and the bank's fee."""

from starlette.routing import BaseRoute

from billing.routing import bank_pages, terms_page

terms_page.register()
ROUTES: list[BaseRoute] = [*bank_pages.ROUTES]
