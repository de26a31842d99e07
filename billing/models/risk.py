"""What the bank watches for, what was found, and what is held until somebody has looked."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import Row


class RiskRule(Row):
    """A bank's own thresholds of one rule; without a row the rule's defaults hold."""

    bank_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=30)
    thresholds: dict[str, float] = fields.JSONField()
    is_on = fields.BooleanField(db_default=True)
    holds_refunds = fields.BooleanField(db_default=False)
    holds_payouts = fields.BooleanField(db_default=False)

    class Meta:
        table = "billing_risk_rule"


class RiskTrial(Row):
    """Thresholds tried on the past year: what they would have said. None come into force untried."""

    bank_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=30)
    thresholds: dict[str, float] = fields.JSONField()
    institutions = fields.IntField()
    alerts = fields.IntField()
    tried_by_name = fields.CharField(max_length=100)

    class Meta:
        table = "billing_risk_trial"


class RiskAlert(Row):
    """Something out of the ordinary at one institution on one day, with the figures that say so."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    tenant_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=30)
    channel = fields.CharField(max_length=20, db_default="")
    day: date = fields.DateField()
    score = fields.FloatField()
    facts: dict[str, Any] = fields.JSONField()
    status = fields.CharField(max_length=12, db_default="open")
    assigned_to_name = fields.CharField(max_length=100, db_default="")
    reason = fields.TextField(db_default="")
    closed_by_name = fields.CharField(max_length=100, db_default="")
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_risk_alert"


class RiskWatch(Row):
    """While an alert that holds is open, refunds of the institution wait for the bank."""

    tenant_id: UUID = fields.UUIDField()
    bank_id: UUID = fields.UUIDField()
    alert_id: UUID = fields.UUIDField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_risk_watch"


class RiskHold(Row):
    """One refund that waits for the bank; never a payer's payment or receipt."""

    tenant_id: UUID = fields.UUIDField()
    bank_id: UUID = fields.UUIDField()
    refund_id: UUID = fields.UUIDField()
    alert_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=40)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    status = fields.CharField(max_length=10, db_default="held")
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)
    reason = fields.TextField(db_default="")

    class Meta:
        table = "billing_risk_hold"


class PayoutHold(Row):
    """What channels would pay out to an institution stays with them, until somebody else lets it go.

    ``legs`` says for each of its accounts at a channel (``channel:settlement account``) how far the channel has been
    told: its ``state``, what held there before (``was``) and what it refused (``error``). ``asked_by`` is nobody where
    a rule has asked.
    """

    tenant_id: UUID = fields.UUIDField()
    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    alert_id: UUID | None = fields.UUIDField(null=True)
    number = fields.CharField(max_length=20)
    reason = fields.TextField()
    status = fields.CharField(max_length=10, db_default="placing")
    legs: dict[str, dict[str, Any]] = fields.JSONField()
    asked_by: UUID | None = fields.UUIDField(null=True)
    asked_by_name = fields.CharField(max_length=100)
    held_at = fields.DatetimeField(null=True)
    released_by: UUID | None = fields.UUIDField(null=True)
    released_by_name = fields.CharField(max_length=100, db_default="")
    release_reason = fields.TextField(db_default="")
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_payout_hold"
