"""What a bank asks for before it approves and before an institution goes live."""

from collections.abc import Sequence
from uuid import UUID

from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import BankPolicy
from tenants.onboarding.checklist import BEFORE_APPROVAL, BEFORE_LIVE
from ui.errors import Invalid
from ui.i18n import t

WEIGHTS = {"volume": 25, "value": 25, "reach": 20, "speed": 20, "complaints": 10}
"""How much each measure counts on a branch's scorecard, unless the bank says otherwise; they add up to 100."""


async def policy_of(bank_id: UUID) -> BankPolicy:
    """Return the bank's policy, in its own scope; a bank that has set none asks for documents alone."""
    found = await BankPolicy.get_or_none(bank_id=bank_id)
    return found or BankPolicy(
        id=new_id(), bank_id=bank_id, before_approval=[], before_live=[], weights=dict(WEIGHTS),
        review_months=12, cooling_days=3, score_to_refuse=70,
    )  # fmt: skip


async def set_policy(  # noqa: PLR0917 - one value of each thing that a bank decides
    actor: Actor,
    bank_id: UUID,
    before_approval: Sequence[str],
    before_live: Sequence[str],
    review_months: int,
    cooling_days: int,
    score_to_refuse: int,
    weights: dict[str, int],
) -> BankPolicy:
    """Set what the bank asks for from now on; applications on their way are asked for it too.

    Raises:
        Invalid: something that cannot be asked for, or weights that do not add up.
    """
    actor.require("policy.write")
    actor.require_fresh()
    if set(before_approval) - set(BEFORE_APPROVAL) or set(before_live) - set(BEFORE_LIVE):
        raise Invalid("policy.unknown", t("Choose from the list."))
    if sum(weights.values()) != 100 or min(weights.values()) < 0:  # noqa: PLR2004 - a whole
        raise Invalid("policy.weights", t("The weights must add up to 100."))
    found = await policy_of(bank_id)
    before = _shown(found)
    found.before_approval, found.before_live = list(before_approval), list(before_live)
    found.review_months, found.cooling_days = review_months, cooling_days
    found.score_to_refuse, found.weights = score_to_refuse, weights
    await found.save(force_create=not await BankPolicy.exists(id=found.id))
    await audit.record(
        actor,
        "bank_policy.changed",
        subject_kind="bank_policy",
        subject_id=found.id,
        subject_label=str(actor.place.get("name_en", "")),
        before=before,
        after=_shown(found),
    )
    return found


def _shown(policy: BankPolicy) -> dict[str, object]:
    names = ("before_approval", "before_live", "review_months", "cooling_days", "score_to_refuse", "weights")
    return {name: getattr(policy, name) for name in names}
