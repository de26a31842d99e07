"""What asking for an adjustment and deciding about one have in common, whether it is for one bill or for many."""

from collections.abc import Mapping
from datetime import UTC, datetime

from billing.models import Adjustment, StandingAdjustment
from tenants import audit
from tenants.actor import Actor
from ui.errors import Conflict, Forbidden, Invalid
from ui.i18n import t

REASON_MAX = 500
Decided = Adjustment | StandingAdjustment


def reason_of(given: str) -> str:
    """Return a reason without spaces around it.

    Raises:
        Invalid: there is none, or it is too long.
    """
    reason = given.strip()
    if not 0 < len(reason) <= REASON_MAX:
        text = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("adjustment.reason", text, fields={"reason": text})
    return reason


def require_decider(actor: Actor, found: Decided) -> None:
    """Let only another person decide, with the right, a fresh sign-in, and while nothing was decided.

    Raises:
        Forbidden: the actor has no such right, or asked for it themselves.
        Conflict: it has been decided already.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("adjustments.approve")
    actor.require_fresh()
    if found.requested_by == actor.person_id:
        text = t("You asked for this yourself. Another person has to decide about it.")
        raise Forbidden("adjustment.own", text)
    if found.status != "requested":
        raise Conflict("adjustment.decided", t("This has been decided already."))


def decide(actor: Actor, found: Decided, reason: str = "") -> None:
    """Note who decided; the caller saves the row."""
    found.decided_by, found.decided_by_name = actor.person_id, actor.name[:100]
    found.decided_at, found.decision_reason = datetime.now(UTC), reason


async def record(actor: Actor, found: Decided, act: str, after: Mapping[str, object]) -> None:
    """Write the act into the audit trail."""
    await audit.record(
        actor,
        act,
        subject_kind="adjustment",
        subject_id=found.id,
        subject_label=found.number,
        after={"kind": found.kind, "status": found.status, "amount_minor": found.amount_minor, **after},
    )
