"""The chapters of the demonstration in their order. Each can be begun again where it was left."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import asyncpg

from billing.payments.settlement import CONNECT_JOB
from deploy.database import credentials
from deploy.seed import (
    agreements,
    apps,
    campus,
    clinic,
    complaints,
    console,
    estate,
    fund,
    institutions,
    learning,
    market,
    months,
    neighbours,
    offers,
    office,
    palace,
    reconciled,
    school,
    stays,
    stored,
    stories,
    summaries,
    takings,
    union,
)
from deploy.seed import bank as banks
from deploy.seed.bank import Founded, open_bank
from deploy.seed.books import Desk
from deploy.seed.cast import MARKET, RESIDENTS, SEAVIEW, SEED, TENGAH, Institution, every_employee
from deploy.seed.institutions import staff_actor
from deploy.seed.outside import Outside
from deploy.seed.report import Progress
from deploy.seed.work import Statistics, work_off
from deploy.settings import Settings
from tenants.actor import Actor
from tenants.models import Bank, Tenant
from tenants.scope import bank_scope, open_scope

WITH_A_PAST = (TENGAH, MARKET)


@dataclass(slots=True)
class Play:
    """The stage: the bank and the outside. What a chapter needs of earlier ones it reads back."""

    bank: Bank
    outside: Outside
    statistics: Statistics

    async def founded(self) -> Founded:
        """Return the bank with its branches and staff."""
        return await open_bank()

    async def tenant(self, institution: Institution) -> Tenant:
        """Return an institution's tenant."""
        async with open_scope(bank_scope(self.bank.id)):
            return await Tenant.get(slug=institution.slug)

    async def staff(self, tenant: Tenant, role: str) -> Actor:
        """Return an institution's employee with this role, just signed in."""
        one = next(e for e in every_employee() if e.institution.slug == tenant.slug and e.role == role)
        return await staff_actor(tenant, one)

    async def desk(self, tenant: Tenant) -> Desk:
        """Return whose books are written."""
        return await takings.desk_of(tenant, self.bank, await self.staff(tenant, "cashier"))


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story; ``write`` returns the sentence that says what it has written.

    An atomic one is written with its note, all or nothing. Another one commits on its way, because something outside
    has to see it, and can be written again from wherever it was left.
    """

    title: str
    write: Callable[[Play], Awaitable[str]]
    is_atomic: bool = True
    is_possible: Callable[[Play], Awaitable[bool]] | None = None
    """Whether it can be written now; a later seeding writes it otherwise."""
    thread: str = ""
    """Chapters of several threads in a row are told at the same time, each thread in its order."""

    async def tell(self, play: Play) -> str:
        """Write the chapter and note that it stands."""
        if not self.is_atomic:
            words = await self.write(play)
            await banks.note_chapter(play.bank, self.title)
            return words
        async with open_scope(bank_scope(play.bank.id)):
            words = await self.write(play)
            await banks.note_chapter(play.bank, self.title)
        return words


async def _bank(play: Play) -> str:
    async with open_scope(bank_scope(play.bank.id)):
        await banks.staff(play.bank, play.outside.issuer)
    await play.outside.provide(play.bank)
    return "Harbour Bank with three branches and its staff"


async def _institutions(play: Play) -> str:
    founded = await play.founded()
    async with open_scope(bank_scope(play.bank.id)):
        await institutions.onboard(founded, play.outside.issuer)
        made = [await Tenant.get(slug=one.slug) for one in WITH_A_PAST]
        await institutions.age(play.bank, made)
    return "Two institutions with their staff, one invited, three applications under way"


async def _channels(play: Play) -> str:
    for institution in (*WITH_A_PAST, SEAVIEW):
        await work_off((await play.tenant(institution)).id, CONNECT_JOB)
    return "Accounts at Stripe and on the bank's QR rail"


async def _estate(play: Play) -> str:
    persons, counts = await estate.residents(play.outside.issuer), []
    contents = {TENGAH: estate.town_csv("tengah", SEED, RESIDENTS), MARKET: estate.street_csv()}
    for institution, content in contents.items():
        tenant = await play.tenant(institution)
        chief = await play.staff(tenant, "administrator")
        counts.append(await estate.bring_in(chief, estate.FILES[institution.slug], content))
        await estate.confirm(institution, tenant, persons)
    await play.statistics.of_accounts()
    return f"{counts[0]:,} flats and {counts[1]} shops and parking spaces, each with its holder"


async def _tariff(play: Play) -> str:
    for institution in WITH_A_PAST:
        tenant = await play.tenant(institution)
        finance = await play.staff(tenant, "finance")
        async with open_scope(finance.scope()):
            chief = await play.staff(tenant, "administrator")
            await months.set_tariff(chief, finance, months.months(tenant.timezone)[0].first)
    return "The published tariff put into force"


async def _bill(index: int, play: Play) -> str:
    count = 0
    for institution in WITH_A_PAST:
        tenant = await play.tenant(institution)
        month = months.months(tenant.timezone)[index]
        finance = await play.staff(tenant, "finance")
        chief = await play.staff(tenant, "administrator")
        count += await months.bill(finance, chief, tenant, month, play.statistics)
    return f"{month.first:%B %Y}: {count:,} bills issued"


async def _take(index: int, play: Play) -> str:
    count = 0
    for institution in WITH_A_PAST:
        tenant = await play.tenant(institution)
        month = months.months(tenant.timezone)[index]
        count += await takings.take(await play.desk(tenant), month, play.outside)
    return f"{month.first:%B %Y}: {count:,} payments"


async def _stories(play: Play) -> str:
    stages = {}
    for institution in WITH_A_PAST:
        tenant = await play.tenant(institution)
        finance, cashier = await play.staff(tenant, "finance"), await play.staff(tenant, "cashier")
        stages[institution.slug] = await stories.set_stage(tenant, play.outside, finance, cashier)
    await stories.tell(stages[TENGAH.slug])
    await stories.tell_of_shop(stages[MARKET.slug])
    await agreements.tell(stages[TENGAH.slug])
    await office.decide(stages[TENGAH.slug], await play.staff(await play.tenant(TENGAH), "administrator"))
    await play.statistics.of_money()
    return "Payments in every state, refunds, disputes, agreements and what the office decides"


async def _neighbours(play: Play) -> str:
    tenant = await play.tenant(TENGAH)
    roles = ("administrator", "finance", "technician", "shopkeeper")
    return await neighbours.live(tenant, *[await play.staff(tenant, role) for role in roles])


async def _statements(play: Play) -> str:
    tenant = await play.tenant(TENGAH)
    finance = await play.staff(tenant, "finance")
    count, breaks = await reconciled.reconcile(tenant, play.outside, finance)
    return f"A month of {count} statements of the channels and the bank, with {breaks} breaks"


async def _apps(play: Play) -> str:
    founded = await play.founded()
    async with open_scope(bank_scope(play.bank.id)):
        made = await apps.open_shop(
            play.bank.id, play.outside.issuer, founded.staff["operations"], play.outside.settings
        )
    tenant = await play.tenant(TENGAH)
    await apps.install(tenant, await play.staff(tenant, "administrator"), made)
    return f"{len(made)} vendors, each with an app that was measured, listed and installed"


async def _schools(play: Play) -> str:
    founded = await play.founded()
    async with open_scope(bank_scope(play.bank.id)):
        tenants = [await institutions.found_one(founded, one, play.outside.issuer) for one in school.SCHOOLS]
        await institutions.age(play.bank, tenants)
    return "Two schools with their staff"


async def _pupils(play: Play) -> str:
    counts = []
    for one in school.SCHOOLS:
        tenant = await play.tenant(one)
        await work_off(tenant.id, CONNECT_JOB)
        counts.append(await school.bring_in(await play.staff(tenant, "administrator"), one))
    await school.confirm(play.outside.issuer, [await play.tenant(one) for one in school.SCHOOLS])
    await play.statistics.of_accounts()
    return f"{counts[0]:,} pupils in {school.CLASS_COUNT} classes, and {counts[1]} at a second school"


async def _hospital(play: Play) -> str:
    founded = await play.founded()
    async with open_scope(bank_scope(play.bank.id)):
        tenant = await institutions.found_one(founded, clinic.GENERAL, play.outside.issuer)
        await institutions.age(play.bank, [tenant])
    return "A hospital with its staff"


async def _clinic(play: Play) -> str:
    tenant = await play.tenant(clinic.GENERAL)
    await work_off(tenant.id, CONNECT_JOB)
    roles = ("administrator", "finance", "front_desk", "cashier", "doctor")
    chief, finance, clerk, cashier, doctor = [await play.staff(tenant, role) for role in roles]
    if not await clinic.is_set_up(tenant):
        async with open_scope(chief.scope()):
            await clinic.set_up(chief, doctor, tenant)
            await clinic.connect(chief, tenant, play.outside)
    async with open_scope(clerk.scope()):
        known = await clinic.register(tenant, clerk, play.outside.issuer)
    if not await clinic.has_visits(tenant):
        count = await clinic.visit(tenant, clerk, cashier, known)
        await clinic.treat(tenant, cashier, finance, known["father"], play.outside)
        return f"167 doctors with two weeks of sessions, {count} appointments, orders and a day's match"
    return "The hospital's visits"


async def _stays(play: Play) -> str:
    tenant = await play.tenant(clinic.GENERAL)
    clerk, cashier, finance = [
        await play.staff(tenant, role) for role in ("front_desk", "cashier", "finance")
    ]
    count = await stays.tell(tenant, clerk, cashier, finance, play.outside)
    return f"{count} patients in the hospital's beds with their deposits, one going home, one gone"


async def _term(play: Play) -> str:
    count = 0
    for one in school.SCHOOLS:
        tenant = await play.tenant(one)
        chief, finance = await play.staff(tenant, "administrator"), await play.staff(tenant, "finance")
        for month, keys in school.terms(tenant.timezone):
            async with open_scope(finance.scope()):
                await months.set_tariff(chief, finance, school.since(tenant.timezone), school.in_force(one))
            count += await months.bill(chief, finance, tenant, month, play.statistics, keys)
            if not await takings.is_taken(tenant, month):
                await takings.take(await takings.desk_of(tenant, play.bank, chief), month, play.outside)
    tenant = await play.tenant(school.HILLSIDE)
    await school.tell(tenant, await play.staff(tenant, "secretary"))
    count += await _by_the_day(play, tenant)
    return f"A term's fees for two schools: {count:,} bills; trips, uniforms and notices"


async def _by_the_day(play: Play, tenant: Tenant) -> int:
    """Take last month's days attended, and bill two classes' meals by them."""
    chief, finance, secretary = [
        await play.staff(tenant, role) for role in ("administrator", "finance", "secretary")
    ]
    (month, _), _ = school.terms(tenant.timezone)
    await school.settle_in(tenant, chief, secretary, month)
    after = school.closed_month(month)
    keys, places = (school.BY_DAY,), school.BY_DAY_CLASSES
    return await months.bill(chief, finance, tenant, after, play.statistics, keys, places)


async def _campus(play: Play) -> str:
    tenant = await play.tenant(school.HILLSIDE)
    secretary, finance, worker = [
        await play.staff(tenant, role) for role in ("secretary", "finance", "canteen")
    ]
    parent = await campus.parent_of(play.outside.issuer)
    await campus.write(tenant, secretary, finance, worker, parent)
    await campus.share(play.outside.issuer)
    await campus.trust(play.outside.issuer)
    await campus.fill_by_itself(finance, parent, play.outside)
    other = await play.staff(await play.tenant(school.RIVERSIDE), "administrator")
    await school.agree(await play.staff(tenant, "administrator"), other, school.RIVERSIDE.uscc)
    return "A canteen with a till, meals that cost less, leave to decide, and applications for next year"


async def _learning(play: Play) -> str:
    tenant = await play.tenant(school.HILLSIDE)
    chief, teacher = await play.staff(tenant, "administrator"), await play.staff(tenant, "class_teacher")
    return await learning.tell(tenant, chief, teacher, play.outside.issuer)


async def _summaries(play: Play) -> str:
    tenant = await play.tenant(clinic.GENERAL)
    return await summaries.tell(tenant, await play.staff(tenant, "administrator"))


async def _stored(play: Play) -> str:
    tenant = await play.tenant(TENGAH)
    finance, cashier = await play.staff(tenant, "finance"), await play.staff(tenant, "cashier")
    await stored.tell(tenant, finance, cashier)
    chief = await play.staff(tenant, "administrator")
    await market.trade(tenant, play.outside, finance, chief, cashier)
    await fund.keep_apart(tenant, chief, finance, cashier)
    return "A resident's deposit, part of it used; baskets of the neighbourhood's shops, paid and given back"


def _month(index: int) -> tuple[Chapter, Chapter]:
    return (
        Chapter(f"bills {index}", partial(_bill, index), is_atomic=False, thread="town"),
        Chapter(f"payments {index}", partial(_take, index), thread="town"),
    )


CHAPTERS = (
    Chapter("bank", _bank),
    Chapter("institutions", _institutions),
    Chapter("channels", _channels, is_atomic=False),
    Chapter("estate", _estate, is_atomic=False, thread="town"),
    Chapter("tariff", _tariff, thread="town"),
    *(chapter for index in range(months.COUNT) for chapter in _month(index)),
    Chapter("stories", _stories, is_atomic=False, thread="town"),
    Chapter("neighbours", _neighbours, thread="town"),
    Chapter("statements", _statements, is_atomic=False, thread="town"),
    Chapter("apps", _apps, is_possible=lambda play: apps.are_running(play.outside.settings), thread="town"),
    Chapter("schools", _schools, thread="schools"),
    Chapter("pupils", _pupils, is_atomic=False, thread="schools"),
    Chapter("term", _term, is_atomic=False, thread="schools"),
    Chapter("campus", _campus, is_atomic=False, thread="schools"),
    Chapter("stored", _stored, is_atomic=False, thread="town"),
    Chapter("hospital", _hospital, thread="sights"),
    Chapter("clinic", _clinic, is_atomic=False, thread="sights"),
    Chapter("stays", _stays, is_atomic=False, thread="sights"),
    Chapter("palace", palace.write, is_atomic=False, thread="sights"),
    Chapter("learning", _learning, is_possible=lambda play: apps.are_running(play.outside.settings)),
    Chapter("summaries", _summaries, is_possible=lambda play: apps.are_running(play.outside.settings)),
    Chapter("console", console.write, is_atomic=False),
    Chapter("complaints", complaints.write),
    Chapter("union", union.write),
    Chapter("offers", offers.tell),
)


async def tell(play: Play, progress: Progress) -> bool:
    """Tell every chapter that is missing; return whether there was one."""
    is_new = False
    for _, together in groupby(CHAPTERS, key=lambda chapter: bool(chapter.thread)):
        threads: dict[str, list[Chapter]] = {}
        for chapter in together:
            threads.setdefault(chapter.thread, []).append(chapter)
        is_new |= any(await _together(*(_tell(play, thread, progress) for thread in threads.values())))
    return is_new


async def _together(*works: Coroutine[Any, Any, bool]) -> list[bool]:
    """Do all of it at the same time; when one fails the others come to their end before it is raised."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result is True for result in results]


async def _tell(play: Play, thread: list[Chapter], progress: Progress) -> bool:
    is_new = False
    for chapter in thread:
        if await banks.has_chapter(play.bank, chapter.title):
            continue
        if chapter.is_possible is None or await chapter.is_possible(play):
            is_new = True
            progress(await chapter.tell(play))
    return is_new


@asynccontextmanager
async def alone(settings: Settings) -> AsyncIterator[Statistics]:
    """Let one seeding of a database run at a time; the next one waits, and then finds it done."""
    connection = await asyncpg.connect(**credentials(settings.database_owner_url.get_secret_value()))
    try:
        await connection.execute("select pg_advisory_lock(hashtextextended('cloud seed', 0))")
        yield Statistics(connection)
    finally:
        await connection.close()
