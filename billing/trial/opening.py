"""Whether an institution takes payments: one that is not live its test bill alone, a suspended one as the bank says."""

from collections.abc import Iterable
from uuid import UUID

from billing.models import Bill
from tenants.models import Tenant
from ui.errors import Conflict
from ui.i18n import t

REFERENCE = "TRIAL"
"""What marks a test bill."""


async def must_be_taking(tenant_id: UUID, bill_ids: Iterable[UUID] = ()) -> None:
    """Refuse to begin a payment, in the open tenant scope, while the institution takes none.

    Raises:
        Conflict: with what its payers are told.
    """
    tenant = await Tenant.get(id=tenant_id)
    if tenant.takes_payments:
        return
    wanted = list(bill_ids)
    others = Bill.filter(tenant_id=tenant_id, id__in=wanted).exclude(reference=REFERENCE)
    if tenant.status == "approved" and wanted and not await others.exists():
        return
    name, word = tenant.short_name, tenant.word_to_payers
    text = (
        t("{name} takes no payments here at the moment. {word}", name=name, word=word)
        if word
        else t("{name} takes no online payments at the moment. Please ask them.", name=name)
    )
    raise Conflict("tenant.no_payments", text)
