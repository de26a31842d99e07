"""The bank's logo and name on the papers of its institutions, as they are when they are printed."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from billing.receipts.documents import ReceiptDocument
from tenants.banks.logo import read_logo
from tenants.scope import rows

_BANK = (
    "select b.name, b.name_en, b.logo_key from tenants_tenant t"
    " join tenants_bank b on b.id = t.bank_id where t.id = $1"
)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What the bank puts over a paper: ``logo`` is nothing where it has none."""

    name: str
    name_en: str
    logo: bytes


async def letterhead_for(tenant_id: UUID) -> Letterhead:
    """Return the letterhead of an institution's bank, in the open scope."""
    bank = (await rows(_BANK, tenant_id))[0]
    logo = await asyncio.to_thread(read_logo, bank["logo_key"]) if bank["logo_key"] else b""
    return Letterhead(bank["name"], bank["name_en"], logo)


def under(head: Letterhead, document: ReceiptDocument, locale: str) -> ReceiptDocument:
    """Return the receipt with the logo over it, and the bank by its name in the language of the paper.

    A bank that has another name by now keeps the one that the receipt was made out with.
    """
    kept = document.issuer.bank_name
    name = head.name_en if locale != "zh_CN" and kept == head.name else kept
    return replace(document, issuer=replace(document.issuer, logo=head.logo, bank_name=name))
