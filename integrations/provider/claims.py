"""What an app is told of person and institution: what the bank verified, as the tenant agreed, field by field."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from integrations.apps.clients import Granted
from integrations.apps.scopes import SCOPES, Claim, claims_of
from integrations.provider.models import Grant
from tenants.models import Person
from tenants.scope import open_scope, person_scope, rows

Claims = dict[str, Any]
ALWAYS = frozenset({"sub", "acr", "amr", "auth_time", "sid"})
"""Claims of the sign-in itself, which no consent keeps back."""
_ROLES = (
    "select distinct r.key from tenants_membership m"
    " join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id"
    " where m.tenant_id = $1 and m.person_id = $2 and m.ended_at is null order by r.key"
)
_TENANT = (
    "select t.id, t.short_name, t.scenarios, t.locale, t.timezone, t.currency, t.name, t.uscc, t.legal_representative,"
    " t.status, b.name bank, b.name_en bank_en from tenants_tenant t join tenants_bank b on b.id = t.bank_id"
    " where t.id = $1"
)


def allowed(granted: Granted, scope: str, wished: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of the claims to tell: those of the scope, and wished ones, which the tenant agreed to."""
    named = claims_of(set(scope.split()) & granted.scopes)
    further = {name for name in wished if name in claims_of(granted.scopes)}
    return frozenset(granted.claims & (set(named) | further))


def labels() -> dict[str, Claim]:
    """Return the words for every claim."""
    return claims_of(SCOPES)


async def about(grant: Grant, names: frozenset[str]) -> Claims:
    """Return these claims; what is not known is left out. The tenant's scope is open and stays so."""
    told: Claims = {}
    for group, read in _READERS.items():
        if wanted := names & group:
            found = await read(grant)
            told |= {name: found[name] for name in wanted if found.get(name)}
    for name in ("email", "phone_number"):
        if name in told:
            told[f"{name}_verified"] = True
    return told


async def _of_person(grant: Grant) -> Mapping[str, Any]:
    """Only what their bank verified is on a person's row; what a colleague typed is on the membership."""
    async with open_scope(person_scope(grant.person_id)):
        person = await Person.get(id=grant.person_id)
    return {
        "name": person.name,
        "locale": person.locale.replace("_", "-"),
        "email": person.email,
        "phone_number": person.phone,
    }


async def _of_roles(grant: Grant) -> Mapping[str, Any]:
    return {"roles": [row["key"] for row in await rows(_ROLES, grant.tenant_id, grant.person_id)]}


async def _of_tenant(grant: Grant) -> Mapping[str, Any]:
    """The institution's row is the bank's: made from the application that two of its people checked."""
    (tenant,) = await rows(_TENANT, grant.tenant_id)
    return {
        "tenant": str(tenant["id"]),
        "tenant_name": tenant["short_name"],
        "tenant_scenarios": list(tenant["scenarios"]),
        "tenant_locale": {
            "locale": tenant["locale"].replace("_", "-"),
            "zoneinfo": tenant["timezone"],
            "currency": tenant["currency"],
        },
        "enterprise_name": tenant["name"],
        "enterprise_uscc": tenant["uscc"],
        "enterprise_legal_representative": tenant["legal_representative"],
        "enterprise_verification": {
            "bank": tenant["bank"],
            "bank_en": tenant["bank_en"],
            "status": tenant["status"],
        },
    }


_READERS: dict[frozenset[str], Callable[[Grant], Awaitable[Mapping[str, Any]]]] = {
    frozenset({"name", "locale", "email", "phone_number"}): _of_person,
    frozenset({"roles"}): _of_roles,
    frozenset(
        {
            "tenant",
            "tenant_name",
            "tenant_scenarios",
            "tenant_locale",
            "enterprise_name",
            "enterprise_uscc",
            "enterprise_legal_representative",
            "enterprise_verification",
        }
    ): _of_tenant,
}
