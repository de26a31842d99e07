"""The sandbox, and an institution with a payment that somebody may dispute."""

from tests.billing.payments.conftest import outside, place, sandbox

__all__ = ["outside", "place", "sandbox"]
