"""Banks, their branches, the tenants they onboard and the applications that lead there."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.base import Row


class Bank(Row):
    """A legal entity that runs a console; its name and accent colour brand everything its tenants show."""

    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=200)
    name_en = fields.CharField(max_length=200)
    accent = fields.CharField(max_length=7)
    country = fields.CharField(max_length=2)

    class Meta:
        table = "tenants_bank"


class Branch(Row):
    """Part of a bank; a tree by ``parent_id``."""

    bank_id: UUID = fields.UUIDField()
    parent_id: UUID | None = fields.UUIDField(null=True)
    code = fields.CharField(max_length=20)
    name = fields.CharField(max_length=200)

    class Meta:
        table = "tenants_branch"


class Tenant(Row):
    """An institution that a bank has onboarded; ``id`` is the ``tenant_id`` of all its rows."""

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

    class Meta:
        table = "tenants_tenant"


class Application(Row):
    """An institution on its way to becoming a tenant; owned by the bank, decided by two people."""

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
