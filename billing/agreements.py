"""The routes of what institutions and payers agree on: credit, terms, and how bills are paid and answered."""

from starlette.routing import BaseRoute

from billing import terms_pages
from billing.answers import pages as answers
from billing.credit import pages as credit
from billing.mandates import pages as mandates
from billing.mandates import proxy_pages as proxies
from billing.reminders import pages as reminders
from billing.transfers import pages as transfers

PARTS = (credit, answers, reminders, transfers, mandates, proxies, terms_pages)
ROUTES: list[BaseRoute] = [route for part in PARTS for route in part.ROUTES]
