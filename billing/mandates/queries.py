"""What people read of automatic payments."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants.scope import rows

_DEBITS = """
select d.id, d.due_on, d.amount_minor, d.currency, d.status, d.tries, d.error, b.period, b.number, d.bill_id
  from billing_debit d left join billing_bill b on b.tenant_id = d.tenant_id and b.id = d.bill_id
 where d.tenant_id = $1 and d.account_id = $2 order by d.due_on desc, d.id desc limit 24
"""


async def debits_of(tenant_id: UUID, account_id: UUID) -> Sequence[Any]:
    """Return the latest debits of an account, in any scope that sees it."""
    return await rows(_DEBITS, tenant_id, account_id)
