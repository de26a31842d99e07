"""The same outside world and institution that the payments' tests use."""

from tests.billing.payments.conftest import outside, place, real_place, sandbox

__all__ = ["outside", "place", "real_place", "sandbox"]
