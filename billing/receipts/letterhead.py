"""The bank's logo on the papers of its institutions, as it is when they are printed."""

import asyncio
from dataclasses import replace
from uuid import UUID

from billing.receipts.documents import ReceiptDocument
from tenants.banks.logo import read_logo
from tenants.scope import value

_KEY = "select b.logo_key from tenants_tenant t join tenants_bank b on b.id = t.bank_id where t.id = $1"


async def logo_for(tenant_id: UUID) -> bytes:
    """Return the logo of an institution's bank, in the open scope; nothing where there is none."""
    key = await value(_KEY, tenant_id)
    return await asyncio.to_thread(read_logo, key) if key else b""


def under(logo: bytes, document: ReceiptDocument) -> ReceiptDocument:
    """Return the receipt with the logo over it."""
    return replace(document, issuer=replace(document.issuer, logo=logo)) if logo else document
