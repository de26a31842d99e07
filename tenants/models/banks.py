"""What a bank keeps about the institutions it takes on and looks after, above any tenant."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import Now

from tenants.models.base import Row


class BankPolicy(Row):
    """What a bank asks for before it approves and before an institution goes live, and its periods."""

    bank_id: UUID = fields.UUIDField()
    before_approval: list[str] = ArrayField("text")
    before_live: list[str] = ArrayField("text")
    review_months = fields.SmallIntField(db_default=12)
    cooling_days = fields.SmallIntField(db_default=3)
    score_to_refuse = fields.SmallIntField(db_default=70)
    weights: dict[str, int] = fields.JSONField()

    class Meta:
        table = "tenants_bank_policy"


class ApplicationPerson(Row):
    """Somebody behind an institution: its legal representative, its agent, or who owns it in the end."""

    bank_id: UUID = fields.UUIDField()
    application_id: UUID = fields.UUIDField()
    role = fields.CharField(max_length=20)
    name = fields.CharField(max_length=100)
    id_kind = fields.CharField(max_length=20)
    id_number: bytes = fields.BinaryField()
    id_mask = fields.CharField(max_length=40)
    id_expires_on: date | None = fields.DateField(null=True)
    share_percent: int | None = fields.SmallIntField(null=True)

    class Meta:
        table = "tenants_application_person"


class DocumentRequest(Row):
    """A document that the bank wants (again): from an applicant, or from an institution whose paper runs out."""

    bank_id: UUID = fields.UUIDField()
    application_id: UUID = fields.UUIDField()
    tenant_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=40)
    reason = fields.TextField()
    due_on: date = fields.DateField()
    asked_by_name = fields.CharField(max_length=100)
    met_at = fields.DatetimeField(null=True)
    document_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "tenants_document_request"


class AccountProof(Row):
    """A few cents that prove whose a settlement account is.

    ``out``: the bank sends them and the applicant tells the amount, which we never know; ``in``: the applicant
    sends ``amount_minor``, and it is given back. ``account_hash`` is the account that is proven.
    """

    bank_id: UUID = fields.UUIDField()
    application_id: UUID = fields.UUIDField()
    direction = fields.CharField(max_length=3)
    status = fields.CharField(max_length=20, db_default="waiting")
    reference = fields.CharField(max_length=40)
    currency = fields.CharField(max_length=3)
    amount_minor: int | None = fields.IntField(null=True)
    account_hash: bytes = fields.BinaryField()
    account_mask = fields.CharField(max_length=20)
    tries_left = fields.SmallIntField(db_default=3)
    until = fields.DatetimeField()
    begun_by_name = fields.CharField(max_length=100)
    proven_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_account_proof"


class GateCheck(Row):
    """One thing that has to be seen before an institution goes live, and who saw it."""

    bank_id: UUID = fields.UUIDField()
    tenant_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=30)
    passed_at = fields.DatetimeField(null=True)
    passed_by_name = fields.CharField(max_length=100, db_default="")
    note = fields.CharField(max_length=200, db_default="")
    code_hash: bytes | None = fields.BinaryField(null=True)

    class Meta:
        table = "tenants_gate_check"


class BankRequest(Row):
    """An act on an institution that one person of the bank asks for and another decides.

    ``facts`` is frozen: exactly what will be done. ``seen`` is the state it was asked against; if that has changed
    by the time of deciding, the request is void. Secrets in ``facts`` are encrypted by whoever asks.
    """

    bank_id: UUID = fields.UUIDField()
    tenant_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=30)
    facts: dict[str, Any] = fields.JSONField()
    seen: dict[str, Any] = fields.JSONField()
    reason = fields.TextField()
    status = fields.CharField(max_length=20, db_default="asked")
    asked_by: UUID = fields.UUIDField()
    asked_by_name = fields.CharField(max_length=100)
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)
    decision_reason = fields.TextField(db_default="")
    not_before = fields.DatetimeField(db_default=Now())
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_bank_request"


class TenantMove(Row):
    """An institution went from one branch to another on a day; scorecards follow the day."""

    bank_id: UUID = fields.UUIDField()
    tenant_id: UUID = fields.UUIDField()
    from_branch_id: UUID = fields.UUIDField()
    to_branch_id: UUID = fields.UUIDField()
    moved_on: date = fields.DateField()
    reason = fields.CharField(max_length=300)
    moved_by_name = fields.CharField(max_length=100)

    class Meta:
        table = "tenants_tenant_move"


class TenantCount(Row):
    """How many institutions of a branch are in one state; kept by a trigger on institutions."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    scenario = fields.CharField(max_length=30, db_default="")
    status = fields.CharField(max_length=20)
    n = fields.IntField(db_default=0)

    class Meta:
        table = "tenants_tenant_count"


class LiveCount(Row):
    """How many institutions of a branch went live on one day (UTC); kept by a trigger on institutions."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    day: date = fields.DateField()
    n = fields.IntField(db_default=0)

    class Meta:
        table = "tenants_live_count"


class SupportAccess(Row):
    """Somebody of the bank looks into an institution: for a reason, until a time, with its knowledge."""

    bank_id: UUID = fields.UUIDField()
    tenant_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100)
    reason = fields.TextField()
    level = fields.CharField(max_length=10)
    until = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    ended_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "tenants_support_access"

    @property
    def is_open(self) -> bool:
        """Whether it still opens anything."""
        return self.ended_at is None and self.until > datetime.now(UTC)


class BulkFile(Row):
    """Many institutions in one file, brought in by one person and decided by another."""

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    filename = fields.CharField(max_length=200)
    content: bytes = fields.BinaryField()
    terms: dict[str, str] = fields.JSONField()
    status = fields.CharField(max_length=20, db_default="checking")
    rows = fields.IntField(db_default=0)
    good = fields.IntField(db_default=0)
    wrong = fields.IntField(db_default=0)
    live = fields.IntField(db_default=0)
    uploaded_by: UUID = fields.UUIDField()
    uploaded_by_name = fields.CharField(max_length=100)
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_bulk_file"


class BulkRow(Row):
    """One row of a bulk file: what it says, what is wrong with it, and what came of it."""

    bank_id: UUID = fields.UUIDField()
    bulk_id: UUID = fields.UUIDField()
    number = fields.IntField()
    facts: dict[str, Any] = fields.JSONField()
    problems: list[dict[str, str]] = fields.JSONField()
    status = fields.CharField(max_length=10)
    application_id: UUID | None = fields.UUIDField(null=True)
    tenant_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "tenants_bulk_row"


class IsolationReport(Row):
    """What the last proofs of isolation came to; everybody who is held by the walls may read them."""

    version = fields.CharField(max_length=40)
    is_right = fields.BooleanField()
    tried = fields.IntField()
    leaks = fields.IntField()
    document: dict[str, Any] = fields.JSONField()

    class Meta:
        table = "tenants_isolation_report"


class TenantReview(Row):
    """Somebody of the bank looked at an institution again: what came of it, and when the next time is."""

    bank_id: UUID = fields.UUIDField()
    tenant_id: UUID = fields.UUIDField()
    outcome = fields.CharField(max_length=20)
    note = fields.TextField()
    risk_before = fields.CharField(max_length=10)
    risk_after = fields.CharField(max_length=10)
    next_on: date = fields.DateField()
    request_id: UUID | None = fields.UUIDField(null=True)
    reviewed_by: UUID | None = fields.UUIDField(null=True)
    reviewed_by_name = fields.CharField(max_length=100)

    class Meta:
        table = "tenants_tenant_review"
