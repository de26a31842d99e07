"""What a program may do to an institution's staff: note somebody and have them invited, change what it noted, let go.

Nobody becomes a member of staff by it, and nobody gets another role: who takes the invitation up says who they are at
their bank, and the role is the one that the administrator chose for newcomers. Administrators are let go by
administrators.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.apps.clients import Granted
from integrations.apps.scim import schemas, values
from integrations.apps.scim.errors import ScimError
from integrations.apps.scim.models import DirectoryEntry
from integrations.apps.scim.people import Somebody
from integrations.apps.tenant_models import Installation
from tenants import audit, invitations
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Invitation, Membership
from tenants.scope import open_scope, tenant_scope
from tenants.staff import services as staff
from ui.errors import AppError, Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that may write here: the installation and the name that stands in the trail."""

    granted: Granted
    name: str

    def actor(self) -> Actor:
        """Return who acts: a program, for which nobody can confirm anything."""
        return Actor(kind="system", name=self.name, tenant_id=self.granted.tenant_id)


async def add(writer: Writer, given: Mapping[str, Any]) -> DirectoryEntry:
    """Note somebody, and have them invited where they are to be active and have an address."""
    facts, is_active = _read(given)
    entry = await _make(writer, facts, scim_id=str(new_id()), person_id=None, is_active=is_active)
    await _note(writer, "directory.added", entry)
    await _follow(writer, entry)
    return entry


async def change(writer: Writer, one: Somebody, given: Mapping[str, Any]) -> None:
    """Keep what the program says of somebody now, and invite or let go as it follows."""
    facts, is_active = _read(given)
    entry = await _entry_of(writer, one)
    entry.facts, entry.is_active = facts, is_active
    entry.user_key, entry.changed_at = _key(facts), datetime.now(UTC)
    try:
        async with open_scope(tenant_scope(entry.tenant_id)):
            await entry.save(update_fields=["facts", "is_active", "user_key", "changed_at"])
    except IntegrityError:
        raise _twice() from None
    await _follow(writer, entry, one)


async def remove(writer: Writer, one: Somebody) -> None:
    """Let somebody go, and hide them from the program for good."""
    entry = await _entry_of(writer, one)
    entry.is_active, entry.removed_at = False, datetime.now(UTC)
    entry.user_key = f"{entry.id}"
    await entry.save(update_fields=["is_active", "removed_at", "user_key"])
    await _note(writer, "directory.removed", entry)
    await _follow(writer, entry, one)


def _read(given: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return what is written of somebody, and whether they are to be active."""
    facts = values.checked(given, schemas.writable())
    return facts, bool(facts.get("active", True))


def _key(facts: Mapping[str, Any]) -> str:
    return str(facts["userName"]).lower()


async def _entry_of(writer: Writer, one: Somebody) -> DirectoryEntry:
    """Return the locked entry of somebody; of a member whom the program did not add, one is begun."""
    tenant_id = writer.granted.tenant_id
    if one.entry:
        return await DirectoryEntry.select_for_update().get(tenant_id=tenant_id, id=one.entry["id"])
    facts = {name: value for name, value in one.facts.items() if value}
    return await _make(writer, facts, scim_id=one.scim_id, person_id=one.person_id, is_active=True)


async def _make(
    writer: Writer, facts: dict[str, Any], *, scim_id: str, person_id: UUID | None, is_active: bool
) -> DirectoryEntry:
    granted = writer.granted
    try:
        async with open_scope(tenant_scope(granted.tenant_id)):
            return await DirectoryEntry.create(
                id=new_id(),
                tenant_id=granted.tenant_id,
                installation_id=granted.installation_id,
                vendor_id=granted.vendor_id,
                scim_id=scim_id,
                user_key=_key(facts),
                facts=facts,
                is_active=is_active,
                person_id=person_id,
            )
    except IntegrityError:
        raise _twice() from None


def _twice() -> ScimError:
    return ScimError(409, "Somebody has this userName already.", "uniqueness")


async def _follow(writer: Writer, entry: DirectoryEntry, one: Somebody | None = None) -> None:
    """Do what an entry asks for: an invitation for somebody new, the end for somebody who is to go."""
    if not entry.is_active:
        await _withdraw(writer, entry)
        await _let_go(writer, one)
    elif one is None or one.state in {"noted", "invited"}:
        await _invite(writer, entry)


async def _let_go(writer: Writer, one: Somebody | None) -> None:
    """End every role of somebody who is here.

    Raises:
        ScimError: 403 for an administrator, or the last who could invite others.
    """
    if one is None or one.state != "here":
        return
    if one.is_chief:
        raise ScimError(403, "Administrators are let go by administrators.")
    held = Membership.filter(tenant_id=writer.granted.tenant_id, person_id=one.person_id, ended_at=None)
    for membership in await held:
        try:
            await staff.end_membership(writer.actor(), membership.id)
        except Conflict as error:
            raise ScimError(403, str(error.message)) from error


async def _invite(writer: Writer, entry: DirectoryEntry) -> None:
    """Offer the role for newcomers at the address that stands there; without a role or an address nothing is sent."""
    role = (await Installation.get(tenant_id=entry.tenant_id, id=entry.installation_id)).entry_role
    address = _address(entry.facts)
    if await _is_invited_at(entry, address):
        return
    await _withdraw(writer, entry)
    if not role or not address:
        return
    name = str(entry.facts.get("displayName") or (entry.facts.get("name") or {}).get("formatted") or address)
    try:
        invited = await invitations.invite(writer.actor(), role=role, name=name[:100], email=address)
    except Invalid:
        return  # somebody of the institution has invited this address
    entry.invitation_id = invited.invitation.id
    await entry.save(update_fields=["invitation_id"])


async def _is_invited_at(entry: DirectoryEntry, address: str) -> bool:
    return await Invitation.filter(
        tenant_id=entry.tenant_id,
        id=entry.invitation_id,
        email=address,
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=datetime.now(UTC),
    ).exists()


async def _withdraw(writer: Writer, entry: DirectoryEntry) -> None:
    """Take back an invitation that nobody has taken up."""
    if entry.invitation_id is None:
        return
    try:
        await invitations.revoke(writer.actor(), entry.invitation_id)
    except AppError:
        return  # it was taken up, or taken back
    entry.invitation_id = None
    await entry.save(update_fields=["invitation_id"])


def _address(facts: Mapping[str, Any]) -> str:
    """Return where an invitation goes: the primary address, else the first, else a user name that is one."""
    emails = sorted(facts.get("emails") or [], key=lambda one: one.get("primary") is not True)
    found = str(emails[0].get("value", "")) if emails else str(facts["userName"])
    return found if "@" in found.strip("@") and " " not in found else ""


async def _note(writer: Writer, act: str, entry: DirectoryEntry) -> None:
    await audit.record(
        writer.actor(),
        act,
        subject_kind="directory_entry",
        subject_id=entry.id,
        subject_label=str(entry.facts.get("displayName") or entry.facts["userName"]),
    )
