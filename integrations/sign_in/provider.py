"""Which OpenID provider vouches for a bank's people, and how we introduce ourselves to it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from integrations.models import BankProvider
from tenants.models import Bank
from tenants.runtime import runtime
from tenants.scope import Scope, bank_scope, open_scope
from ui.i18n import current_locale

PURPOSE = "bank provider client secret"


@dataclass(frozen=True, slots=True)
class Provider:
    """A bank and its provider, as a sign-in needs them. ``client_secret`` is plain: never log or keep it."""

    bank_id: UUID
    slug: str
    name: str
    name_en: str
    accent: str
    issuer: str
    client_id: str
    client_secret: str
    logo_key: str = ""

    @property
    def shown_name(self) -> str:
        """The bank's name in the reader's language."""
        return self.name if current_locale() == "zh_CN" else self.name_en


async def save_provider(bank_id: UUID, issuer: str, client_id: str, client_secret: str) -> None:
    """Set the provider of a bank, replacing the one it had; the secret is encrypted before it is stored.

    The bank registers ``{public_url}/sign-in/callback`` as redirect address, ``{public_url}/`` for after signing
    out and ``{public_url}/webhooks/bank-logout/{bank's slug}`` for its logout tokens.
    """
    values: dict[str, Any] = {
        "issuer": issuer,
        "client_id": client_id,
        "client_secret": runtime().encrypt(PURPOSE, client_secret),
    }
    async with open_scope(bank_scope(bank_id)):
        if not await BankProvider.filter(bank_id=bank_id, is_active=True).update(**values):
            await BankProvider.create(bank_id=bank_id, **values)


async def banks() -> list[Bank]:
    """Return all banks by name; they are no secret."""
    async with open_scope(Scope()):
        return await Bank.all().order_by("name_en")


async def provider_of(slug: str) -> Provider | None:
    """Return the provider of the bank with this name in addresses; ``None`` when there is no such sign-in."""
    async with open_scope(Scope()):
        bank = await Bank.get_or_none(slug=slug)
    return await _with_provider(bank)


async def provider_for(bank_id: UUID) -> Provider | None:
    """Return the provider of a bank; ``None`` when it has none."""
    async with open_scope(Scope()):
        bank = await Bank.get_or_none(id=bank_id)
    return await _with_provider(bank)


async def _with_provider(bank: Bank | None) -> Provider | None:
    if bank is None:
        return None
    async with open_scope(bank_scope(bank.id)):
        found = await BankProvider.get_or_none(bank_id=bank.id, is_active=True)
    if found is None:
        return None
    return Provider(
        bank_id=bank.id,
        slug=bank.slug,
        name=bank.name,
        name_en=bank.name_en,
        accent=bank.accent,
        issuer=found.issuer,
        client_id=found.client_id,
        client_secret=runtime().decrypt(PURPOSE, found.client_secret),
        logo_key=bank.logo_key,
    )
