"""A month on the estate: phases and meters, two pools of costs, repairs, notices, votes, visitors and parcels.

Meters and readings are written set by set; what people do goes through the product's own services and is then dated
back. One transaction holds all of it.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from billing.charges.periods import months_after
from deploy.seed import homes, market
from deploy.seed.cast import RESIDENTS, SEED, TENGAH
from deploy.seed.names import Names
from scenarios.community.estate import phases
from scenarios.community.facilities import booking
from scenarios.community.facilities.booking import Offer
from scenarios.community.figures.pages import word_hash
from scenarios.community.meters import installing, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.readings import Said
from scenarios.community.notices import service as notices
from scenarios.community.notices.service import Words
from scenarios.community.pools import service as pools
from scenarios.community.pools.service import Terms
from scenarios.community.service import finishing, orders, quotes, reports, settings, talking
from scenarios.community.service.models import WorkOrder
from scenarios.community.service.orders import Report
from scenarios.community.service.settings import PlanTerms
from scenarios.community.visitors import codes, parcels, passes, scanning
from scenarios.community.visitors.models import VisitorPass
from scenarios.community.visitors.passes import Wish
from scenarios.community.visitors.scanning import Asked
from scenarios.community.votes import service as votes
from scenarios.community.votes.service import Question
from tenants.actor import Actor
from tenants.days import today
from tenants.gates.judging import OFFLINE
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, open_scope, rows, tenant_scope, value

_METERED = 6
"""Buildings whose flats have water meters in the demonstration."""
_CARE = """
insert into community_care (tenant_id, building_id, phase_id, manager, handed_over_on)
select $1, b.id, case when row_number() over (order by b.code) % 2 = 0 then $2::uuid else $3::uuid end,
       case when row_number() over (order by b.code) % 3 = 0 then 'Chan Mei Fong' else 'Ravi Pillai' end, '2023-06-01'
  from community_building b where b.tenant_id = $1
"""
_METERS = """
insert into community_meter (tenant_id, kind, unit_id, building_id, serial, place, multiplier, digits, installed_on,
                             start_value)
select $1, 'water', u.id, u.building_id, 'W-' || lpad((row_number() over (order by a.sort_key))::text, 5, '0'), '', 1,
       5, $3, 100
  from community_unit u join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
 where u.tenant_id = $1 and u.building_id in (select id from community_building where tenant_id = $1
                                               order by code limit $2)
"""
_POWER = """
insert into community_meter (tenant_id, kind, building_id, serial, place, multiplier, digits, installed_on, start_value)
select $1, 'power', b.id, 'P-' || lpad((row_number() over (order by b.code))::text, 3, '0'), 'Switch room', 40, 6, $2, 0
  from community_building b where b.tenant_id = $1
"""
_READINGS = """
insert into community_reading (tenant_id, meter_id, read_on, value, usage, source, status, read_by_name,
                               decided_by_name, decided_at)
select $1, id, read_on, value,
       (value - lag(value, 1, start_value) over (partition by id order by read_on)) * multiplier, 'round',
       'accepted', 'Ravi Pillai', 'Ravi Pillai', now()
  from (select m.id, m.start_value, m.multiplier, r.read_on,
               m.start_value + sum(4 + hashtext(m.serial || r.read_on)::bigint % 4
                                   + case m.kind when 'power' then 60 else 3 end)
                 over (partition by m.id order by r.read_on) value
          from community_meter m cross join unnest($2::date[]) r (read_on)
         where m.tenant_id = $1 and (m.kind = 'power' or hashtext(m.serial) % 12 <> 0 or r.read_on < $3)) found
"""
_USED = """
insert into billing_quantity (tenant_id, account_id, period, name, amount, source_kind, source_id)
select $1, u.account_id, date_trunc('month', r.read_on)::date, m.kind, r.usage, 'reading', r.id
  from community_reading r join community_meter m on m.tenant_id = $1 and m.id = r.meter_id
  join community_unit u on u.tenant_id = $1 and u.id = m.unit_id
 where r.tenant_id = $1 and r.status = 'accepted'
"""
_UNITS = """
select a.id, a.number from community_unit u join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
 where u.tenant_id = $1 order by a.sort_key
"""
_TROUBLES = (
    (0, "The kitchen tap drips all night."),
    (1, "The light on the stairs is out."),
    (2, "The lift stops between two floors."),
    (3, "The door of the bin chute does not close."),
    (4, "Rubbish stands beside the letter boxes."),
    (5, "Drilling after ten in the evening."),
    (0, "No hot water since this morning."),
    (1, "The socket in the common hall is loose."),
    (2, "The lift's buttons for floor 9 do nothing."),
    (6, "A tree branch touches the window."),
)
_MONTH, _DONE = 24, 20
"""How many reports there are of a month, and how many of the oldest are done."""
_DATED = """
update community_work_order
   set created_at = $3::timestamptz, due_at = $3::timestamptz + (due_at - created_at),
       started_at = $3::timestamptz + interval '3 hours',
       done_at = case when done_at is not null then $4::timestamptz end,
       closed_at = case when closed_at is not null then $4::timestamptz + interval '1 day' end
 where tenant_id = $1 and id = $2
"""


async def live(tenant: Tenant, chief: Actor, finance: Actor, technician: Actor, keeper: Actor) -> str:
    """Write all of it for the town, and return the sentence that says so."""
    async with open_scope(tenant_scope(tenant.id)):
        now = today(tenant.timezone)
        await _estate(tenant, chief)
        metered = await _meters(tenant, chief, now)
        residents = await _residents(tenant)
        await homes.leave(tenant, chief, residents[0][0])
        await _pools(tenant, finance, now)
        units = [(one["id"], one["number"]) for one in await rows(_UNITS, tenant.id)]
        work = await _work(tenant, chief, technician, residents, units)
        await _life(tenant, chief, keeper, residents)
        await homes.live_in(tenant, chief, residents, units)
    return f"{metered:,} meters with their readings, two pools of costs, {work} repairs, notices, votes and visitors"


async def _estate(tenant: Tenant, chief: Actor) -> None:
    first = await phases.add_phase(chief, estate="Tengah Garden", name="Phase 1")
    second = await phases.add_phase(chief, estate="Tengah Garden", name="Phase 2")
    await execute(_CARE, tenant.id, first.id, second.id)
    for name, area in (("Community hall", "180"), ("Playground", "420"), ("Tennis court", "650")):
        await phases.add_common_area(chief, name=name, building_id=None, area_sqm=Decimal(area))


async def _meters(tenant: Tenant, chief: Actor, now: date) -> int:
    """Put meters in and read them for a quarter; a few readings of this month are odd and wait for a look."""
    months = [months_after(now, back) for back in (-3, -2, -1, 0)]
    count = await execute(_METERS, tenant.id, _METERED, months[0] - timedelta(days=40))
    count += await execute(_POWER, tenant.id, months[0] - timedelta(days=40))
    await execute(_READINGS, tenant.id, months, months[-1])
    await execute(_USED, tenant.id)
    unread = await rows(
        "select m.id, max(r.value) last from community_meter m join community_reading r on r.tenant_id = $1"
        " and r.meter_id = m.id where m.tenant_id = $1 and m.kind = 'water' group by m.id"
        " having max(r.read_on) < $2 order by m.id limit 3",
        tenant.id,
        months[-1],
    )
    for odd, one in zip((Decimal(-5), Decimal(900), Decimal(-1)), unread, strict=False):
        await readings.submit(chief, one["id"], Said(now, one["last"] + odd, "round"))
    old = await value("select id from community_meter where tenant_id = $1 and serial = 'W-00007'", tenant.id)
    known = await value(
        "select max(value) from community_reading where tenant_id = $1 and meter_id = $2 and status = 'accepted'",
        tenant.id,
        old,
    )
    if old is not None and known is not None:
        await installing.replace(chief, old, Plate("water", "W-90007", now), last_value=known)
    return count


async def _pools(tenant: Tenant, finance: Actor, now: date) -> None:
    """Two pools of this month: one divided, one still filling."""
    buildings = await rows(
        "select id from community_building where tenant_id = $1 order by code limit $2", tenant.id, _METERED
    )
    lifts = await pools.open_pool(
        finance,
        Terms(
            {"en": "Power of the lifts", "zh_CN": "电梯用电"},
            now,
            "floors",
            buildings=[b["id"] for b in buildings],
            budget_minor=450_000,
        ),
    )
    cleaning = await pools.open_pool(
        finance, Terms({"en": "Cleaning", "zh_CN": "保洁"}, now, "area", budget_minor=1_200_000)
    )
    for pool, supplier, amount, english, chinese in (
        (lifts, "City Power", 412_355, "Power of 14 lifts", "14 部电梯用电"),
        (lifts, "Lift Care", 68_000, "Monthly service", "月度保养"),
        (cleaning, "Bright Cleaning", 980_000, "Stairs and corridors", "楼梯和走廊保洁"),
    ):
        await pools.add_invoice(
            finance,
            pool.id,
            supplier=supplier,
            number="A-1",
            invoiced_on=now,
            amount_minor=amount,
            notes={"en": english, "zh_CN": chinese},
        )
    await pools.close(finance, lifts.id)


async def _residents(tenant: Tenant) -> list[tuple[Actor, UUID]]:
    """Return the residents with a story, and a unit of each in this town."""
    found = []
    for one in RESIDENTS:
        door = next((door for door in one.doors if door.institution is TENGAH), None)
        if door is None or not one.is_confirmed:
            continue
        holder = await rows(
            "select h.person_id, a.id from tenants_account a join tenants_holder h on h.tenant_id = $1"
            " and h.account_id = a.id where a.tenant_id = $1 and a.number = $2 and h.person_id is not null limit 1",
            tenant.id,
            door.number,
        )
        if holder:
            who = Actor(kind="payer", name=one.name, person_id=holder[0]["person_id"], tenant_id=tenant.id)
            found.append((who, holder[0]["id"]))
    return found


async def _work(
    tenant: Tenant,
    chief: Actor,
    technician: Actor,
    residents: list[tuple[Actor, UUID]],
    units: list[tuple[UUID, str]],
) -> int:
    """A month of reports: most done and rated, some under way, one that asks for consent, and planned work."""
    kinds = await settings.categories(tenant.id)
    assert technician.person_id is not None  # noqa: S101 - staff are persons
    await settings.add_shift(
        chief, person=technician.person_id, weekdays=[1, 2, 3, 4, 5], from_hour=8, until_hour=18
    )
    by = [residents[number % len(residents)] if number % 6 == 0 else None for number in range(_MONTH)]
    for number, one in enumerate(by):
        place, text = _TROUBLES[number % len(_TROUBLES)]
        source = "online" if one else "phone"
        who, unit = one or (chief, units[number * 37][0])
        said = Report(kinds[place].id, text, account_id=unit, source=source)
        made = await _reported(tenant, technician, who, said, number)
        if number >= _DONE and number % 2 == 0:
            await orders.assign(chief, made, person_id=technician.person_id)
    await _asked(tenant, technician, kinds[3].id, *residents[0])
    return _MONTH + 1 + await _planned(tenant, chief, technician, kinds[0].id)


async def _reported(tenant: Tenant, technician: Actor, who: Actor, said: Report, number: int) -> UUID:
    """One of a month's reports, the oldest first; all but the last few are done, and most of these rated."""
    names, now = Names(SEED + 7 + number), datetime.now(UTC)
    at = now - timedelta(days=29 - number, hours=number % 7)
    made = await orders.report(who, tenant.id, said)
    if number < _DONE:
        await finishing.finish(technician, made.id, text="Put right.")
        if number % 4:
            await finishing.confirm(who, tenant.id, made.id, rating=3 + names.number(0, 2), text="")
    hours = names.number(3, 60)
    await execute(_DATED, tenant.id, made.id, at, min(at + timedelta(hours=hours), now))
    return made.id


async def _asked(tenant: Tenant, technician: Actor, kind: UUID, who: Actor, unit: UUID) -> None:
    """Work under way that asks the resident for consent, and what they and the technician wrote to each other."""
    asked = await orders.report(who, tenant.id, Report(kind, "My balcony door sticks.", account_id=unit))
    await orders.start(technician, asked.id)
    await quotes.add_material(
        technician, asked.id, name="Hinge", quantity=Decimal(2), price_minor=1_250, is_charged=True
    )
    await quotes.quote(technician, asked.id, amount_minor=6_000, text="An hour of work")
    await talking.answer(technician, asked.id, text="The frame is fine. Two hinges are worn out.")
    await talking.write(who, tenant.id, asked.id, text="Could you come after six?")


async def _planned(tenant: Tenant, chief: Actor, technician: Actor, kind: UUID) -> int:
    """Planned work with a checklist, reported from a cellar without network; return how many there are."""
    plan = PlanTerms(
        "Check the pumps", kind, None, 3, today(tenant.timezone), ["Oil", "Listen", "Write down the pressure"]
    )
    await settings.add_plan(chief, plan)
    planned = await settings.due_plans(chief)
    order = await WorkOrder.get(tenant_id=tenant.id, kind="planned")
    said = reports.Said(
        "demonstration-cellar", datetime.now(UTC), {0: True}, text="Oiled; the gauge is broken."
    )
    assert technician.person_id is not None  # noqa: S101 - staff are persons
    await orders.assign(chief, order.id, person_id=technician.person_id)
    await reports.report(technician, order.id, said)
    return planned


async def _life(
    tenant: Tenant,
    chief: Actor,
    keeper: Actor,
    residents: list[tuple[Actor, UUID]],
) -> None:
    """Notices that some have read, a vote under way and one that is over, visitors and a parcel."""
    for titles, bodies, relations in (
        (
            {"en": "Water off on Monday morning", "zh_CN": "周一上午停水"},
            {"en": "From 9 to 11, while the tanks are cleaned.", "zh_CN": "九点至十一点清洗水箱。"},
            [],
        ),
        (
            {"en": "Owners' meeting", "zh_CN": "业主大会"},
            {"en": "On Saturday at 3 in the community hall.", "zh_CN": "周六下午三点，社区大厅。"},
            ["owner"],
        ),
    ):
        notice = await notices.publish(
            chief, (await notices.write(chief, Words(titles, bodies, (), relations))).id
        )
        for who, _ in residents[1:]:
            await notices.read(who, notice)
    await notices.write(chief, Words({"en": "Draft: new opening hours"}, {"en": "From next month on."}))
    await _votes(tenant, chief, residents)
    now = datetime.now(UTC)
    for number, (who, unit) in enumerate(residents[:2]):
        await passes.issue(
            who, tenant.id, unit, Wish("Aunt Rosmah", now, now + timedelta(days=3), 4, "SKA1234")
        )
        seen = await passes.issue(who, tenant.id, unit, Wish("Plumber", now, now + timedelta(hours=8)))
        await _seen(chief, seen, number)
        await parcels.take_in(chief, unit, carrier="Post", note="Large box")
    await _facilities(tenant, chief, keeper, residents)


async def _seen(chief: Actor, seen: VisitorPass, number: int) -> None:
    """Let a visitor in; the first was let in at a second gate, too, while both had no network."""
    shown, at = codes.signed(seen), datetime.now(UTC)
    if number:
        await scanning.scan(chief, Asked(f"demonstration-{number}", shown, new_id()))
        return
    for minutes in (0, 3):
        asked = Asked(
            f"demonstration-off-{minutes}", shown, new_id(), OFFLINE, at + timedelta(minutes=minutes), True
        )
        await scanning.scan(chief, asked)


async def _facilities(
    tenant: Tenant, chief: Actor, keeper: Actor, residents: list[tuple[Actor, UUID]]
) -> None:
    """A hall with a fee and a deposit, a court that costs nothing and is booked; accounts that everybody may see."""
    await booking.add(chief, Offer("Community hall", "社区活动厅", 8, 22, 14, 2_000, 10_000))
    court = await booking.add(chief, Offer("Tennis court", "网球场", 7, 21, 7))
    day = today(tenant.timezone) + timedelta(days=1)
    for hour, (who, unit) in enumerate(residents[:2], start=9):
        await booking.book(who, tenant.id, court.id, account_id=unit, day=day, hour=hour, key="")
    await market.open_shops(chief, keeper)
    await execute(
        "insert into community_public_accounts (tenant_id, word, word_hash, is_on, text) values ($1, $2, $3, true, $4)",
        tenant.id,
        tenant.slug,
        word_hash(tenant.slug),
        "As the owners' meeting has asked for.",
    )


async def _votes(tenant: Tenant, chief: Actor, residents: list[tuple[Actor, UUID]]) -> None:
    ends = datetime.now(UTC) + timedelta(days=9)
    building = await value(
        "select building_id from community_unit where tenant_id = $1 and account_id = $2",
        tenant.id,
        residents[0][1],
    )
    yes_no = {"en": ("Yes", "No"), "zh_CN": ("同意", "反对")}
    paint = Question(
        {"en": "Paint the stairs this year?", "zh_CN": "今年粉刷楼道吗？"},
        {
            "en": "All stairs, from the reserve; nothing is added to anybody's fee.",
            "zh_CN": "粉刷全部楼道，费用从储备金支出，不另外收费。",
        },
        {"en": (*yes_no["en"], "Abstain"), "zh_CN": (*yes_no["zh_CN"], "弃权")},
        "area",
        50,
        ends,
        [building],
    )
    garden = {"en": "Benches in the garden?", "zh_CN": "在花园里添置长椅吗？"}
    benches = Question(garden, {}, yes_no, "head", 0, ends, [building])
    await votes.open_vote(chief, (await votes.draft(chief, paint)).id)
    over = await votes.open_vote(chief, (await votes.draft(chief, benches)).id)
    entry = await value(
        "select id from community_vote_entry where tenant_id = $1 and vote_id = $2 and account_id = $3",
        tenant.id,
        over.id,
        residents[0][1],
    )
    await votes.cast(residents[0][0], tenant.id, entry, choice=0)
    await execute(
        "update community_vote set closes_at = now() - interval '1 day' where tenant_id = $1 and id = $2",
        tenant.id,
        over.id,
    )
    await votes.close(chief, over.id)
    await votes.publish(chief, over.id)
