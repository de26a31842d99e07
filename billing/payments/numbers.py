"""Numbers people read out: they sort by day and are drawn, not counted, so that no payment waits for another."""

from datetime import UTC, datetime

from tenants.codes import group_code, new_code

LENGTH = 10


def new_number(prefix: str) -> str:
    """Return a number such as ``P261105-7K3M9-QXR2B``; its last character finds every slip of the tongue."""
    return f"{prefix}{datetime.now(UTC):%y%m%d}-{group_code(new_code(LENGTH), 5)}"


def receipt_number(payment_number: str) -> str:
    """Return the receipt's number: the payment's, under another letter, so that either finds both."""
    return f"R{payment_number.removeprefix('P')}"
