"""Numbers people read out: they sort by day and are drawn, not counted, so that no payment waits for another."""

from uuid import UUID

from tenants.codes import group_code, new_code
from tenants.days import today, today_at

LENGTH = 10


async def new_number(prefix: str, tenant_id: UUID | None, zone: str = "") -> str:
    """Return a number such as ``P261105-7K3M9-QXR2B``, of the day that it is at the institution.

    ``zone`` is the institution's, where the caller has it: it then takes no statement. The last character finds every
    slip of the tongue.
    """
    day = today(zone) if zone else await today_at(tenant_id)
    return f"{prefix}{day:%y%m%d}-{group_code(new_code(LENGTH), 5)}"


def receipt_number(payment_number: str) -> str:
    """Return the receipt's number: the payment's, under another letter, so that either finds both."""
    return f"R{payment_number.removeprefix('P')}"
