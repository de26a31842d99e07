"""Whether an institution takes payments: one that is not live its test bill alone, a suspended one as the bank says."""

from collections.abc import Iterable
from uuid import UUID

from billing.models import Bill
from tenants.models import Tenant
from ui.errors import Conflict
from ui.i18n import t

REFERENCE = "TRIAL"
"""What marks a test bill."""
NUMBER = "TEST-BILL"
"""The account that test bills are issued to."""
TRIAL_PAYMENTS = f"""
select part.payment_id from tenants_account a
  join billing_bill b on b.tenant_id = $1 and b.account_id = a.id and b.reference = '{REFERENCE}'
  join billing_payment_part part on part.tenant_id = $1 and part.bill_id = b.id
 where a.tenant_id = $1 and a.number = '{NUMBER}'
"""
"""The payments of an institution's (``$1``) test before going live, which are no takings."""


async def must_be_taking(tenant_id: UUID, bill_ids: Iterable[UUID] = ()) -> Tenant:
    """Return the institution, in its open scope; refuse to begin a payment while it takes none.

    Raises:
        Conflict: with what its payers are told.
    """
    tenant = await Tenant.get(id=tenant_id)
    wanted = list(bill_ids)
    if tenant.status == "approved" and wanted and not tenant.takes_payments:
        others = Bill.filter(tenant_id=tenant_id, id__in=wanted).exclude(reference=REFERENCE)
        if not await others.exists():
            return tenant
    must_take(tenant)
    return tenant


def must_take(tenant: Tenant) -> None:
    """Refuse what would have to be paid at an institution that takes no payments now.

    Raises:
        Conflict: with what its payers are told.
    """
    if tenant.takes_payments:
        return
    name, word = tenant.short_name, tenant.word_to_payers
    text = (
        t("{name} takes no payments here at the moment. {word}", name=name, word=word)
        if word
        else t("{name} takes no online payments at the moment. Please ask them.", name=name)
    )
    raise Conflict("tenant.no_payments", text)
