"""What waits for a parent beside money, as one card on the page of what they owe."""

from collections.abc import Sequence

from billing.payer.account import Card
from billing.payer.overview import add_beside
from scenarios.education.kinds import SCENARIO_KEY
from tenants.actor import Actor
from tenants.scope import row
from ui.i18n import t

_WAITING = """
with child as (
  select distinct h.tenant_id, h.account_id, a.attributes ->> 'grade' grade, h.id holder_id
    from tenants_holder h
    join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id and a.scenario = 'education'
   where h.person_id = $1 and h.confirmed_at is not null and lasts(h.until, day_of(h.tenant_id))
)
select (select count(distinct account_id) from child) children,
       (select count(*) from child c join education_booking b on b.tenant_id = c.tenant_id
           and b.account_id = c.account_id and b.status in ('held', 'offered'))
       + (select count(*) from child c join education_receipt r on r.tenant_id = c.tenant_id
             and r.holder_id = c.holder_id and r.read_at is null) waiting,
       (select count(*) from (select distinct account_id, tenant_id, grade from child) c
          join tenants_tenant t on t.id = c.tenant_id
          join education_offer o on o.tenant_id = c.tenant_id and o.status = 'open' and o.opens_at <= now()
           and o.closes_at > now() and (o.grades = '' or c.grade = any (string_to_array(o.grades, ',')))
         where (t.takes_payments or exists (select 1 from education_offer_option p where p.tenant_id = o.tenant_id
                                             and p.offer_id = o.id and p.price_minor = 0))
           and not exists (select 1 from education_booking b where b.tenant_id = c.tenant_id and b.offer_id = o.id
                            and b.account_id = c.account_id and b.status in ('held', 'kept', 'offered', 'waiting'))
       ) offers
"""


async def children_card(actor: Actor) -> Sequence[Card]:
    """Return the card that leads to the children, with how much waits there."""
    found = await row(_WAITING, actor.person_id)
    if not found or not found["children"]:
        return ()
    if found["waiting"]:
        text = t(
            "To read, to sign or to take: {n}. On offer: {offers}.",
            n=found["waiting"],
            offers=found["offers"],
        )
    elif found["offers"]:
        text = t("On offer for your children: {n}. All of it is voluntary.", n=found["offers"])
    else:
        text = t("Nothing waits for you at school.")
    return (Card(t("My children"), text, "/my/school", t("See my children")),)


def register() -> None:
    """Show the card to everybody with a child at a school; safe to call again."""
    add_beside(SCENARIO_KEY, children_card)
