"""The sandbox that the payments' tests use, for the forms that offer ways to pay."""

from tests.billing.payments.conftest import outside, sandbox

__all__ = ["outside", "sandbox"]
