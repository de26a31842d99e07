"""What is charged and what is owed: fee items and rules, runs, bills and their lines."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class SettlementAccount(TenantRow):
    """Where a tenant's money arrives: its own bank account and its connected account at each channel.

    ``account_number`` is stored encrypted; ``account_mask`` is what pages show. ``is_stripe_ready`` follows the
    connected account's own ``charges_enabled``.
    """

    currency = fields.CharField(max_length=3)
    bank_code = fields.CharField(max_length=20)
    account_name = fields.CharField(max_length=200)
    account_number: bytes = fields.BinaryField()
    account_mask = fields.CharField(max_length=40)
    stripe_account = fields.CharField(max_length=60, db_default="")
    is_stripe_ready = fields.BooleanField(db_default=False)
    rail_merchant = fields.CharField(max_length=60, db_default="")
    rail_secret: bytes | None = fields.BinaryField(null=True)
    status = fields.CharField(max_length=20, db_default="active")

    @property
    def text(self) -> str:
        """How people see it: whose it is, at which bank, its last digits."""
        return f"{self.account_name}, {self.bank_code} {self.account_mask}"

    class Meta:
        table = "billing_settlement_account"


class FeeItem(TenantRow):
    """What is charged. ``kind`` is ``charge`` or ``late_fee``; ``account_kinds`` says to whom it applies.

    ``names`` maps a locale to the name people read. A voluntary item may be declined by whoever is billed for it.
    """

    scenario = fields.CharField(max_length=30)
    key = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=20, db_default="charge")
    names: dict[str, str] = fields.JSONField()
    account_kinds: list[str] = fields.JSONField()
    currency = fields.CharField(max_length=3)
    settlement_account_id: UUID | None = fields.UUIDField(null=True)
    position = fields.SmallIntField(db_default=0)
    is_active = fields.BooleanField(db_default=True)
    is_voluntary = fields.BooleanField(db_default=False)

    class Meta:
        table = "billing_fee_item"


class FeeRule(TenantRow):
    """One dated version of a fee item's rule document; an active one never changes, it is followed by another."""

    fee_item_id: UUID = fields.UUIDField()
    version = fields.IntField()
    document: dict[str, Any] = fields.JSONField()
    effective_from: date = fields.DateField()
    effective_until: date | None = fields.DateField(null=True)
    status = fields.CharField(max_length=20, db_default="draft")
    created_by: UUID | None = fields.UUIDField(null=True)
    created_by_name = fields.CharField(max_length=100, db_default="")
    activated_by: UUID | None = fields.UUIDField(null=True)
    activated_by_name = fields.CharField(max_length=100, db_default="")
    activated_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_fee_rule"


class BillRun(TenantRow):
    """One calculation for many accounts. ``period`` is the first day of the month billed.

    ``fee_items`` freezes what it covers; ``summary`` keeps counts, totals by item and the comparison with the last
    period, as shown to whoever approves it. Long work goes through the accounts in the order of the estate:
    ``reached_key`` and ``reached_number`` are the last one done. ``jump_percent`` is the tenant's setting of then.
    """

    scenario = fields.CharField(max_length=30)
    period: date = fields.DateField()
    due_on: date = fields.DateField()
    currency = fields.CharField(max_length=3)
    status = fields.CharField(max_length=20, db_default="drafting")
    fee_items: list[str] = fields.JSONField()
    bill_count = fields.IntField(db_default=0)
    exception_count = fields.IntField(db_default=0)
    total_minor = fields.BigIntField(db_default=0)
    summary: dict[str, Any] = fields.JSONField()
    jump_percent = fields.SmallIntField(db_default=50)
    reached_key = fields.CharField(max_length=100, db_default="")
    reached_number = fields.CharField(max_length=60, db_default="")
    task_id: UUID | None = fields.UUIDField(null=True)
    created_by: UUID | None = fields.UUIDField(null=True)
    created_by_name = fields.CharField(max_length=100, db_default="")
    approved_by: UUID | None = fields.UUIDField(null=True)
    approved_by_name = fields.CharField(max_length=100, db_default="")
    approved_at = fields.DatetimeField(null=True)
    issued_by: UUID | None = fields.UUIDField(null=True)
    issued_by_name = fields.CharField(max_length=100, db_default="")
    drafted_at = fields.DatetimeField(null=True)
    issued_at = fields.DatetimeField(null=True)
    voided_by: UUID | None = fields.UUIDField(null=True)
    voided_by_name = fields.CharField(max_length=100, db_default="")
    void_reason = fields.TextField(db_default="")

    class Meta:
        table = "billing_bill_run"


class BillException(TenantRow):
    """An account a run could not bill, or should be looked at: the code, and the words' parameters.

    ``decision`` is what somebody made of it, with a word in ``note``: ``accepted`` as it is, or ``excluded``, which
    has taken the account's bill out of the run.
    """

    run_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    account_number = fields.CharField(max_length=60)
    fee_item_id: UUID | None = fields.UUIDField(null=True)
    code = fields.CharField(max_length=40)
    detail: dict[str, Any] = fields.JSONField()
    decision = fields.CharField(max_length=20, db_default="")
    note = fields.TextField(db_default="")
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_bill_exception"


class Bill(TenantRow):
    """What one account owes for one period. Its account's number, name and place are as they were on issue.

    The total never changes after issue: what is let off by adjustments and credit notes is ``adjusted_minor``.

    ``kind`` is ``periodic`` (of a run), ``one_off`` or ``opening`` (a balance brought over); ``reference`` is what
    the institution calls the latter two, and keeps a table from being billed twice.

    ``held_until`` is set while what it charges is only kept for its payer (``billing.holds``), and stays when it was
    let go: such a bill is paid whole or not at all, and is nobody's arrears.
    """

    account_id: UUID = fields.UUIDField()
    run_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=20, db_default="periodic")
    reference = fields.CharField(max_length=100, db_default="")
    scenario = fields.CharField(max_length=30)
    number = fields.CharField(max_length=40)
    period: date = fields.DateField()
    due_on: date = fields.DateField()
    currency = fields.CharField(max_length=3)
    total_minor = fields.BigIntField()
    paid_minor = fields.BigIntField(db_default=0)
    adjusted_minor = fields.BigIntField(db_default=0)
    status = fields.CharField(max_length=20, db_default="draft")
    account_number = fields.CharField(max_length=60)
    account_name = fields.CharField(max_length=200)
    place = fields.CharField(max_length=100, db_default="")
    issued_at = fields.DatetimeField(null=True)
    closed_reason = fields.TextField(db_default="")
    reminded_at = fields.DatetimeField(null=True)
    held_until = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_bill"

    @property
    def left_minor(self) -> int:
        """What is neither paid nor adjusted; whether it can be paid is for the status to say."""
        return int(self.total_minor - self.paid_minor - self.adjusted_minor)


class BillLine(TenantRow):
    """One charge on a bill with everything needed to compute it again.

    ``inputs`` are the attribute values and balances used, ``fee_rule_id`` the version. ``is_live`` ends when the
    line's bill is voided, which frees (account, fee item, period) for another line. ``is_periodic`` says that it is
    what the fee comes to in its period, of which there is one. Amounts never change.
    """

    bill_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    fee_item_id: UUID = fields.UUIDField()
    fee_rule_id: UUID | None = fields.UUIDField(null=True)
    period: date = fields.DateField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    paid_minor = fields.BigIntField(db_default=0)
    adjusted_minor = fields.BigIntField(db_default=0)
    names: dict[str, str] = fields.JSONField()
    inputs: dict[str, Any] = fields.JSONField()
    position = fields.SmallIntField(db_default=0)
    is_live = fields.BooleanField(db_default=True)
    is_periodic = fields.BooleanField(db_default=True)

    class Meta:
        table = "billing_bill_line"
