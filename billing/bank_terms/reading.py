"""What an institution's bank offers it now, read in the institution's own scope."""

import json
from uuid import UUID

from billing.bank_terms.document import EVERYTHING, WAYS, BankTerms
from billing.routing.terms import BankFee
from billing.terms import own_terms
from tenants.models import Tenant
from tenants.scope import value
from ui.errors import Conflict
from ui.i18n import t

_IN_FORCE = (
    "select v.document from billing_bank_terms v join tenants_tenant t on t.bank_id = v.bank_id"
    " where t.id = $1 and v.status = 'in_force'"
)


async def bank_terms_of(tenant_id: UUID) -> BankTerms:
    """Return what the institution's bank offers, in the open scope of the institution or of its bank."""
    kept = await value(_IN_FORCE, tenant_id)
    return BankTerms.model_validate(json.loads(kept)) if kept else EVERYTHING


async def fee_of(tenant: Tenant) -> tuple[BankFee, bool]:
    """Return what the bank keeps of an institution's payments, and whether that was agreed with it alone."""
    own = await own_terms(tenant.id, BankFee)
    if own is not None:
        return own, True
    return (await bank_terms_of(tenant.id)).fee_in(tenant.currency), False


async def must_offer(tenant_id: UUID, way: str) -> None:
    """Refuse to begin a payment in a way that the bank has switched off; what is under way is never asked here.

    Raises:
        Conflict: with what whoever pays or takes the money is told.
    """
    if not (await bank_terms_of(tenant_id)).offers(way):
        raise switched_off(way)


def switched_off(way: str) -> Conflict:
    """Return what is said of a way that is off."""
    text = t("The bank has switched this way of paying off for now: {way}. Nothing was taken.", way=WAYS[way])
    advice = t("Choose another way. What is already under way is not touched by this.")
    return Conflict("channel.off", text, advice=advice)
