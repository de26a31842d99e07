"""What the office does for the canteen: what is sold, and whose meals cost less; and what families set for a card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing.lists import Listing
from scenarios.education.canteen.terms import ALLERGENS, RIGHT
from scenarios.education.canteen.till import card_of
from scenarios.education.family import consents
from scenarios.education.family.children import Child, must_sign
from scenarios.education.models import SchoolCard, SchoolDish, SchoolMealRight
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Tenant
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t

MOST_PERCENT = 100
DISHES = Listing(
    name="dishes",
    filters=("state",),
    sorts={"position": "position", "price_minor": "price_minor"},
    default_sort="position",
    sql="""
select id, names, price_minor, is_meal, allergens, is_active, position,
       (select currency from tenants_tenant where id = $1) currency
  from education_dish where tenant_id = $1 and ($2 = '' or names::text ilike $2)
   and ($3 = 'all' or is_active = ($3 = ''))""",
)
RIGHTS = Listing(
    name="meal-rights",
    filters=("status",),
    sorts={"created_at": "r.created_at", "name": "a.sort_key"},
    default_sort="-created_at",
    sql="""
select r.id, r.percent, r.first_on, r.last_on, r.reason, r.status, r.requested_by_name, r.decided_by_name,
       r.created_at, a.id account_id, a.name, a.number, a.place
  from education_meal_right r join tenants_account a on a.tenant_id = $1 and a.id = r.account_id
 where r.tenant_id = $1 and ($2 = '' or a.number || ' ' || a.name || ' ' || a.place ilike $2)
   and ($3 = '' or r.status = $3)""",
)
SALES = Listing(
    name="sales",
    filters=("day",),
    sorts={"created_at": "s.created_at", "name": "a.sort_key"},
    default_sort="-created_at",
    sql="""
select s.id, s.day, s.items, s.price_minor, s.is_undone, s.served_by_name, s.created_at, a.name, a.place,
       (select currency from tenants_tenant where id = $1) currency
  from education_sale s join tenants_account a on a.tenant_id = $1 and a.id = s.account_id
 where s.tenant_id = $1 and ($2 = '' or a.number || ' ' || a.name ilike $2) and ($3 = '' or s.day::text = $3)""",
)
"""What was served at everybody's price: what families really paid stands in their wallets alone."""


@dataclass(frozen=True, slots=True)
class Dish:
    """A dish as it is asked for."""

    names: Mapping[str, str]
    price_minor: int
    is_meal: bool = False
    allergens: Sequence[str] = field(default_factory=tuple)
    is_active: bool = True
    position: int = 0


async def keep_dish(actor: Actor, asked: Dish, dish_id: UUID | None = None) -> SchoolDish:
    """Add a dish, or change one; what was sold keeps the price it had.

    Raises:
        Invalid: no name, no price, or an allergen that nobody knows.
        NotFound: there is no such dish.
    """
    actor.require("canteen.write")
    if not asked.names.get("en", "").strip():
        text = t("Give it a name.")
        raise Invalid("dish.name", text, fields={"name_en": text})
    if not set(asked.allergens) <= set(ALLERGENS):
        raise Invalid(
            "dish.allergens", t("Choose from the list."), fields={"allergens": t("Choose from the list.")}
        )
    found = await dish_of(actor, dish_id) if dish_id else SchoolDish(id=new_id(), tenant_id=actor.tenant_id)
    found.names, found.price_minor, found.is_meal = dict(asked.names), asked.price_minor, asked.is_meal
    found.allergens, found.is_active = ",".join(sorted(asked.allergens)), asked.is_active
    found.position = asked.position
    await found.save(force_create=dish_id is None)
    tenant = await Tenant.get(id=actor.tenant_id)
    await audit.record(
        actor,
        "dish.kept",
        subject_kind="dish",
        subject_id=found.id,
        subject_label=found.names["en"],
        after={"names": found.names, "price_minor": found.price_minor, "currency": tenant.currency},
    )
    return found


async def dish_of(actor: Actor, dish_id: UUID) -> SchoolDish:
    """Return a dish of the school; ``NotFound`` when there is none."""
    found = await SchoolDish.get_or_none(tenant_id=actor.tenant_id, id=dish_id)
    if found is None:
        raise NotFound("dish.not_found", t("There is no such dish."))
    return found


@dataclass(frozen=True, slots=True)
class RightAsked:
    """A meal right as it is asked for."""

    account_id: UUID
    percent: int
    first_on: date
    last_on: date
    reason: str
    evidence: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


async def ask_right(actor: Actor, asked: RightAsked) -> SchoolMealRight:
    """Ask that a pupil's meals cost less for a time; another person decides.

    Raises:
        NotFound: there is no such pupil.
        Invalid: the share, the days or the reason are wrong.
    """
    actor.require("meals.request")
    account = await Account.get_or_none(tenant_id=actor.tenant_id, id=asked.account_id, scenario="education")
    if account is None:
        raise NotFound("account.not_found", t("There is no such account."))
    _check(asked)
    made = await SchoolMealRight.create(
        id=new_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        percent=asked.percent,
        first_on=asked.first_on,
        last_on=asked.last_on,
        reason=asked.reason.strip(),
        evidence=[dict(one) for one in asked.evidence],
        status=RIGHT.start,
        requested_by=actor.person_id,
        requested_by_name=actor.name[:100],
    )
    await _record(actor, "meal_right.requested", made, account)
    return made


def _check(asked: RightAsked) -> None:
    wrong: dict[str, Any] = {}
    if not 1 <= asked.percent <= MOST_PERCENT:
        wrong["percent"] = t("Enter a percentage from 1 to 100.")
    if asked.last_on < asked.first_on:
        wrong["last_on"] = t("The last day is on or after the first.")
    if not asked.reason.strip():
        wrong["reason"] = t("Say why.")
    if wrong:
        raise Invalid("meal_right.wrong", t("Something is missing."), fields=wrong)


async def right_of(actor: Actor, right_id: UUID, *, lock: bool = False) -> SchoolMealRight:
    """Return a meal right of the school; ``NotFound`` when there is none."""
    query = SchoolMealRight.filter(tenant_id=actor.tenant_id, id=right_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("meal_right.not_found", t("There is no such meal right."))
    return found


async def decide_right(actor: Actor, right_id: UUID, edge: str) -> SchoolMealRight:
    """Agree to a meal right, refuse it, or end one that is in effect.

    Raises:
        Forbidden: whoever asked for it agrees to it.
        Conflict: it has been decided, or has ended.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("meals.decide")
    actor.require_fresh()
    found = await right_of(actor, right_id, lock=True)
    if edge == "approve" and found.requested_by == actor.person_id:
        raise Forbidden("meal_right.own", t("You have asked for this, so somebody else decides about it."))
    if edge not in RIGHT.edges or not RIGHT.can(found.status, edge):
        raise Conflict("meal_right.decided", t("This has been decided already."))
    found.status = RIGHT.after(found.status, edge)
    found.decided_by, found.decided_by_name = actor.person_id, actor.name[:100]
    found.decided_at = datetime.now(UTC)
    await found.save()
    account = await Account.get(tenant_id=found.tenant_id, id=found.account_id)
    await _record(actor, f"meal_right.{found.status}", found, account)
    return found


async def _record(actor: Actor, act: str, found: SchoolMealRight, account: Account) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="meal_right",
        subject_id=found.id,
        subject_label=account.number,
        after={"percent": found.percent, "first_on": str(found.first_on), "last_on": str(found.last_on)},
    )


async def set_card(
    actor: Actor, child: Child, *, daily_limit_minor: int | None, alert_minor: int | None, is_blocked: bool
) -> SchoolCard:
    """Keep what a family sets for its child's card, in the open tenant scope.

    Raises:
        Forbidden: the actor is neither guardian nor parent.
    """
    must_sign(child)
    card = await card_of(child.tenant_id, child.account_id, lock=True)
    before = {"is_blocked": card.is_blocked, "limit_minor": card.daily_limit_minor}
    card.daily_limit_minor, card.alert_minor, card.is_blocked = daily_limit_minor, alert_minor, is_blocked
    await card.save()
    await audit.record(
        actor.within(child.tenant_id),
        "card.set",
        subject_kind="card",
        subject_id=card.id,
        subject_label=child.number,
        before=before,
        after={"is_blocked": is_blocked, "limit_minor": daily_limit_minor, "currency": child.currency},
    )
    return card


async def set_allergies(
    actor: Actor, child: Child, allergies: Sequence[str], *, words: str, agrees: bool
) -> SchoolCard:
    """Keep what a child may not eat, once a guardian has agreed that the school keeps it; taken back, it is deleted.

    Raises:
        Forbidden: the actor is neither guardian nor parent.
        Conflict: the child is under 14, and no guardian has agreed.
        Invalid: an allergen that nobody knows.
    """
    must_sign(child)
    if not set(allergies) <= set(ALLERGENS):
        raise Invalid(
            "card.allergies", t("Choose from the list."), fields={"allergies": t("Choose from the list.")}
        )
    card = await card_of(child.tenant_id, child.account_id, lock=True)
    has_agreed = await consents.holds(child.tenant_id, child.account_id, consents.HEALTH)
    if agrees and not has_agreed:
        await consents.sign(actor, child, purpose=consents.HEALTH, words=words)
    if not agrees and has_agreed:
        await consents.take_back(actor, child, purpose=consents.HEALTH, words=words)
    if allergies and agrees:
        await consents.must_allow(child.tenant_id, child.account_id, consents.HEALTH, child.timezone)
    elif allergies:
        raise Conflict(
            "consent.missing",
            t("Tick that you agree: without it the school may not keep what your child must not eat."),
        )
    card.allergies = ",".join(sorted(allergies)) if agrees else ""
    await card.save(update_fields=["allergies"])
    return card
