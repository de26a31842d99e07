"""What else ends when a pupil leaves: places that cost nothing go to others, and the family is told how it stands."""

from datetime import date
from typing import Any

from billing.models import Wallet
from billing.names import Day, Sum
from billing.reasons import standard
from scenarios.education.canteen.terms import WALLET
from scenarios.education.family.telling import tell_guardians
from scenarios.education.offers.services import end_booking
from tenants.actor import system_actor
from tenants.models import Account, Tenant
from tenants.runtime import runtime
from tenants.scope import rows
from ui.i18n import N_, Text, t

ENDED = standard(N_("The pupil has left the school."))
DAYS_TO_COME = standard(N_("Left the school: {days} of {of} days to come"))
NOT_DUE_YET = standard(N_("Left the school before this instalment"))
_PLACES = """
select b.id, b.status, o.titles, o.id offer_id, b.hold_id is not null and b.status = 'kept' is_paid
  from education_booking b join education_offer o on o.tenant_id = $1 and o.id = b.offer_id
 where b.tenant_id = $1 and b.account_id = $2 and b.status in ('kept', 'offered', 'waiting') and o.kind <> 'shop'
   and o.status <> 'cancelled' and (o.happens_on is null or o.happens_on > $3)
 order by o.closes_at, b.id
"""


async def places_of(account: Account, last_on: date) -> list[Any]:
    """Return a pupil's places in what is still to come: those that were paid for are the office's to decide about."""
    return await rows(_PLACES, account.tenant_id, account.id, last_on)


async def on_card(account: Account) -> int:
    """Return what is on the canteen's card, in minor units."""
    found = await Wallet.get_or_none(tenant_id=account.tenant_id, account_id=account.id, kind=WALLET)
    return int(found.balance_minor) if found else 0


async def give_up_places(account: Account, last_on: date) -> None:
    """Let places that cost nothing, and those only waited for, go to the next."""
    for one in await places_of(account, last_on):
        if not one["is_paid"]:
            await end_booking(account.tenant_id, one["id"], ENDED)


async def tell(account: Account, last_on: date, *, credited_minor: int, card_minor: int) -> None:
    """Tell the guardians the last day, what comes back, and where they see what is still open."""
    tenant = await Tenant.get(id=account.tenant_id)
    url = f"{runtime().public_url.rstrip('/')}/my/accounts/{account.id}"
    body = t(
        "The last day of {name} at {school} is {day}.\n\n{money}\n\nYou see all of it here:\n{url}",
        name=account.name,
        school=tenant.short_name,
        day=Day(last_on),
        money=_money(Sum(credited_minor, tenant.currency), Sum(card_minor, tenant.currency)),
        url=url,
    )
    await tell_guardians(
        system_actor(account.tenant_id),
        account.tenant_id,
        account.id,
        template="school.left",
        subject=t("{name} has left {school}", name=account.name, school=tenant.short_name),
        body=body,
    )


def _money(credited: Sum, card: Sum) -> Text:
    """Say what comes back, of the fees and from the card, and nothing of what is none."""
    fees = t(
        "By the school's rule {credited} of the fees comes back. It pays what is still open first; the rest is your"
        " credit, and the school pays it back to you.",
        credited=credited,
    )
    food = t("{card} from the canteen card goes back to where it came from.", card=card)
    if credited.amount_minor and card.amount_minor:
        return t("{fees} {food}", fees=fees, food=food)
    if credited.amount_minor:
        return fees
    return food if card.amount_minor else t("By the school's rule no fees come back.")
