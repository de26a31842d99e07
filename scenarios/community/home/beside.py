"""What stands beside a resident's bills: a deposit that is asked, the statement of a home that they have left."""

from collections.abc import Sequence

from billing.names import Sum
from billing.payer.account import Card
from billing.payer.overview import add_beside
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.leaving.deposits import KINDS
from tenants.actor import Actor
from tenants.scope import rows
from ui.formats import date_text
from ui.i18n import gettext, t

_WAITING = """
(select d.kind, d.amount_minor, d.currency, a.number, u.bill_id, null::uuid move_id, null::date last_on
   from community_deposit d
   join tenants_account a on a.tenant_id = d.tenant_id and a.id = d.account_id
   join billing_wallet_top_up u on u.tenant_id = d.tenant_id and u.id = d.top_up_id and u.status = 'asked'
  order by d.created_at limit 5)
union all
(select null, null, null, a.number, null, m.id, m.last_on from community_move_out m
   join tenants_account a on a.tenant_id = m.tenant_id and a.id = m.account_id
  where m.created_at > now() - interval '180 days' order by m.created_at desc limit 5)
"""
"""Both kinds in one statement: it belongs to the page that payers open most."""


async def cards(actor: Actor) -> Sequence[Card]:
    """Return what waits for a resident beside money that is owed."""
    del actor
    found = await rows(_WAITING)
    asked = [
        Card(
            t("A deposit is asked of you"),
            t(
                "{amount} for {what} of {unit}. It comes back.",
                amount=Sum(one["amount_minor"], one["currency"]),
                what=gettext(KINDS[one["kind"]]),
                unit=one["number"],
            ),
            f"/my/checkout?bill={one['bill_id']}",
            t("Pay this deposit"),
        )
        for one in found
        if one["move_id"] is None
    ]
    moved = [
        Card(
            t("Your move-out statement"),
            t("{unit}, last day {day}", unit=one["number"], day=date_text(one["last_on"])),
            f"/my/moves/{one['move_id']}",
            t("See the statement"),
        )
        for one in found
        if one["move_id"] is not None
    ]
    return [*asked, *moved]


add_beside(SCENARIO_KEY, cards)
