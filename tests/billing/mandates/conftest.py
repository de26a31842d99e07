"""The same outside world and institution that the payments' tests use."""

from tests.billing.payments.conftest import hasty, outside, place, real_place, sandbox

__all__ = ["hasty", "outside", "place", "real_place", "sandbox"]
