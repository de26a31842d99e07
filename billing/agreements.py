"""The routes of what institutions and payers agree on: credit, terms, and how bills are paid and answered."""

from starlette.routing import BaseRoute

from billing import terms_pages
from billing.answers import pages as answers
from billing.credit import pages as credit
from billing.reminders import pages as reminders

ROUTES: list[BaseRoute] = [*credit.ROUTES, *answers.ROUTES, *reminders.ROUTES, *terms_pages.ROUTES]
