"""A vendor's people: invited by a link, which opens with the same company's login at the same bank."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from integrations.apps.doors import ROLES
from integrations.apps.models import Vendor, VendorMember
from integrations.apps.vendors import services
from integrations.apps.vendors.versions import require
from tenants import codes, notices
from tenants.actor import STRONG_LEVEL, Actor, StepUp
from tenants.runtime import runtime
from tenants.scope import open_scope, secret_scope, vendor_scope
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t

LIFE = timedelta(days=7)
KEEPS_THE_KEYS = "owner"


async def members(actor: Actor) -> list[VendorMember]:
    """Return who works for the vendor and who is invited."""
    return await VendorMember.filter(vendor_id=actor.vendor_id, ended_at=None).order_by("name")


async def invite(actor: Actor, *, name: str, email: str, role: str) -> str:
    """Invite a colleague by e-mail and return the link, which is stored nowhere."""
    require(actor, "vendor.people")
    actor.require_fresh()
    if role not in ROLES:
        raise Invalid("vendor.role", t("Choose a role."), fields={"role": t("Choose a role.")})
    vendor, token = await Vendor.get(id=actor.vendor_id), codes.new_token()
    await VendorMember.create(
        bank_id=vendor.bank_id,
        vendor_id=vendor.id,
        role=role,
        name=name,
        email=email,
        token_hash=codes.hash_token(token),
        expires_at=datetime.now(UTC) + LIFE,
    )
    await services.note(actor, vendor, "vendor_member.invited", after={"name": name, "role": role})
    url = f"{runtime().public_url}/vendor-invitations/{token}"
    await notices.send_now(
        "email",
        email,
        t("{vendor} invites you", vendor=vendor.name),
        t(
            "Dear {name},\n\n{inviter} invites you to work on the apps of {vendor}.\n\nOpen this link within seven"
            " days and sign in with your company's bank login:\n\n{url}",
            name=name,
            inviter=actor.name,
            vendor=vendor.name,
            url=url,
        ),
    )
    return url


async def look(token: str) -> tuple[VendorMember, Vendor]:
    """Return what the link opens; ``NotFound`` when it opens nothing any more."""
    hashed = codes.hash_token(token)
    async with open_scope(secret_scope(hashed)):
        found = await VendorMember.get_or_none(token_hash=hashed)
    if found is None or found.ended_at or found.expires_at is None or found.expires_at < datetime.now(UTC):
        raise NotFound("vendor.invitation", t("This link does not lead to an invitation."))
    async with open_scope(vendor_scope(found.vendor_id)):
        return found, await Vendor.get(id=found.vendor_id)


async def accept(actor: Actor, token: str) -> Vendor:
    """Make the signed-in person a member, once.

    Raises:
        Forbidden: unless they are signed in for this very company at its bank.
    """
    found, vendor = await look(token)
    company = actor.company or {}
    if company.get("uscc") != vendor.uscc or company.get("bank_id") != str(vendor.bank_id):
        raise Forbidden(
            "vendor.other_company",
            t("This invitation is for the company login of {vendor}.", vendor=vendor.name),
        )
    if actor.level < STRONG_LEVEL:
        raise StepUp
    async with open_scope(vendor_scope(vendor.id)):
        try:
            taken = await VendorMember.filter(
                id=found.id, person_id=None, token_hash=found.token_hash
            ).update(person_id=actor.person_id, token_hash=None)
        except IntegrityError:
            taken = 0
        if not taken:
            raise Conflict(
                "vendor.invitation_used", t("This invitation was used, taken back or has run out.")
            )
        await services.note(
            actor, vendor, "vendor_member.joined", after={"name": actor.name, "role": found.role}
        )
    return vendor


async def end(actor: Actor, member_id: UUID) -> VendorMember:
    """Take somebody off at once; the last owner stays."""
    require(actor, "vendor.people")
    actor.require_fresh()
    there = await VendorMember.filter(vendor_id=actor.vendor_id, ended_at=None).select_for_update()
    found = next((one for one in there if one.id == member_id), None)
    if found is None:
        raise NotFound("vendor.no_member", t("There is no such member of staff."))
    if [one.id for one in there if one.role == KEEPS_THE_KEYS and one.person_id] == [found.id]:
        raise Conflict("vendor.last_owner", t("This is the last owner. Make somebody else owner first."))
    found.ended_at, found.token_hash = datetime.now(UTC), None
    await found.save(update_fields=["ended_at", "token_hash"])
    vendor = await Vendor.get(id=actor.vendor_id)
    await services.note(actor, vendor, "vendor_member.ended", before={"name": found.name, "role": found.role})
    return found
