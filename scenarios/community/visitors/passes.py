"""Passes: issued by who lives here, shown at the gate, used, revoked.

What is asked at the gate is the pass alone: its code or plate, its window, how often it was used. This module knows no
bill and must not: arrears are no input to access (see ``tests/scenarios/community/test_law_guard.py``).
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.visitors.models import PassUse, VisitorPass
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import execute, rows
from ui.errors import Conflict
from ui.i18n import t

LONGEST = timedelta(days=31)
MOST_USES = 100
_LETTERS = 10
_PLAIN = re.compile(r"[^A-Z0-9]")
_FIND = """
select id from community_visitor_pass
 where tenant_id = $1 and (code_hash = $2 or (plate <> '' and plate = $3)) and revoked_at is null
   and valid_until >= $4 order by (valid_from <= $4 and used < uses) desc, valid_from, id limit 1
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is expected, when, how often."""

    name: str
    valid_from: datetime
    valid_until: datetime
    uses: int = 1
    plate: str = ""


def code_of(pass_id: UUID) -> str:
    """Return the ten letters of a pass, in two groups."""
    made = base64.b32encode(runtime().sign("visitor-pass", pass_id.bytes)).decode()[:_LETTERS]
    return f"{made[:5]}-{made[5:]}"


def tidy(text: str) -> str:
    """Return a code or plate without what people put between."""
    return _PLAIN.sub("", text.upper())[:20]


def _hash(code: str) -> bytes:
    return hashlib.sha256(tidy(code).encode()).digest()


async def issue(actor: Actor, tenant_id: UUID, account_id: UUID, wish: Wish) -> VisitorPass:
    """Issue a pass for a visitor of a unit, in the institution's scope.

    Raises:
        Invalid: nobody is named, or the window or the number of times cannot be (field).
    """
    now = datetime.now(UTC)
    if not wish.name.strip():
        raise refused("pass.name", "name", t("Say who is coming."))
    if not wish.valid_from < wish.valid_until or wish.valid_until <= now:
        raise refused("pass.until", "valid_until", t("Choose an end after the beginning, and not over yet."))
    if wish.valid_until - wish.valid_from > LONGEST:
        raise refused("pass.until", "valid_until", t("A pass is good for {n} days at most.", n=LONGEST.days))
    if not 1 <= wish.uses <= MOST_USES:
        raise refused("pass.uses", "uses", t("Enter a number from 1 to {most}.", most=MOST_USES))
    pass_id = new_id()
    return await VisitorPass.create(
        id=pass_id,
        tenant_id=tenant_id,
        account_id=account_id,
        name=wish.name.strip(),
        plate=tidy(wish.plate),
        valid_from=wish.valid_from,
        valid_until=wish.valid_until,
        uses=wish.uses,
        code_hash=_hash(code_of(pass_id)),
        issued_by=actor.person_id,
        issued_by_name=actor.name[:100],
    )


async def revoke(tenant_id: UUID, pass_id: UUID) -> None:
    """Let nobody in any more with this pass."""
    await execute(
        "update community_visitor_pass set revoked_at = now() where tenant_id = $1 and id = $2 and revoked_at is null",
        tenant_id,
        pass_id,
    )


async def admit(actor: Actor, shown: str, *, key: str) -> VisitorPass:
    """Let somebody in who shows a code or comes by a plate; under the same ``key`` it counts once.

    Raises:
        NotFound: there is no such pass, or it was revoked or is over.
        Conflict: it is not good yet, or has been used as often as it may.
    """
    actor.require("gate.work")
    tenant_id = tenant_of(actor)
    now = datetime.now(UTC)
    found = await rows(_FIND, tenant_id, _hash(shown), tidy(shown), now)
    if not found:
        raise nothing()
    one = await VisitorPass.select_for_update().get(tenant_id=tenant_id, id=found[0]["id"])
    if await PassUse.exists(tenant_id=tenant_id, key=key):
        return one
    if one.valid_from > now:
        raise Conflict("pass.early", t("This pass is not good yet."))
    if one.used >= one.uses:
        raise Conflict("pass.used", t("This pass has been used as often as it may."))
    await PassUse.create(id=new_id(), tenant_id=tenant_id, pass_id=one.id, key=key, by_name=actor.name[:100])
    one.used += 1
    await VisitorPass.filter(tenant_id=tenant_id, id=one.id).update(used=one.used)
    return one


def state_of(one: VisitorPass, now: datetime) -> str:
    """Return how a pass stands: ``revoked``, ``over``, ``used`` up, ``early`` or ``good``."""
    if one.revoked_at:
        return "revoked"
    if one.valid_until < now:
        return "over"
    if one.used >= one.uses:
        return "used"
    return "early" if one.valid_from > now else "good"
