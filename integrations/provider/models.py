"""What the provider keeps: keys, requests on their way, grants and the tokens they pay out."""

from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import Row, TenantRow


class ProviderKey(Row):
    """A secret of the issuer, stored encrypted: a key that signs, or the salt of the pairwise subjects.

    A signing key is published from ``created_at``, signs from ``signs_from`` to ``signs_until`` and is served until
    ``served_until``, when the last token it signed has ended. The salt never ends.
    """

    purpose = fields.CharField(max_length=10)
    kid = fields.CharField(max_length=60)
    secret: bytes = fields.BinaryField()
    signs_from = fields.DatetimeField()
    signs_until = fields.DatetimeField(null=True)
    served_until = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_provider_key"


class AuthorizationRequest(Row):
    """An authorization request that waits: pushed by an app, or put aside while the person is at their bank.

    ``started_at`` is when the person came with it: a sign-in after that counts as fresh. ``trips`` counts the ways
    to the bank, so that none can go round for ever.
    """

    token_hash: bytes = fields.BinaryField()
    client_id = fields.CharField(max_length=60)
    parameters: dict[str, Any] = fields.JSONField()
    is_pushed = fields.BooleanField()
    trips = fields.SmallIntField(db_default=0)
    started_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_authorization_request"


class Grant(TenantRow):
    """One sign-on of a person into an app: the family of its code and tokens, which end together.

    ``subject`` and ``sid`` are what the app's vendor knows person and session by. ``key_thumbprint`` binds the
    tokens to the key that proved itself (DPoP). ``told_at`` is when the app took the logout token.
    """

    session_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    installation_id: UUID = fields.UUIDField()
    app_id: UUID = fields.UUIDField()
    vendor_id: UUID = fields.UUIDField()
    client_id = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=64)
    sid = fields.CharField(max_length=64)
    scope = fields.CharField(max_length=1000)
    claims: dict[str, Any] = fields.JSONField()
    context: dict[str, Any] = fields.JSONField()
    level = fields.SmallIntField()
    method = fields.CharField(max_length=20)
    auth_time = fields.DatetimeField()
    key_thumbprint = fields.CharField(max_length=64, db_default="")
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    end_reason = fields.CharField(max_length=30, db_default="")
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_grant"


class Token(TenantRow):
    """A code, access or refresh token of a grant: its hash, never itself. ``spent_at`` is set exactly once."""

    grant_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=10)
    token_hash: bytes = fields.BinaryField()
    scope = fields.CharField(max_length=1000)
    details: dict[str, Any] = fields.JSONField()
    expires_at = fields.DatetimeField()
    spent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "integrations_token"
