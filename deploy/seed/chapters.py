"""The chapters of the demonstration in their order. Each can be begun again where it was left."""

from functools import partial

from billing.answers.jobs import lapse_voluntary
from billing.payments.settlement import CONNECT_JOB
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
from deploy.seed.cast import MARKET, RESIDENTS, SEAVIEW, SEED, TENGAH
from deploy.seed.stage import Chapter, Play
from deploy.seed.work import work_off
from tenants.actor import system_actor
from tenants.models import Tenant
from tenants.privacy.outside import look_from_outside
from tenants.scope import bank_scope, open_scope, tenant_scope

WITH_A_PAST = (TENGAH, MARKET)


async def _bank(play: Play) -> str:
    async with open_scope(bank_scope(play.bank.id)):
        await banks.staff(play.bank, play.outside.issuer)
    await play.outside.provide(play.bank)
    await console.ask_from_the_first(play)
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
        await lapse_voluntary(system_actor(tenant.id))
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
    await agreements.in_instalments(tenant, finance)
    async with open_scope(tenant_scope(tenant.id)):
        await look_from_outside()
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
