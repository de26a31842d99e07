"""Vendors and what they offer: above tenants, belonging to the bank that admits them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import Now, SqlDefault

from tenants.models.base import Row


class Vendor(Row):
    """A company that offers apps to a bank's institutions; its facts are those its bank verified at sign-in.

    ``sandbox_tenant_ids`` are the institutions in which it tries drafts, one for each scenario, and the only ones that
    may install them. The first is made when it is admitted; letters to the vendor go by its outbox.
    """

    bank_id: UUID = fields.UUIDField()
    slug = fields.CharField(max_length=60, unique=True)
    name = fields.CharField(max_length=200)
    uscc = fields.CharField(max_length=18)
    legal_representative = fields.CharField(max_length=100)
    website = fields.CharField(max_length=300)
    contact_email = fields.CharField(max_length=200)
    contact_phone = fields.CharField(max_length=40, db_default="")
    about = fields.TextField(db_default="")
    status = fields.CharField(max_length=20, db_default="registered")
    reasons = fields.TextField(db_default="")
    created_by: UUID = fields.UUIDField()
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)
    sandbox_tenant_ids: list[UUID] = ArrayField("uuid", db_default=SqlDefault("'{}'"))

    class Meta:
        table = "integrations_vendor"


class VendorMember(Row):
    """Person × vendor × role (``owner``, ``developer``); without a person it is an invitation by ``token_hash``."""

    bank_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    person_id: UUID | None = fields.UUIDField(null=True)
    role = fields.CharField(max_length=20)
    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200)
    token_hash: bytes | None = fields.BinaryField(null=True)
    expires_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_vendor_member"


class App(Row):
    """Software a vendor offers. ``client_id`` is how it signs in; ``test_client_id`` reaches the vendor's sandbox.

    The keys are SHA-256 of these: the secrets under which a request finds its app. Client secrets are kept as
    hashes, the webhooks' secret encrypted, since we sign with it. ``health`` is what the last look at the app's
    health address said (``unknown``, ``up``, ``down``).
    """

    bank_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    slug = fields.CharField(max_length=60)
    name = fields.CharField(max_length=100)
    status = fields.CharField(max_length=20, db_default="draft")
    reasons = fields.TextField(db_default="")
    listed_version_id: UUID | None = fields.UUIDField(null=True)
    client_id = fields.CharField(max_length=60, unique=True)
    client_key: bytes = fields.BinaryField()
    test_client_id = fields.CharField(max_length=60, unique=True)
    test_client_key: bytes = fields.BinaryField()
    secret_hash: bytes | None = fields.BinaryField(null=True)
    former_secret_hash: bytes | None = fields.BinaryField(null=True)
    former_secret_until: datetime | None = fields.DatetimeField(null=True)
    webhook_secret: bytes = fields.BinaryField()
    health = fields.CharField(max_length=10, db_default="unknown")
    health_note = fields.CharField(max_length=200, db_default="")
    health_failures = fields.IntField(db_default=0)
    checked_at: datetime | None = fields.DatetimeField(null=True)
    down_since: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_app"

    def client_of(self, *, is_test: bool) -> str:
        """Return by which of its names an installation knows the app."""
        return self.test_client_id if is_test else self.client_id


class AppVersion(Row):
    """What a vendor says about its app at one time, and what a reviewer decided about it.

    ``texts`` holds name, summary, about and price by language; ``scopes`` the reason for each by language;
    ``places`` the deep links (``{key: {path, en, zh_CN}}``); ``findings`` what we measured, check by check.
    """

    bank_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    app_id: UUID = fields.UUIDField()
    number = fields.IntField()
    status = fields.CharField(max_length=20, db_default="draft")
    texts: dict[str, Any] = fields.JSONField()
    icon: bytes | None = fields.BinaryField(null=True)
    icon_type = fields.CharField(max_length=40, db_default="")
    scenarios: list[str] = ArrayField("text")
    needs: list[str] = ArrayField("text")
    scopes: dict[str, Any] = fields.JSONField()
    launch_uri = fields.CharField(max_length=500, db_default="")
    redirect_uris: list[str] = ArrayField("text")
    post_logout_redirect_uris: list[str] = ArrayField("text")
    backchannel_logout_uri = fields.CharField(max_length=500, db_default="")
    frontchannel_logout_uri = fields.CharField(max_length=500, db_default="")
    frame_origins: list[str] = ArrayField("text")
    scim_uri = fields.CharField(max_length=500, db_default="")
    webhook_uri = fields.CharField(max_length=500, db_default="")
    health_uri = fields.CharField(max_length=500, db_default="")
    privacy_uri = fields.CharField(max_length=500, db_default="")
    support_email = fields.CharField(max_length=200, db_default="")
    places: dict[str, Any] = fields.JSONField()
    profile = fields.CharField(max_length=10, db_default="basic")
    auth_method = fields.CharField(max_length=30, db_default="client_secret_basic")
    jwks: dict[str, Any] | None = fields.JSONField(null=True)
    jwks_uri = fields.CharField(max_length=500, db_default="")
    min_level = fields.SmallIntField(db_default=1)
    protocols: list[str] = ArrayField("text")
    findings: list[dict[str, Any]] = fields.JSONField()
    measured_at: datetime | None = fields.DatetimeField(null=True)
    revision = fields.IntField(db_default=1)
    changed_at = fields.DatetimeField(db_default=Now())
    created_by_name = fields.CharField(max_length=100)
    submitted_by: UUID | None = fields.UUIDField(null=True)
    submitted_by_name = fields.CharField(max_length=100, db_default="")
    submitted_at: datetime | None = fields.DatetimeField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)
    reasons = fields.TextField(db_default="")

    class Meta:
        table = "integrations_app_version"
