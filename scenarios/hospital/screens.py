"""The waiting room's screen without signing in: a department's secret address, which the hospital can renew or close.

Whoever has the address sees rooms and numbers and nothing else. A hash of the secret finds the department; the secret
is kept sealed, so that the address can be shown again to whoever sets the screen up.
"""

import secrets
from hashlib import sha256
from uuid import UUID

from scenarios.hospital.models import Department
from scenarios.hospital.rights import SET_UP
from tenants import audit
from tenants.actor import Actor
from tenants.runtime import runtime
from tenants.scope import open_scope, row, secret_scope
from ui.errors import NotFound
from ui.i18n import t

PURPOSE = "hospital-screen"
ROOT = "/screens"
_FIND = "select tenant_id, id from hospital_department where screen_hash = $1"


async def renew(actor: Actor, department_id: UUID) -> str:
    """Give a department's screen an address; one that it had shows nothing any more."""
    found = await _department(actor, department_id)
    secret, act = secrets.token_urlsafe(32), "screen.renewed" if found.screen_hash else "screen.opened"
    found.screen, found.screen_hash = runtime().encrypt(PURPOSE, secret), _hash(secret)
    await found.save(update_fields=["screen", "screen_hash"])
    await _record(actor, found, act)
    return f"{ROOT}/{secret}"


async def close(actor: Actor, department_id: UUID) -> None:
    """Show nothing any more to whoever has the address."""
    found = await _department(actor, department_id)
    if found.screen_hash is not None:
        found.screen = found.screen_hash = None
        await found.save(update_fields=["screen", "screen_hash"])
        await _record(actor, found, "screen.closed")


def path_of(found: Department) -> str:
    """Return where a department's screen is; empty where it has none."""
    return f"{ROOT}/{runtime().decrypt(PURPOSE, bytes(found.screen))}" if found.screen else ""


async def of(secret: str) -> tuple[UUID, UUID]:
    """Return the hospital and the department whose screen this secret opens.

    Raises:
        NotFound: none; it was renewed or closed.
    """
    async with open_scope(secret_scope(_hash(secret))):
        found = await row(_FIND, _hash(secret))
    if found is None:
        raise NotFound("screen.not_found", t("There is no such screen. Its address may have been renewed."))
    return found["tenant_id"], found["id"]


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


async def _department(actor: Actor, department_id: UUID) -> Department:
    actor.require(SET_UP)
    found = await Department.get_or_none(tenant_id=actor.tenant_id, id=department_id)
    if found is None:
        raise NotFound("department.not_found", t("There is no such department."))
    return found


async def _record(actor: Actor, found: Department, act: str) -> None:
    await audit.record(actor, act, subject_kind="department", subject_id=found.id, subject_label=found.code)
