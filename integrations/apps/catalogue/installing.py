"""Installing an app and changing what it gets: each agreement is a row that nothing can change afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.apps.catalogue.queries import Offer, offer_of
from integrations.apps.models import AppVersion
from integrations.apps.placing.records import visitor_roles
from integrations.apps.scim import push
from integrations.apps.scopes import SCOPES, claims_of, required_claims
from integrations.apps.tenant_models import AppConsent, Installation
from integrations.apps.webhooks.messages import tell
from integrations.provider.ending import end_grants
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Role, Tenant
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

LEVEL = 3
"""The assurance that agreeing takes."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a tenant agrees to: scopes, claims inside them, the roles that see it, the level that opening takes."""

    scopes: frozenset[str]
    claims: frozenset[str]
    roles: frozenset[str] = field(default_factory=frozenset)
    min_level: int = 1


async def install(actor: Actor, app_id: UUID, agreed: Agreed) -> Installation:
    """Install an app with exactly what was agreed to.

    Raises:
        StepUp: without a fresh login of the strongest level.
        Conflict: when it is installed already.
        Invalid: when something is agreed to that it does not ask for, or no role sees it.
    """
    _require(actor)
    offer = await offer_of(actor, app_id)
    told = _checked(offer.version, agreed)
    await _check_roles(actor, agreed.roles)
    try:
        async with open_scope(tenant_scope(_tenant(actor))):
            made = await Installation.create(
                id=new_id(),
                tenant_id=_tenant(actor),
                vendor_id=offer.app.vendor_id,
                app_id=app_id,
                version_id=offer.version.id,
                is_test=offer.is_test,
                scopes=sorted(told.scopes),
                claims=sorted(told.claims),
                roles=sorted(agreed.roles),
                min_level=max(agreed.min_level, offer.version.min_level),
                installed_by=actor.person_id,
                installed_by_name=actor.name,
            )
    except IntegrityError:
        raise Conflict("app.installed_already", t("This app is installed already.")) from None
    await _consent(actor, made, offer.version, told)
    await note(actor, made, "app.installed", offer.app.name, after=_facts(made, offer.version))
    await tell(made, "installation.created", _life(made), cause=str(made.id))
    await push.begin(made)
    return made


async def agree_anew(actor: Actor, installation_id: UUID, agreed: Agreed) -> Installation:
    """Change what an installed app gets, by its listed version; what it held under the former agreement ends.

    Raises:
        StepUp: without a fresh login of the strongest level.
    """
    _require(actor)
    found = await get(actor, installation_id, is_locked=True)
    if found.status == "uninstalled":
        raise _gone()
    offer = await offer_of(actor, found.app_id)
    told = _checked(offer.version, agreed)
    before = {"scopes": found.scopes, "claims": found.claims}
    found.scopes, found.claims, found.version_id = sorted(told.scopes), sorted(told.claims), offer.version.id
    await found.save(update_fields=["scopes", "claims", "version_id"])
    consent = await _consent(actor, found, offer.version, told)
    await note(
        actor, found, "app.consented", offer.app.name, before=before, after=_facts(found, offer.version)
    )
    await end_grants("agreed anew", installation_id=found.id)
    await tell(found, "installation.changed", _life(found), cause=str(consent.id))
    await push.begin(found)
    return found


async def choose_roles(
    actor: Actor, installation_id: UUID, roles: frozenset[str], min_level: int
) -> Installation:
    """Change which roles see an app and how strongly they have to sign in for it; the rest lose it at once."""
    actor.require("apps.install")
    actor.require_fresh()
    found = await get(actor, installation_id, is_locked=True)
    offer = await offer_of(actor, found.app_id)
    await _check_roles(actor, roles)
    before = {"roles": found.roles}
    found.roles, found.min_level = sorted(roles), max(min_level, offer.version.min_level)
    await found.save(update_fields=["roles", "min_level"])
    after = {"roles": found.roles}
    await note(actor, found, "app.roles_changed", offer.app.name, before=before, after=after)
    return found


async def get(actor: Actor, installation_id: UUID, *, is_locked: bool = False) -> Installation:
    """Return one of the tenant's installations."""
    asked = Installation.select_for_update() if is_locked else Installation
    found = await asked.get_or_none(tenant_id=_tenant(actor), id=installation_id)
    if found is None:
        raise NotFound("app.not_installed", t("This app is not installed here."))
    return found


async def note(
    actor: Actor,
    installation: Installation,
    act: str,
    label: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an act about an installation into the tenant's trail."""
    await audit.record(
        actor,
        act,
        subject_kind="installation",
        subject_id=installation.id,
        subject_label=label,
        before=before,
        after=after,
    )


async def _consent(actor: Actor, installation: Installation, version: AppVersion, told: Agreed) -> AppConsent:
    return await AppConsent.create(
        id=new_id(),
        tenant_id=installation.tenant_id,
        installation_id=installation.id,
        version_id=version.id,
        vendor_id=installation.vendor_id,
        scopes=sorted(told.scopes),
        claims=sorted(told.claims),
        reasons={key: version.scopes[key] for key in sorted(told.scopes)},
        person_id=actor.person_id,
        person_name=actor.name,
        level=actor.level,
        auth_time=actor.auth_time,
    )


def _require(actor: Actor) -> None:
    actor.require("apps.install")
    actor.require_fresh(LEVEL)


def _tenant(actor: Actor) -> UUID:
    assert actor.tenant_id is not None  # noqa: S101 - the door is a tenant's
    return actor.tenant_id


def _checked(version: AppVersion, agreed: Agreed) -> Agreed:
    """Return what is told: no more than is asked for, with what a scope means nothing without."""
    always = {key for key, scope in SCOPES.items() if scope.is_always}
    scopes = agreed.scopes | always
    if scopes - set(version.scopes) - always or agreed.claims - set(claims_of(scopes)):
        raise Invalid("app.not_asked", t("The app does not ask for that."))
    return Agreed(frozenset(scopes), frozenset(agreed.claims | required_claims(scopes)))


async def _check_roles(actor: Actor, roles: Iterable[str]) -> None:
    chosen = set(roles)
    visitors = visitor_roles((await Tenant.get(id=_tenant(actor))).scenarios)
    known = {*await Role.filter(tenant_id=_tenant(actor)).values_list("key", flat=True), *visitors}
    if not chosen or chosen - known:
        text = t("Choose at least one role.")
        raise Invalid("app.roles", text, fields={"roles": text})


def _facts(installation: Installation, version: AppVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "scopes": installation.scopes,
        "claims": installation.claims,
        "roles": installation.roles,
    }


def _life(installation: Installation) -> dict[str, Any]:
    """What an app hears of its own installation; which institution it is only where that was agreed."""
    told: dict[str, Any] = {"scopes": installation.scopes, "claims": installation.claims}
    if "tenant" in installation.claims:
        told["tenant"] = str(installation.tenant_id)
    return told


def _gone() -> Conflict:
    return Conflict("app.uninstalled", t("This app was uninstalled."))


__all__ = ["LEVEL", "Agreed", "Offer", "agree_anew", "choose_roles", "get", "install", "note"]
