"""The same outside world and institution as for payments."""

from tests.billing.payments.conftest import outside, place, sandbox

__all__ = ["outside", "place", "sandbox"]
