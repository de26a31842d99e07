"""What is owed in another shape than a month's bill: instalments agreed, and amounts credited."""

from datetime import date
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class InstalmentPlan(TenantRow):
    """An agreement to pay the rest of some bills of one account on several dates.

    ``remainder`` says which instalment takes the minor units that do not divide evenly: ``first`` or ``last``.
    While the plan is active, its bills' ``due_on`` is the day of the earliest instalment that is not covered.
    """

    number = fields.CharField(max_length=40)
    account_id: UUID = fields.UUIDField()
    account_number = fields.CharField(max_length=60)
    account_name = fields.CharField(max_length=200)
    currency = fields.CharField(max_length=3)
    total_minor = fields.BigIntField()
    remainder = fields.CharField(max_length=10)
    status = fields.CharField(max_length=20, db_default="active")
    note = fields.TextField(db_default="")
    agreed_by: UUID | None = fields.UUIDField(null=True)
    agreed_by_name = fields.CharField(max_length=100, db_default="")
    ended_by: UUID | None = fields.UUIDField(null=True)
    ended_by_name = fields.CharField(max_length=100, db_default="")
    ended_reason = fields.TextField(db_default="")
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_instalment_plan"


class Instalment(TenantRow):
    """What is due of a plan on one date; ``position`` counts from 1."""

    plan_id: UUID = fields.UUIDField()
    position = fields.SmallIntField()
    due_on: date = fields.DateField()
    amount_minor = fields.BigIntField()

    class Meta:
        table = "billing_instalment"


class PlanBill(TenantRow):
    """A bill in a plan: what was left of it when the plan was agreed, and when it would have been due.

    ``is_live`` ends with the plan; a bill is in one live plan at most.
    """

    plan_id: UUID = fields.UUIDField()
    bill_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()
    due_on: date = fields.DateField()
    is_live = fields.BooleanField(db_default=True)

    class Meta:
        table = "billing_plan_bill"


class CreditNote(TenantRow):
    """So much of an issued bill, or of one of its lines, that should not have been charged.

    ``adjusted_minor`` of it came off what was left to pay; ``excess_minor`` had been paid, and is the payer's.
    """

    number = fields.CharField(max_length=40)
    bill_id: UUID = fields.UUIDField()
    bill_line_id: UUID | None = fields.UUIDField(null=True)
    account_id: UUID = fields.UUIDField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    adjusted_minor = fields.BigIntField()
    excess_minor = fields.BigIntField()
    reason = fields.TextField()
    written_by: UUID | None = fields.UUIDField(null=True)
    written_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_credit_note"
