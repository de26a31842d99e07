"""Passes: issued by who lives here, revoked; at the gate they are scanned (``scanning``).

What is asked at the gate is the pass alone: its code or plate, its window, how often it was used. These modules know no
bill and must not: arrears are no input to access (see ``tests/scenarios/community/test_law_guard.py``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from scenarios.community.common import refused
from scenarios.community.visitors import codes
from scenarios.community.visitors.models import VisitorPass
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute
from ui.i18n import t

LONGEST = timedelta(days=31)
MOST_USES = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is expected, when, how often."""

    name: str
    valid_from: datetime
    valid_until: datetime
    uses: int = 1
    plate: str = ""


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
        plate=codes.tidy(wish.plate),
        valid_from=wish.valid_from,
        valid_until=wish.valid_until,
        uses=wish.uses,
        code_hash=codes.hash_of(codes.letters(pass_id)),
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


def state_of(one: VisitorPass, now: datetime) -> str:
    """Return how a pass stands: ``revoked``, ``over``, ``used`` up, ``early`` or ``good``."""
    if one.revoked_at:
        return "revoked"
    if one.valid_until < now:
        return "over"
    if one.used >= one.uses:
        return "used"
    return "early" if one.valid_from > now else "good"
