"""Proceeds shared with others: to whom, by which rule, what each got of a payment, and what came back of it."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Receiver(TenantRow):
    """A merchant or partner who gets part of what is paid, on an account of their own at the channel.

    ``rail_merchant`` is that account at the bank's rail; money never goes anywhere else.
    """

    name = fields.CharField(max_length=120)
    kind = fields.CharField(max_length=20)
    rail_merchant = fields.CharField(max_length=60)
    status = fields.CharField(max_length=20, db_default="active")

    class Meta:
        table = "billing_receiver"


class SplitRule(TenantRow):
    """One dated version of how a fee's proceeds are shared; drafted by one person, put into force by another.

    An active one never changes. The last one that is active on the day of a payment holds for it.
    """

    fee_item_id: UUID = fields.UUIDField()
    version = fields.IntField()
    document: dict[str, Any] = fields.JSONField()
    effective_from: date = fields.DateField()
    status = fields.CharField(max_length=20, db_default="draft")
    created_by: UUID | None = fields.UUIDField(null=True)
    created_by_name = fields.CharField(max_length=100, db_default="")
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_split_rule"


class Share(TenantRow):
    """What one receiver gets of one payment by one rule; the channel pays it to the receiver's own account.

    ``return_id`` is set when it gives a receiver again what came back for a refund that failed. Each try has a number
    of its own at the channel, since one that was refused stays refused under its number.
    """

    payment_id: UUID = fields.UUIDField()
    receiver_id: UUID = fields.UUIDField()
    rule_id: UUID = fields.UUIDField()
    return_id: UUID | None = fields.UUIDField(null=True)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    status = fields.CharField(max_length=20, db_default="created")
    tries = fields.SmallIntField(db_default=0)
    channel_reference = fields.CharField(max_length=100, db_default="")
    error = fields.CharField(max_length=200, db_default="")
    sent_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_share"


class ShareReturn(TenantRow):
    """What comes back of a share, before a refund goes out or when a dispute is lost; ``cause_id`` names either."""

    share_id: UUID = fields.UUIDField()
    payment_id: UUID = fields.UUIDField()
    cause = fields.CharField(max_length=20)
    cause_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()
    status = fields.CharField(max_length=20, db_default="created")
    tries = fields.SmallIntField(db_default=0)
    channel_reference = fields.CharField(max_length=100, db_default="")
    error = fields.CharField(max_length=200, db_default="")
    sent_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_share_return"
