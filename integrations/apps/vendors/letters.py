"""Letters about what a bank decided: to the vendor, and to the institutions that use what was suspended.

A letter goes by the outbox of the institution it concerns, in its language; the vendor's own institution is its
first sandbox. A vendor that was refused has none: it is written to directly, once the decision stands, in the language
of whoever registered it; where that mail is not taken its page says the same.
"""

import contextlib
from functools import partial
from typing import Any
from uuid import UUID

from integrations.apps.models import AppVersion, Vendor
from tenants import notices
from tenants.actor import system_actor
from tenants.models import Person
from tenants.runtime import runtime
from tenants.scope import after_commit, open_scope, person_scope, rows, tenant_scope
from ui.errors import AppError
from ui.i18n import N_, Text, use_locale

MOST = 20
_ADMINISTRATORS = """
select distinct m.person_id, m.email from tenants_membership m
  join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and m.ended_at is null and 'apps.install' = any (r.permissions) and m.email <> '' limit $2
"""
_USED_AT = """
select i.tenant_id, i.id, a.name app, d.name vendor from integrations_installation i
  join integrations_app a on a.id = i.app_id join integrations_vendor d on d.id = i.vendor_id
 where i.status <> 'uninstalled' and not i.is_test and ($1::uuid is null or i.app_id = $1)
   and ($2::uuid is null or i.vendor_id = $2) order by i.tenant_id
"""
OF_VERSION: dict[str, tuple[str, str]] = {
    "listed": (
        N_("{app} is in the catalogue"),
        N_("Version {version} of {app} was reviewed and is listed. Institutions can install it from now on."),
    ),
    "returned": (
        N_("{app} was returned: something is missing"),
        N_("Version {version} of {app} is not listed yet. The reviewer wrote:\n\n{reasons}"),
    ),
    "suspended": (
        N_("{app} is suspended"),
        N_("Nobody can open {app} (version {version}) any more. The reviewer wrote:\n\n{reasons}"),
    ),
    "resumed": (
        N_("{app} is no longer suspended"),
        N_("Version {version} of {app} can be opened again where it is installed."),
    ),
}
OF_VENDOR: dict[str, tuple[str, str]] = {
    "admitted": (
        N_("{vendor} is admitted"),
        N_("{vendor} is admitted as a vendor of apps. You can draft your first app now."),
    ),
    "refused": (
        N_("{vendor} is not admitted"),
        N_(
            "{vendor} has not been admitted as a vendor of apps. The bank wrote:\n\n{reasons}\n\nOnce this is settled,"
            " register again."
        ),
    ),
    "suspended": (
        N_("{vendor} is suspended"),
        N_("None of the apps of {vendor} can be opened any more. The bank wrote:\n\n{reasons}"),
    ),
    "resumed": (N_("{vendor} is no longer suspended"), N_("The apps of {vendor} can be opened again.")),
}
"""What a vendor reads about a version, and about itself: heading and text."""
OF_USE: dict[str, tuple[str, str]] = {
    "suspended": (
        N_("{app} cannot be opened for now"),
        N_(
            "Your bank has suspended {app} of {vendor}. Nobody can open it, its access to your data has ended, and"
            " nothing is sent to it. You need not do anything: what you agreed to is kept, and it opens again when the"
            " suspension ends. If you no longer want it, uninstall it on its page."
        ),
    ),
    "resumed": (
        N_("{app} can be opened again"),
        N_("Your bank has ended the suspension of {app} of {vendor}."),
    ),
}
"""What administrators of an institution read about an app that they use."""


async def about_version(vendor: Vendor, version: AppVersion, became: str) -> None:
    """Write to the vendor about a version, and where it was suspended or resumed to everybody who uses the app."""
    facts = {"app": version.texts["en"]["name"], "version": version.number, "reasons": version.reasons}
    here = f"{runtime().public_url}/vendor/{vendor.slug}/apps/{version.app_id}"
    await _to_vendor(vendor, OF_VERSION.get(became), facts, here)
    await _to_users(became, app_id=version.app_id)


async def about_vendor(vendor: Vendor, became: str) -> None:
    """Write to a vendor about itself, and where it was suspended or resumed to everybody who uses its apps."""
    facts = {"vendor": vendor.name, "reasons": vendor.reasons}
    await _to_vendor(vendor, OF_VENDOR.get(became), facts, f"{runtime().public_url}/vendor/{vendor.slug}")
    await _to_users(became, vendor_id=vendor.id)


async def _to_vendor(vendor: Vendor, words: tuple[str, str] | None, facts: dict[str, Any], here: str) -> None:
    if words is None:
        return
    if not vendor.sandbox_tenant_ids:
        after_commit(
            partial(_send, vendor.contact_email, await locale_of(vendor), words, facts | {"here": here})
        )
        return
    home = vendor.sandbox_tenant_ids[0]
    async with open_scope(tenant_scope(home)):
        await _write(home, vendor.contact_email, None, words, facts, here)


async def locale_of(vendor: Vendor) -> str:
    """Return the language of whoever registered the vendor."""
    async with open_scope(person_scope(vendor.created_by)):
        found = await Person.get_or_none(id=vendor.created_by)
    return found.locale if found and found.locale else "en"


async def _send(recipient: str, locale: str, words: tuple[str, str], facts: dict[str, Any]) -> None:
    heading, text = words
    with use_locale(locale), contextlib.suppress(AppError):
        body = Text("{text}\n\n{here}", {"text": Text(text, facts), "here": facts["here"]})
        await notices.send_now("email", recipient, Text(heading, facts), body)


async def _to_users(became: str, *, app_id: UUID | None = None, vendor_id: UUID | None = None) -> None:
    """Write to the administrators of every institution that uses an app; the bank's scope is open and names them."""
    words = OF_USE.get(became)
    for use in await rows(_USED_AT, app_id, vendor_id) if words else ():
        facts = {"app": use["app"], "vendor": use["vendor"]}
        async with open_scope(tenant_scope(use["tenant_id"])):
            slug = (await rows("select slug from tenants_tenant where id = $1", use["tenant_id"]))[0]["slug"]
            here = f"{runtime().public_url}/t/{slug}/apps/{use['id']}/settings"
            for one in await rows(_ADMINISTRATORS, use["tenant_id"], MOST):
                await _write(use["tenant_id"], one["email"], one["person_id"], words, facts, here)


async def _write(  # noqa: PLR0917 - one letter: where, to whom, what
    tenant_id: UUID,
    recipient: str,
    person_id: UUID | None,
    words: tuple[str, str] | None,
    facts: dict[str, Any],
    here: str,
) -> None:
    assert words is not None  # noqa: S101 - looked up by the callers
    heading, text = words
    await notices.notify(
        system_actor(tenant_id),
        template="app_decision",
        channel="email",
        recipient=recipient,
        person_id=person_id,
        subject=Text(heading, facts),
        body=Text("{text}\n\n{here}", {"text": Text(text, facts), "here": here}),
    )
