"""What people have agreed to, what they ask for, and what was removed because its time was over."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import Row, TenantRow


class Consent(Row):
    """Something a person has agreed to, in the words they saw; taken back at any time.

    ``for_child`` names a child under fourteen whose guardian agrees.
    """

    person_id: UUID = fields.UUIDField()
    purpose = fields.CharField(max_length=40)
    wording = fields.CharField(max_length=20)
    for_child = fields.CharField(max_length=100, db_default="")
    given_at = fields.DatetimeField(db_default=Now())
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_consent"


class PersonRequest(TenantRow):
    """What a person asks an institution about their data: to correct or to erase it; answered with what was done."""

    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100)
    kind = fields.CharField(max_length=12)
    text = fields.TextField()
    status = fields.CharField(max_length=12, db_default="asked")
    answer = fields.TextField(db_default="")
    outcome: dict[str, Any] | None = fields.JSONField(null=True)
    answered_by_name = fields.CharField(max_length=100, db_default="")
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_person_request"


class RetentionRun(TenantRow):
    """How many rows a retention rule has removed on one day."""

    key = fields.CharField(max_length=40)
    removed = fields.IntField()

    class Meta:
        table = "tenants_retention_run"


class IsolationCheck(TenantRow):
    """One look at an institution from outside: how many tables, how many tries, and which showed a row."""

    tables = fields.IntField()
    tried = fields.IntField()
    seen: list[str] = fields.JSONField()

    class Meta:
        table = "tenants_isolation_check"
