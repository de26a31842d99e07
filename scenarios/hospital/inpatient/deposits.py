"""What a stay has: deposited, charged, borne by insurance, lent, left; and who is told when it runs low."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.names import Sum
from billing.terms import terms_of
from scenarios.hospital.inpatient import admission
from scenarios.hospital.inpatient.terms import StayTerms
from scenarios.hospital.models import Stay
from scenarios.hospital.rights import STAYS_WORK
from scenarios.hospital.words import tell as tell_family
from tenants.actor import Actor
from tenants.scope import row
from ui.errors import Invalid
from ui.i18n import t

TOLD = ("stays",)
HELD = """
select w.balance_minor deposited_minor, coalesce(c.amount, 0)::bigint charged_minor,
       coalesce(p.insurer_minor, 0)::bigint insured_minor, coalesce(k.amount, 0)::bigint lent_minor,
       k.until lent_until
  from hospital_stay s join billing_wallet w on w.tenant_id = $1 and w.id = s.wallet_id
  left join lateral (select sum(amount_minor) amount from hospital_stay_charge x
     where x.tenant_id = $1 and x.stay_id = s.id) c on true
  left join lateral (select insurer_minor from hospital_settlement x where x.tenant_id = $1 and x.stay_id = s.id
     and x.kind = 'presettle' order by created_at desc, id desc limit 1) p on true
  left join lateral (select sum(amount_minor) amount, max(until) until from hospital_stay_credit x
     where x.tenant_id = $1 and x.stay_id = s.id and x.status = 'approved' and x.until >= day_of(x.tenant_id)) k on true
 where s.tenant_id = $1 and s.id = $2
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A stay's money in minor units; ``insured_minor`` is what was last worked out beforehand."""

    deposited_minor: int
    charged_minor: int
    insured_minor: int
    lent_minor: int
    lent_until: Any
    threshold_minor: int
    currency: str

    @property
    def left_minor(self) -> int:
        """What is left of the deposit once all of it were settled now; below zero, it is lent."""
        return self.deposited_minor - max(self.charged_minor - self.insured_minor, 0)

    @property
    def is_low(self) -> bool:
        """Whether less is left, with what is lent, than the hospital wants."""
        return self.left_minor + self.lent_minor < self.threshold_minor

    @property
    def is_uncovered(self) -> bool:
        """Whether more was spent than was deposited and lent: it needs somebody's credit, by name."""
        return self.left_minor + self.lent_minor < 0

    @property
    def wanted_minor(self) -> int:
        """What would bring it above the threshold again."""
        return max(self.threshold_minor - self.left_minor - self.lent_minor, 0)


async def held_of(stay: Stay) -> Held:
    """Return a stay's money, in any scope that sees the stay and its wallet."""
    found = await row(HELD, stay.tenant_id, stay.id)
    assert found is not None  # noqa: S101 - the stay is there
    threshold = stay.threshold_minor
    if threshold is None:
        threshold = (await terms_of(stay.tenant_id, StayTerms)).threshold_minor
    return Held(**dict(found), threshold_minor=threshold, currency=stay.currency)


async def set_threshold(actor: Actor, *, stay_id: UUID, amount_minor: int | None) -> None:
    """Say from when on this stay's deposit is low; ``None`` goes back to the hospital's rule."""
    actor.require(STAYS_WORK)
    if amount_minor is not None and amount_minor < 0:
        text = t("The amount cannot be negative.")
        raise Invalid("stay.threshold", text, fields={"threshold": text})
    stay = await admission.locked(actor, stay_id)
    stay.threshold_minor = amount_minor
    await stay.save(update_fields=["threshold_minor"])
    await admission.note(actor, stay, "stay.threshold", {"threshold_minor": amount_minor})


async def remind(actor: Actor, stay_id: UUID) -> bool:
    """Tell the family of a stay whose deposit is low, not again within the hospital's hours; tell whether it was."""
    stay = await admission.locked(actor, stay_id)
    held, terms = await held_of(stay), await terms_of(stay.tenant_id, StayTerms)
    now = datetime.now(UTC)
    is_quiet = stay.short_at is not None and now - stay.short_at < timedelta(hours=terms.remind_hours)
    if stay.status != "admitted" or not held.is_low or is_quiet:
        return False
    stay.short_at = now
    await stay.save(update_fields=["short_at"])
    subject = t("A hospital deposit is running low")
    body = t(
        "The deposit of stay {reference} is running low. Topping up {amount} or more keeps it going. Open My visits to"
        " do so.",
        reference=stay.reference,
        amount=Sum(held.wanted_minor, stay.currency),
    )
    await tell_family(actor, stay.account_id, "stays.low", subject, body, purposes=TOLD)
    await admission.note(actor, stay, "stay.reminded", {"wanted_minor": held.wanted_minor})
    return True
