"""Numbers of bills: counted within a month, so that an institution's books have no gap."""

from datetime import date
from uuid import UUID

from tenants.scope import value

_NEXT = """
insert into billing_number_series (tenant_id, series, last_number) values ($1, $2, 1)
on conflict (tenant_id, series) do update set last_number = billing_number_series.last_number + 1
returning last_number
"""


async def next_bill_number(tenant_id: UUID, period: date) -> str:
    """Return the next number of a month's bills; whoever asks next waits until this transaction has ended."""
    series = f"{period:%Y%m}"
    number: int = await value(_NEXT, tenant_id, series)
    return f"{series}-{number:06d}"
