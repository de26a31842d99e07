"""What goes on at a school besides its fees: lunch from a card, leave, a booking, applications for next year."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from billing.mandates import life, proxies
from billing.mandates.life import Wish as Autopay
from billing.models import Bill, Proxy
from billing.payments.taking import take_payment
from billing.wallets.topping_up import top_up
from deploy.seed import people
from deploy.seed.cast import Resident
from deploy.seed.outside import Outside
from deploy.seed.school import CHEN, CHILDREN, CLUB, FATHER, GRANDFATHER
from scenarios.education.canteen import office, refill, till
from scenarios.education.canteen.office import Dish, RightAsked
from scenarios.education.canteen.refill import Wish
from scenarios.education.days import services as days
from scenarios.education.enrolment import applying, rounds
from scenarios.education.enrolment.applying import Application
from scenarios.education.enrolment.rounds import RoundAsked
from scenarios.education.family import sharing
from scenarios.education.family.children import Child, children_of
from scenarios.education.models import (
    SchoolDish,
    SchoolOffer,
    SchoolOption,
    SchoolRefill,
    SchoolRound,
    SchoolSharing,
)
from scenarios.education.offers import services as offers
from tenants.actor import Actor
from tenants.days import today, today_at
from tenants.models import Account, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope

DISHES = (
    Dish({"en": "Lunch of the day", "zh_CN": "今日午餐"}, 450, is_meal=True),
    Dish({"en": "Vegetarian lunch", "zh_CN": "素食午餐"}, 420, is_meal=True, allergens=("soya",), position=1),
    Dish({"en": "Peanut noodles", "zh_CN": "花生面"}, 300, allergens=("peanuts", "gluten"), position=2),
    Dish({"en": "Fruit", "zh_CN": "水果"}, 120, position=3),
)
TOP_UP, _AT_MOST = 5_000, 10_000
CAPS = {CHILDREN["hillside", "1B", 3]: 20_000, CHILDREN["hillside", "3A", 7]: 5_000}
"""What a grandfather may pay in a month: for one child enough for their bill, for the other only a part of it."""
AGREED = "The canteen may keep what my child must not eat."
QUESTIONS = (
    {
        "key": "q0",
        "labels": {"en": "Language spoken at home", "zh_CN": "家中使用的语言"},
        "choices": ["English", "中文", "Bahasa Melayu", "தமிழ்"],
        "is_required": True,
    },
)


async def parent_of(issuer: str, who: Resident = CHEN) -> Actor:
    """Return a parent, signed in; without a name the mother of three."""
    person_id = await people.resident(who, issuer)
    return Actor(
        kind="payer",
        name=who.name,
        email=who.email,
        person_id=person_id,
        level=2,
        auth_time=datetime.now(UTC),
    )


async def write(tenant: Tenant, secretary: Actor, finance: Actor, worker: Actor, parent: Actor) -> None:
    """Open the canteen, let a mother use everything that is there for her, and serve her child."""
    async with open_scope(parent.scope()):
        child = min(
            (one for one in await children_of(parent) if one.tenant_id == tenant.id), key=lambda c: c.grade
        )
    now = today(tenant.timezone)
    async with open_scope(tenant_scope(tenant.id)):
        if not await SchoolDish.filter(tenant_id=tenant.id).exists():
            await _open(tenant, secretary, finance, now)
            await _at_home(parent, child, now)
    await _pay(finance, tenant.id, await _fill(parent, child))
    async with open_scope(tenant_scope(tenant.id)):
        dishes = await SchoolDish.filter(tenant_id=tenant.id).order_by("position")
        await till.sell(worker, scanned=child.number, dish_ids=[dishes[0].id, dishes[3].id], key="campus-1")


async def _open(tenant: Tenant, secretary: Actor, finance: Actor, now: date) -> None:
    for dish in DISHES:
        await office.keep_dish(secretary, dish)
    pupils = await Account.filter(tenant_id=tenant.id, kind="student").order_by("number").limit(2)
    year = now + timedelta(days=300)
    rights = [
        await office.ask_right(
            secretary, RightAsked(pupil.id, percent, now, year, "Decided by the welfare office")
        )
        for pupil, percent in zip(pupils, (100, 50), strict=True)
    ]
    await office.decide_right(finance, rights[0].id, "approve")
    asked = RoundAsked(
        titles={"en": "Grade 1 of next year", "zh_CN": "明年一年级招生"},
        texts={
            "en": "For children who turn six before the year begins.",
            "zh_CN": "面向开学前满六周岁的儿童。",
        },
        grade="1",
        places=160,
        opens_on=now,
        closes_on=now + timedelta(days=60),
        deposit_minor=20_000,
        questions=QUESTIONS,
    )
    made = await rounds.add_round(secretary, asked)
    await rounds.turn(secretary, made.id, "open")


async def _at_home(parent: Actor, child: Child, now: date) -> None:
    """Ask for leave, join the chess club, say what the child must not eat, and apply for a younger one."""
    await days.ask(parent, child, now + timedelta(days=7), now + timedelta(days=8), "family", "A wedding")
    club = await SchoolOffer.get(tenant_id=child.tenant_id, kind=CLUB["kind"])
    option = await SchoolOption.get(tenant_id=child.tenant_id, offer_id=club.id)
    await offers.book(parent, child, option.id, 1, has_signed=True, key="campus-club")
    await office.set_card(parent, child, daily_limit_minor=1_000, alert_minor=1_000, is_blocked=False)
    await office.set_allergies(parent, child, ["peanuts"], words=AGREED, agrees=True)
    found = await SchoolRound.get(tenant_id=child.tenant_id)
    said = Application(
        "Chen Kai Wen", date(now.year - 5, 4, 12), {"q0": "中文"}, phone=CHEN.phone, agreed=applying.AGREED
    )
    await applying.apply(parent, found, said, has_sibling=True)
    await applying.keep(parent, found, replace(said, child_name="Chen Kai Le", answers={}), has_sibling=True)


async def share(issuer: str) -> None:
    """Let a mother and a father agree on who pays how much for their younger child."""
    her, him = await parent_of(issuer), await parent_of(issuer, FATHER)
    async with open_scope(him.scope()):
        child = min(await children_of(him), key=lambda one: one.grade)
    async with open_scope(tenant_scope(child.tenant_id)):
        if await SchoolSharing.filter(tenant_id=child.tenant_id, account_id=child.account_id).exists():
            return
        assert her.person_id is not None  # noqa: S101 - she has signed in
        assert him.person_id is not None  # noqa: S101 - he has signed in
        percents = {her.person_id: 60, him.person_id: 40}
        made = await sharing.propose(him, child, percents)
        await sharing.agree(her, child, made.id)


async def trust(issuer: str) -> None:
    """Let a grandfather, who sees nothing of the children, pay for two of them up to a limit each."""
    her, him = await parent_of(issuer), await parent_of(issuer, GRANDFATHER)
    async with open_scope(her.scope()):
        children = [one for one in await children_of(her) if one.name in CAPS]
    for child in children:
        async with open_scope(tenant_scope(child.tenant_id)):
            if await Proxy.exists(
                tenant_id=child.tenant_id, account_id=child.account_id, person_id=him.person_id
            ):
                continue
            now = await today_at(child.tenant_id)
        _, code = await proxies.grant(
            her,
            tenant_id=child.tenant_id,
            account_id=child.account_id,
            name=GRANDFATHER.name,
            bill_cap_minor=CAPS[child.name],
            month_cap_minor=CAPS[child.name],
            until=now + timedelta(days=300),
        )
        await proxies.accept(him, code)


async def fill_by_itself(finance: Actor, parent: Actor, outside: Outside) -> None:
    """Have the card of the mother's other child here fill itself by her autopay, below a level it has not reached."""
    async with open_scope(parent.scope()):
        child = next(one for one in await children_of(parent) if one.name == CHILDREN["hillside", "3A", 7])
    own = parent.within(child.tenant_id)
    async with open_scope(tenant_scope(child.tenant_id)):
        if await SchoolRefill.filter(tenant_id=child.tenant_id).exists():
            return
    await _pay(finance, child.tenant_id, await _fill(parent, child))
    mandate = await life.set_up(
        own,
        tenant_id=child.tenant_id,
        account_id=child.account_id,
        wish=Autopay("bank", _AT_MOST, "bill"),
        return_url=runtime().public_url,
    )
    await outside.tell(f"rail/mandates/{mandate.reference}", {"act": "authorise", "account": "salary"})
    await life.present(own, mandate.id)
    async with open_scope(tenant_scope(child.tenant_id)):
        await refill.set_up(own, child, Wish(1_000, 2_000, 6_000))


async def _pay(finance: Actor, tenant_id: UUID, bill_id: UUID | None) -> None:
    """Take the money for a card at the desk, unless that was done."""
    async with open_scope(tenant_scope(tenant_id)):
        bill = await Bill.get(tenant_id=tenant_id, id=bill_id)
    if bill.left_minor:
        await take_payment(
            finance, bills=[(bill.id, bill.left_minor)], method="cash", key=f"campus {bill.id}"
        )


async def _fill(parent: Actor, child: Child) -> UUID | None:
    async with open_scope(tenant_scope(child.tenant_id)):
        wallet = await till.wallet_of(child.tenant_id, child.account_id)
        asked = await top_up(
            parent.within(child.tenant_id),
            wallet_id=wallet.id,
            amount_minor=TOP_UP,
            key=f"campus-top-up-{child.number}",
        )
    return asked.bill_id
