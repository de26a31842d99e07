"""The sandbox and an institution that is open to both channels."""

from collections.abc import Iterator

import pytest

from billing.channels import health
from tests.billing.payments.conftest import outside, place, sandbox

__all__ = ["outside", "place", "sandbox"]


@pytest.fixture(autouse=True)
def healthy() -> Iterator[None]:
    health.forget()
    yield
    health.forget()
