"""Banks, their branches, the tenants they onboard and the applications that lead there."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault

from tenants.models.base import Row


class Bank(Row):
    """A legal entity that runs a console; its name and accent colour brand everything its tenants show.

    ``union_id`` is the union it belongs to, a bank like any other, which sees its totals and nothing beneath them.
    """

    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=200)
    name_en = fields.CharField(max_length=200)
    accent = fields.CharField(max_length=7)
    country = fields.CharField(max_length=2)
    union_id: UUID | None = fields.UUIDField(null=True)
    logo_key = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "tenants_bank"


class Branch(Row):
    """Part of a bank; a tree by ``parent_id``.

    ``areas`` are the beginnings of the postal codes it looks after.
    """

    bank_id: UUID = fields.UUIDField()
    parent_id: UUID | None = fields.UUIDField(null=True)
    code = fields.CharField(max_length=20)
    name = fields.CharField(max_length=200)
    areas: list[str] = ArrayField("text", db_default=SqlDefault("'{}'"))
    closed_at = fields.DatetimeField(null=True)
    merged_into: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "tenants_branch"


class Tenant(Row):
    """An institution that a bank has onboarded; ``id`` is the ``tenant_id`` of all its rows.

    ``word_to_payers`` is what its payers read while it is suspended or closed. ``manager_id`` looks after it at the
    bank, ``review_on`` is when the bank looks at it again.
    """

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    slug = fields.CharField(max_length=60, unique=True)
    name = fields.CharField(max_length=200)
    short_name = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=30)
    uscc = fields.CharField(max_length=18)
    legal_representative = fields.CharField(max_length=100)
    contact_name = fields.CharField(max_length=100)
    contact_email = fields.CharField(max_length=200)
    contact_phone = fields.CharField(max_length=40)
    scenarios: list[str] = ArrayField("text")
    currency = fields.CharField(max_length=3)
    timezone = fields.CharField(max_length=40)
    locale = fields.CharField(max_length=10, db_default="en")
    status = fields.CharField(max_length=20, db_default="approved")
    live_at = fields.DatetimeField(null=True)
    is_sandbox = fields.BooleanField(db_default=False)
    """Marks what a vendor tries its apps in: it is no institution of the bank, and counted nowhere."""
    takes_payments = fields.BooleanField(db_default=True)
    word_to_payers = fields.CharField(max_length=300, db_default="")
    manager_id: UUID | None = fields.UUIDField(null=True)
    manager_name = fields.CharField(max_length=100, db_default="")
    review_on: date | None = fields.DateField(null=True)
    risk = fields.CharField(max_length=10, db_default="standard")

    class Meta:
        table = "tenants_tenant"


class Application(Row):
    """An institution on its way to becoming a tenant; owned by the bank, decided by two people.

    ``settlement_account_number`` shows its last digits alone: ``account_secret`` is the number, encrypted, and
    ``account_hash`` finds the same account elsewhere. ``token_hash`` opens it to the applicant who began it without
    us. ``sent_facts`` is what was last handed in, ``earlier_facts`` what was handed in before that.
    """

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=20)
    status = fields.CharField(max_length=20, db_default="draft")
    legal_name = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=30)
    uscc = fields.CharField(max_length=18)
    legal_representative = fields.CharField(max_length=100)
    contact_name = fields.CharField(max_length=100)
    contact_email = fields.CharField(max_length=200)
    contact_phone = fields.CharField(max_length=40)
    administrator_name = fields.CharField(max_length=100)
    administrator_email = fields.CharField(max_length=200)
    slug = fields.CharField(max_length=60)
    short_name = fields.CharField(max_length=60)
    scenario = fields.CharField(max_length=30)
    currency = fields.CharField(max_length=3)
    timezone = fields.CharField(max_length=40)
    locale = fields.CharField(max_length=10)
    settlement_bank_code = fields.CharField(max_length=20)
    settlement_account_name = fields.CharField(max_length=200)
    settlement_account_number = fields.CharField(max_length=40)
    created_by: UUID = fields.UUIDField()
    created_by_name = fields.CharField(max_length=100)
    submitted_at = fields.DatetimeField(null=True)
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)
    reasons = fields.TextField(db_default="")
    approved_tenant_id: UUID | None = fields.UUIDField(null=True)
    version = fields.IntField(db_default=1)
    source = fields.CharField(max_length=10, db_default="staff")
    token_hash: bytes | None = fields.BinaryField(null=True)
    postal_code = fields.CharField(max_length=12, db_default="")
    account_secret: bytes | None = fields.BinaryField(null=True)
    account_hash: bytes | None = fields.BinaryField(null=True)
    sent_facts: dict[str, Any] | None = fields.JSONField(null=True)
    earlier_facts: dict[str, Any] | None = fields.JSONField(null=True)
    findings: list[dict[str, Any]] | None = fields.JSONField(null=True)
    score: int | None = fields.SmallIntField(null=True)
    checked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_application"


class ApplicationDocument(Row):
    """A file that backs an application (licence, authorisation, account proof), stored outside the web root."""

    bank_id: UUID = fields.UUIDField()
    application_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    filename = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=100)
    size = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    storage_key = fields.CharField(max_length=200)
    uploaded_by_name = fields.CharField(max_length=100)
    tenant_id: UUID | None = fields.UUIDField(null=True)
    expires_on: date | None = fields.DateField(null=True)
    replaced_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_application_document"


class Audit(Row):
    """One act that changed rights, money or configuration: who, for whom, from where, before and after.

    Append-only by trigger. ``tenant_id`` is set for acts inside a tenant, ``bank_id`` for acts of bank staff;
    approving an application has both, and both read it.
    """

    tenant_id: UUID | None = fields.UUIDField(null=True)
    bank_id: UUID | None = fields.UUIDField(null=True)
    act = fields.CharField(max_length=60)
    person_id: UUID | None = fields.UUIDField(null=True)
    person_name = fields.CharField(max_length=100)
    subject_kind = fields.CharField(max_length=40)
    subject_id: UUID | None = fields.UUIDField(null=True)
    subject_label = fields.CharField(max_length=200)
    before: dict[str, Any] | None = fields.JSONField(null=True)
    after: dict[str, Any] | None = fields.JSONField(null=True)
    ip = fields.CharField(max_length=45, db_default="")
    request_id = fields.CharField(max_length=64, db_default="")

    class Meta:
        table = "tenants_audit"
