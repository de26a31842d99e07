"""What a fee comes to right now, before anything is billed: the price of something that is chosen from a list."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.rules import Charge, Facts, LateFee, Outcome, Step, evaluate, parse
from tenants.scope import row
from ui.errors import Conflict
from ui.i18n import t

_IN_FORCE = """
select i.id, r.document from billing_fee_item i
  join billing_fee_rule r on r.tenant_id = $1 and r.fee_item_id = i.id
 where i.tenant_id = $1 and i.scenario = $2 and i.key = $3 and i.is_active and r.status = 'active'
   and r.effective_from <= $4 and lasts(r.effective_until, $4)
 order by r.effective_from desc, r.version desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Quote:
    """An amount in minor units with its fee item and its working."""

    fee_item_id: UUID
    amount_minor: int
    currency: str
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Priced:
    """A fee item with the rule in force, to be asked for one price after the other."""

    fee_item_id: UUID
    document: Charge | LateFee

    def quote(self, facts: Facts) -> Quote:
        """Return what the rule makes of these facts.

        Raises:
            Conflict: it has no price for them.
        """
        outcome = evaluate(self.document, facts)
        if not isinstance(outcome, Outcome):
            raise Conflict("fee.no_price", outcome.message)
        return Quote(self.fee_item_id, outcome.amount_minor, outcome.currency, outcome.steps)


async def priced(tenant_id: UUID, *, scenario: str, key: str, on: date) -> Priced:
    """Return the scenario's fee ``key`` with its rule in force on a day.

    Raises:
        Conflict: the institution has no rule in force.
    """
    found = await row(_IN_FORCE, tenant_id, scenario, key, on)
    if found is None:
        raise Conflict("fee.no_rule", t("The institution has not set this price yet. Please ask there."))
    return Priced(found["id"], parse(json.loads(found["document"])))
