"""What we know of the outside."""

from uuid import UUID

from tortoise import fields

from integrations.apps.models import App, AppVersion, Vendor, VendorMember
from integrations.apps.placing.models import Mark, MarkColumn, PlacedItem
from integrations.apps.scim.models import DirectoryEntry, ScimLink, ScimToken
from integrations.apps.tenant_models import AppConsent, AppDocument, AppMessage, Installation, Launch
from integrations.provider.models import AuthorizationRequest, Grant, ProviderKey, Token
from tenants.models.base import Row

__all__ = [
    "App",
    "AppConsent",
    "AppDocument",
    "AppMessage",
    "AppVersion",
    "AuthorizationRequest",
    "BankProvider",
    "DirectoryEntry",
    "Grant",
    "Installation",
    "Launch",
    "Mark",
    "MarkColumn",
    "Once",
    "PlacedItem",
    "ProviderKey",
    "ScimLink",
    "ScimToken",
    "Token",
    "Vendor",
    "VendorMember",
]


class BankProvider(Row):
    """A bank's OpenID provider: how its staff and customers sign in. The client secret is stored encrypted."""

    bank_id: UUID = fields.UUIDField()
    issuer = fields.CharField(max_length=300)
    client_id = fields.CharField(max_length=200)
    client_secret: bytes = fields.BinaryField()
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "integrations_bank_provider"


class Once(Row):
    """Something that may happen once: a sign-in's state, a logout token's ``jti``. Kept until it has run out."""

    token_hash: bytes = fields.BinaryField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "integrations_once"
