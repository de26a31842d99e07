"""A tenant's use of apps: what it agreed to, who opened them, what they were told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField

from tenants.models.base import TenantRow


class Installation(TenantRow):
    """One app in one tenant. ``scopes`` and ``claims`` are exactly what the last consent says.

    ``roles`` are the keys of the roles that see and open it; ``entry_role`` is what those are invited as whom it adds.
    ``hook_stopped_at`` is when sending webhooks was
    given up by itself. After uninstalling, ``delete_after`` is when the app is told to delete what it has, and
    ``deleted_at`` when it said that it did.
    """

    vendor_id: UUID = fields.UUIDField()
    app_id: UUID = fields.UUIDField()
    version_id: UUID = fields.UUIDField()
    status = fields.CharField(max_length=20, db_default="active")
    is_test = fields.BooleanField(db_default=False)
    scopes: list[str] = ArrayField("text")
    claims: list[str] = ArrayField("text")
    roles: list[str] = ArrayField("text")
    min_level = fields.SmallIntField(db_default=1)
    entry_role = fields.CharField(max_length=40, db_default="")
    installed_by: UUID | None = fields.UUIDField(null=True)
    installed_by_name = fields.CharField(max_length=100)
    paused_at: datetime | None = fields.DatetimeField(null=True)
    hook_failures = fields.IntField(db_default=0)
    hook_stopped_at: datetime | None = fields.DatetimeField(null=True)
    uninstalled_at: datetime | None = fields.DatetimeField(null=True)
    uninstalled_by_name = fields.CharField(max_length=100, db_default="")
    delete_after: datetime | None = fields.DatetimeField(null=True)
    deleted_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_installation"


class AppConsent(TenantRow):
    """What a tenant agreed to share with an app, who said so and how strongly they had signed in. Append-only.

    An empty ``scopes`` is a consent taken back. ``reasons`` are the vendor's, as they were shown.
    """

    installation_id: UUID = fields.UUIDField()
    version_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    scopes: list[str] = ArrayField("text")
    claims: list[str] = ArrayField("text")
    reasons: dict[str, Any] = fields.JSONField()
    person_id: UUID | None = fields.UUIDField(null=True)
    person_name = fields.CharField(max_length=100)
    level = fields.SmallIntField()
    auth_time: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_app_consent"


class Launch(TenantRow):
    """One sign-on into an app from our pages. ``value_hash`` is SHA-256 of the opaque value handed to the app.

    ``context`` says where in the tenant it was opened (scenario, record). ``outcome`` is ``started``, ``arrived``
    once the app has signed the person in, ``down`` when it was not opened because it does not answer.
    """

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    session_id: UUID | None = fields.UUIDField(null=True)
    value_hash: bytes | None = fields.BinaryField(null=True)
    is_framed = fields.BooleanField()
    place = fields.CharField(max_length=40, db_default="")
    context: dict[str, Any] = fields.JSONField()
    outcome = fields.CharField(max_length=20, db_default="started")
    arrived_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_launch"


class AppMessage(TenantRow):
    """One webhook to an app: its body, its fate, and each try (``[{at, status, note, ms}]``)."""

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    event = fields.CharField(max_length=60)
    scope = fields.CharField(max_length=40, db_default="")
    cause = fields.CharField(max_length=100)
    body: dict[str, Any] = fields.JSONField()
    status = fields.CharField(max_length=20, db_default="waiting")
    tries = fields.IntField(db_default=0)
    due_at = fields.DatetimeField()
    history: list[dict[str, Any]] = fields.JSONField()
    delivered_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_app_message"


class AppDocument(TenantRow):
    """A paper that an app made about something of ours (an invoice of a bill), for those who may see that."""

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    subject_kind = fields.CharField(max_length=20)
    subject_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    number = fields.CharField(max_length=60)
    title = fields.CharField(max_length=200)
    filename = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=100)
    size = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    storage_key = fields.CharField(max_length=200)

    class Meta:
        table = "integrations_app_document"
