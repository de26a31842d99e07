"""Serving at the till: limits and allergies under the card's lock, money from the wallet, once for each sale.

Nothing that the counter sees differs between who pays and who does not: the price is everybody's, balances are never
shown, and a refusal for want of money says no more than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from billing.models import FeeItem, Wallet
from billing.names import Named, Sum
from billing.plans.items import SINGLE, item_named
from billing.wallets.service import give_back, open_wallet, spend
from scenarios.education.canteen.terms import SOURCE, WALLET, allergens_text
from scenarios.education.family.telling import tell_guardians
from scenarios.education.kinds import SCENARIO_KEY
from scenarios.education.models import SchoolCard, SchoolDish, SchoolMealRight, SchoolSale
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.runtime import runtime
from tenants.scope import execute, row, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

UNDO = timedelta(minutes=15)
MOST_DISHES = 10


@dataclass(frozen=True, slots=True)
class Basket:
    """What is on the tray: dishes in their order, what they cost everybody, and what is in them."""

    dishes: Sequence[SchoolDish]

    @property
    def price_minor(self) -> int:
        """What everybody sees."""
        return sum(int(one.price_minor) for one in self.dishes)

    @property
    def allergens(self) -> set[str]:
        """What is in any of it."""
        return {key for one in self.dishes for key in one.allergens.split(",") if key}

    @property
    def meal(self) -> SchoolDish | None:
        """The dearest meal on the tray: the one that a right reaches."""
        return max((one for one in self.dishes if one.is_meal), key=lambda one: one.price_minor, default=None)


async def sell(actor: Actor, *, scanned: str, dish_ids: Sequence[UUID], key: str) -> SchoolSale:
    """Serve a pupil, in the open tenant scope; the same ``key`` again returns what was served.

    Raises:
        Invalid: nothing was chosen.
        NotFound: nobody has this card.
        Conflict: the card is blocked, something on the tray is not for this child, the day's limit is reached, or
            there is too little money.
    """
    actor.require("canteen.sell")
    account = await _account(actor, scanned)
    basket = await _basket(actor, dish_ids)
    card = await card_of(account.tenant_id, account.id, lock=True)
    before = await SchoolSale.get_or_none(tenant_id=account.tenant_id, key=key)
    if before is not None:
        return before
    now = await today_at(account.tenant_id)
    right = await _right(account, basket, now)
    off = reduction(int(basket.meal.price_minor), right.percent) if right and basket.meal else 0
    await _check(card, basket, now, basket.price_minor - off)
    return await _serve(actor, account, card, basket, right, off, now, key)


async def _account(actor: Actor, scanned: str) -> Account:
    found = await pupil_of(actor, scanned)
    if found is None:
        raise NotFound("till.no_card", t("Nobody has this card or number."))
    return found


async def pupil_of(actor: Actor, scanned: str) -> Account | None:
    """Return whose card or number was scanned, in the open tenant scope."""
    found = await row(_SCANNED, actor.tenant_id, scanned.strip(), SCENARIO_KEY)
    return await Account.get(tenant_id=actor.tenant_id, id=found["id"]) if found else None


_SCANNED = """
select a.id from tenants_account a left join education_card c on c.tenant_id = $1 and c.account_id = a.id
 where a.tenant_id = $1 and a.scenario = $3 and a.is_active and $2 <> '' and (c.number = $2 or a.number = $2)
 order by c.number = $2 desc nulls last limit 1
"""


async def _basket(actor: Actor, dish_ids: Sequence[UUID]) -> Basket:
    wanted = list(dish_ids)[:MOST_DISHES]
    known = {
        one.id: one
        for one in await SchoolDish.filter(tenant_id=actor.tenant_id, id__in=wanted, is_active=True)
    }
    if not wanted or any(one not in known for one in wanted):
        text = t("Choose what is on the tray.")
        raise Invalid("till.nothing", text, fields={"dishes": text})
    return Basket([known[one] for one in wanted])


async def card_of(tenant_id: UUID, account_id: UUID, *, lock: bool = False) -> SchoolCard:
    """Return what is set for a pupil, made on first use; locked until the end of the transaction when ``lock``."""
    await execute(
        "insert into education_card (tenant_id, account_id) values ($1, $2)"
        " on conflict (tenant_id, account_id) do nothing",
        tenant_id,
        account_id,
    )
    query = SchoolCard.filter(tenant_id=tenant_id, account_id=account_id)
    return await (query.select_for_update() if lock else query).get()


async def _check(card: SchoolCard, basket: Basket, now: date, cost_minor: int) -> None:
    """Refuse what the family does not want; its limit is on its own money, so that it never stops a free meal."""
    if card.is_blocked:
        raise Conflict("till.blocked", t("This card is blocked by the family. Send the pupil to the office."))
    harmful = basket.allergens & set(filter(None, card.allergies.split(",")))
    if harmful:
        words = allergens_text(",".join(sorted(harmful)))
        raise Conflict("till.allergy", t("Do not serve. This pupil must not eat: {what}", what=words))
    if card.daily_limit_minor is None or not cost_minor:
        return
    spent = await value(_TODAY, card.tenant_id, card.account_id, now)
    if spent + cost_minor > card.daily_limit_minor:
        raise Conflict("till.limit", t("The limit that the family has set for a day is reached."))


_TODAY = """
select coalesce(sum(paid_minor), 0)::bigint from education_sale
 where tenant_id = $1 and account_id = $2 and day = $3 and not is_undone
"""
_RIGHT = """
select id from education_meal_right r where r.tenant_id = $1 and r.account_id = $2 and r.status = 'approved'
   and $3 between r.first_on and r.last_on
   and not exists (select 1 from education_sale s where s.tenant_id = $1 and s.account_id = $2 and s.day = $3
                    and s.right_id is not null and not s.is_undone)
 order by r.percent desc limit 1
"""


async def _right(account: Account, basket: Basket, now: date) -> SchoolMealRight | None:
    """Return the right by which the meal on the tray costs less: one meal a day."""
    if basket.meal is None:
        return None
    found = await value(_RIGHT, account.tenant_id, account.id, now)
    return await SchoolMealRight.get(tenant_id=account.tenant_id, id=found) if found else None


async def _serve(  # noqa: PLR0917 - who, for whom, what, by which right and how much less, when
    actor: Actor,
    account: Account,
    card: SchoolCard,
    basket: Basket,
    right: SchoolMealRight | None,
    off: int,
    now: date,
    key: str,
) -> SchoolSale:
    sale = SchoolSale(
        id=new_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        day=now,
        items=[{"names": one.names, "price_minor": int(one.price_minor)} for one in basket.dishes],
        price_minor=basket.price_minor,
        paid_minor=basket.price_minor - off,
        right_id=right.id if right else None,
        key=key[:80],
        served_by_name=actor.name[:100],
    )
    if sale.paid_minor:
        sale.movement_id = await _pay(actor, account, card, sale)
    await sale.save(force_create=True)
    return sale


def reduction(price_minor: int, percent: int) -> int:
    """Return what the school bears of a meal; minor units, rounded half up."""
    return int((Decimal(price_minor) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


async def _pay(actor: Actor, account: Account, card: SchoolCard, sale: SchoolSale) -> UUID:
    wallet = await open_wallet(account.tenant_id, account.id, WALLET)
    try:
        moved = await spend(
            actor,
            wallet_id=wallet.id,
            amount_minor=sale.paid_minor,
            fee_item_id=await income_item(account.tenant_id),
            source_kind=SOURCE,
            source_id=sale.id,
        )
    except Conflict as error:
        raise Conflict("till.too_little", t("There is not enough on this card.")) from error
    await _alert(actor, account, card, int(moved.balance_minor), int(moved.balance_minor) + sale.paid_minor)
    return moved.id


async def income_item(tenant_id: UUID) -> UUID:
    """Return the fee under which meals at the till are booked: the canteen's own, else single charges."""
    found = await value(
        "select i.id from billing_fee_item i join education_fee f on f.tenant_id = $1 and f.fee_key = i.key"
        " where i.tenant_id = $1 and f.fee_group = 'canteen' order by i.position, i.id limit 1",
        tenant_id,
    )
    if found:
        return UUID(str(found))
    item: FeeItem = await item_named(await Tenant.get(id=tenant_id), SINGLE)
    return item.id


async def _alert(actor: Actor, account: Account, card: SchoolCard, left: int, before: int) -> None:
    """Tell the family when what is left falls below what it has named."""
    if card.alert_minor is None or not left < card.alert_minor <= before:
        return
    tenant = await Tenant.get(id=account.tenant_id)
    await tell_guardians(
        actor,
        account.tenant_id,
        account.id,
        template="school.canteen_low",
        subject=t("{name}: little is left for the canteen", name=account.name),
        body=t(
            "{amount} is left on the card. Top up here:\n\n{url}",
            amount=Sum(left, tenant.currency),
            url=f"{runtime().public_url.rstrip('/')}/my/school/{account.id}/canteen",
        ),
    )


async def undo(actor: Actor, sale_id: UUID) -> SchoolSale:
    """Take a sale back shortly after it was made: what left the wallet goes back into it.

    Raises:
        NotFound: there is no such sale.
        Conflict: it is too long ago.
    """
    actor.require("canteen.sell")
    query = SchoolSale.filter(tenant_id=actor.tenant_id, id=sale_id)
    sale = await query.select_for_update().first()
    if sale is None:
        raise NotFound("till.no_sale", t("There is no such sale."))
    if sale.is_undone:
        return sale
    if datetime.now(UTC) - sale.created_at > UNDO:
        raise Conflict("till.too_late", t("This was too long ago. Ask the office to give it back."))
    if sale.movement_id:
        await give_back(actor, movement_id=sale.movement_id, source_kind=SOURCE, source_id=sale.id)
    sale.is_undone = True
    await sale.save(update_fields=["is_undone"])
    return sale


async def wallet_of(tenant_id: UUID, account_id: UUID) -> Wallet:
    """Return a pupil's wallet for the canteen, opened on first use."""
    return await open_wallet(tenant_id, account_id, WALLET)


def named(sale: SchoolSale) -> list[Named]:
    """Return what was served, in the reader's language."""
    return [Named(one["names"]) for one in sale.items]
