"""What stands beside a resident's bills: the statement of a home that they have left."""

from collections.abc import Sequence

from billing.payer.account import Card
from billing.payer.overview import add_beside
from scenarios.community.kinds import SCENARIO_KEY
from tenants.actor import Actor
from tenants.scope import rows
from ui.formats import date_text
from ui.i18n import t

_MOVED = """
select a.number, m.id, m.last_on from community_move_out m
  join tenants_account a on a.tenant_id = m.tenant_id and a.id = m.account_id
 where m.created_at > now() - interval '180 days' order by m.created_at desc limit 5
"""


async def cards(actor: Actor) -> Sequence[Card]:
    """Return what waits for a resident beside money that is owed, or kept for them while they pay."""
    del actor
    return [
        Card(
            t("Your move-out statement"),
            t("{unit}, last day {day}", unit=one["number"], day=date_text(one["last_on"])),
            f"/my/moves/{one['id']}",
            t("See the statement"),
        )
        for one in await rows(_MOVED)
    ]


add_beside(SCENARIO_KEY, cards)
