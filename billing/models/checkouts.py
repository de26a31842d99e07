"""Paying several institutions in one go."""

from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import Row


class Checkout(Row):
    """A person's will to pay bills of several institutions, each by a payment of its own that names this checkout.

    ``parts`` are ``{"tenant_id", "currency", "bills": [[id, minor units]]}`` in the order shown. A combined one is a
    single order at the channel, all or nothing; otherwise the institutions are paid one after another. ``key`` and
    ``body_hash`` make the same form count once.
    """

    person_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=80)
    body_hash: bytes = fields.BinaryField()
    channel = fields.CharField(max_length=40)
    is_combined = fields.BooleanField()
    parts: list[dict[str, Any]] = fields.JSONField()

    class Meta:
        table = "billing_checkout"
