"""What programs wrote of an institution's staff, the tokens they did it with, and what apps were told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import TenantRow


class DirectoryEntry(TenantRow):
    """One member of staff as a program keeps them (the institution's directory, by an app that may).

    ``scim_id`` is what the program knows them by: the pairwise subject of somebody who was there before, else a
    number of the entry's own. ``facts`` is what it wrote. Nobody becomes a member by it: ``invitation_id`` offers the
    role, and whoever takes it up is who they are. ``removed_at`` hides them from the program, for good.
    """

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    scim_id = fields.CharField(max_length=64)
    user_key = fields.CharField(max_length=200)
    facts: dict[str, Any] = fields.JSONField()
    is_active = fields.BooleanField(db_default=True)
    person_id: UUID | None = fields.UUIDField(null=True)
    invitation_id: UUID | None = fields.UUIDField(null=True)
    changed_at: datetime = fields.DatetimeField(db_default=Now())
    removed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_directory_entry"


class ScimToken(TenantRow):
    """A long-lived token for one installation's SCIM endpoint, made by an administrator; only its hash is kept."""

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    token_hash: bytes = fields.BinaryField()
    made_by_name = fields.CharField(max_length=100)
    used_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_scim_token"


class ScimLink(TenantRow):
    """What an app was last told of somebody or of a role, and by which id it knows them (``remote_id``).

    ``key`` is the person's or the role's id, ``state`` the hash of what was told, ``pushes`` how often.
    """

    installation_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    key: UUID = fields.UUIDField()
    remote_id = fields.CharField(max_length=200, db_default="")
    state = fields.CharField(max_length=64, db_default="")
    pushes = fields.IntField(db_default=0)
    is_active = fields.BooleanField(db_default=True)
    pushed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_scim_link"
