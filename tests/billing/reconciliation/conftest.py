"""The sandbox and an institution connected to it, as the payments' tests have them."""

from tests.billing.payments.conftest import outside, place, real_place, sandbox

__all__ = ["outside", "place", "real_place", "sandbox"]
