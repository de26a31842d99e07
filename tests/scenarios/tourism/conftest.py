"""Mail that goes nowhere, so that visitors have addresses."""

import pytest

import tenants.runtime
from tenants.runtime import runtime


@pytest.fixture(autouse=True)
def reachable(committed, monkeypatch):
    """Say that e-mail can be sent; what is sent stays in the outbox."""
    from dataclasses import replace  # noqa: PLC0415

    before = runtime()
    tenants.runtime.use(replace(before, smtp_url="smtp://127.0.0.1:1"))
    yield
    tenants.runtime.use(before)
