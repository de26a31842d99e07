"""All routes of this package."""

from starlette.routing import BaseRoute

from billing import agreements
from billing.adjustments import pages as adjustments
from billing.bank_terms import pages as bank_terms
from billing.bulk import pages as bulk
from billing.charges import pages as charges
from billing.checkouts import pages as checkouts
from billing.complaints import pages as complaints
from billing.desk import pages as desk
from billing.disputes import pages as disputes
from billing.institution import pages as institution
from billing.ledger import pages as ledger
from billing.offers import pages as offers
from billing.oversight import pages as oversight
from billing.payer import pages as payer
from billing.payments import pages as payments
from billing.plans import pages as plans
from billing.reconciliation import pages as reconciliation
from billing.reports import pages as reports
from billing.risk import pages as risk
from billing.routing import pages as routing
from billing.rules import pages as rules
from billing.sealing import pages as sealing
from billing.splits import pages as splits
from billing.takeout import pages as takeout
from billing.trial import pages as trial
from billing.wallets import pages as wallets
from billing.worklist import pages as worklist


def routes() -> list[BaseRoute]:
    """Return the routes in order of matching."""
    parts = (
        reports,
        rules,
        charges,
        adjustments,
        plans,
        payments,
        reconciliation,
        desk,
        agreements,
        payer,
        institution,
        worklist,
        disputes,
        splits,
        wallets,
        ledger,
        sealing,
        bulk,
        checkouts,
        routing,
        bank_terms,
        offers,
        trial,
        oversight,
        risk,
        complaints,
        takeout,
    )
    return [route for part in parts for route in part.ROUTES]
