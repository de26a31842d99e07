"""Which system a hospital has: its address among the hospital's terms, its token encrypted there."""

import base64
from typing import ClassVar
from uuid import UUID

from billing.terms import Section, keep_terms, terms_of
from scenarios.hospital.his.contract import His
from scenarios.hospital.his.fhir import FhirHis
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.runtime import runtime

PURPOSE = "hospital-his-token"


class HisTerms(Section):
    """Where the hospital's system is; no address means that there is none."""

    section: ClassVar[str] = "his"
    url: str = ""
    sealed_token: str = ""
    confirm_minutes: int = 10
    """So long a payment may wait for the system; then it is given back."""


async def his_of(tenant_id: UUID) -> His | None:
    """Return the hospital's system, in any scope that sees the hospital; ``None`` where it has none."""
    terms = await terms_of(tenant_id, HisTerms)
    if not terms.url:
        return None
    token = runtime().decrypt(PURPOSE, base64.b64decode(terms.sealed_token)) if terms.sealed_token else ""
    tenant = await Tenant.get(id=tenant_id)
    return FhirHis(terms.url, tenant.currency, tenant.timezone, token)


async def connect(actor: Actor, *, tenant_id: UUID, url: str, token: str, confirm_minutes: int = 10) -> None:
    """Name the hospital's system, for somebody whose right to do so has been proved."""
    sealed = base64.b64encode(runtime().encrypt(PURPOSE, token)).decode()
    terms = HisTerms(url=url, sealed_token=sealed, confirm_minutes=confirm_minutes)
    await keep_terms(actor, terms, tenant_id=tenant_id)
