"""The palace museum's travel agencies: contracts, two months of groups, statements, and what is booked ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from billing.charges.periods import months_after
from billing.models import FeeItem
from billing.wallets.topping_up import take_top_up
from deploy.seed import people as persons
from deploy.seed.cast import Employee, Institution, join
from integrations.sign_in.codes import Address
from scenarios.tourism.agencies import booking, contracts, lists, statements
from scenarios.tourism.agencies.desk import Desk
from scenarios.tourism.agencies.standing import deposit_of
from scenarios.tourism.kinds import AGENCY, SCENARIO_KEY
from scenarios.tourism.models import Contract, Order, Product, Site, Slot
from scenarios.tourism.orders import people, placing
from scenarios.tourism.orders.people import Buyer
from scenarios.tourism.orders.wishes import Wish
from tenants import uscc
from tenants.days import today
from tenants.models import Account, Holder, Tenant
from tenants.scope import execute, open_scope, tenant_scope

if TYPE_CHECKING:
    from tenants.actor import Actor


def _agency(slug: str, legal: str, name: str, body: str, who: str) -> Institution:
    return Institution(
        slug, legal, name, uscc.make(body), who, who, f"office@{slug}.example", "+65 6555 0910"
    )


SUNRISE = _agency("sunrise", "Sunrise Travel Pte. Ltd.", "Sunrise Travel", "91350100MA2XUNR10", "Fang Min")
SILK = _agency("silkroad", "Silk Road Tours Ltd.", "Silk Road Tours", "91350100MA2X1KR00", "Tan Wei Ming")
HARBOUR = _agency(
    "harbourday", "Harbour Day Trips Ltd.", "Harbour Day Trips", "91350100MA2XHDAY0", "Nora Goh"
)
BOOKER = Employee("op-agency-fang", "方敏 Fang Min", SUNRISE, "booker", "/my/agencies")
join((BOOKER,))
FREE_DAY_BEFORE = [
    {"hours": 24, "percent": 100, "strike": False},
    {"hours": 2, "percent": 50, "strike": False},
]
AGENCIES: tuple[tuple[Institution, str, dict[str, Any]], ...] = (
    (SUNRISE, "A-001", {"counts": "redeemed", "limit_minor": 2_000_000, "allotment": 300, "release_days": 3}),
    (SILK, "A-002", {"counts": "sold", "limit_minor": 800_000, "allotment": 120, "release_days": 5}),
    (HARBOUR, "A-003", {"counts": "redeemed", "limit_minor": 0, "allotment": 0}),
)
GROUP_MINOR, ADULT_MINOR, MONTHS = 3_200, 3_600, 2
_BOOKED = """
insert into tourism_order (tenant_id, id, created_at, number, site_id, slot_id, day, account_id, channel, status,
    currency, total_minor, people, pools, name, contact, contact_kind, contact_hint, locale, paid_at, contract_id,
    by_name)
select $1, new_id(), s.starts_at - interval '9 days',
       'SA' || to_char(s.day, 'YYMMDD') || chr(64 + h.half) || lpad((20 + c.n)::text, 2, '0'),
       s.site_id, s.id, s.day, c.account_id, 'agency', 'paid', n.currency, g.people * $2::bigint, g.people,
       jsonb_build_object(d.id::text, g.people, p.id::text, g.people),
       $3, $4, 'email', 'g***@sunrise.example', 'en', s.starts_at - interval '9 days', c.id, 'Fang Min'
  from tourism_slot s join tenants_tenant n on n.id = $1
  join tourism_pool d on d.tenant_id = $1 and d.site_id = s.site_id and d.day = s.day and d.scope = 'day'
  join tourism_pool p on p.tenant_id = $1 and p.slot_id = s.id and p.scope = 'slot'
  cross join lateral (select case when extract(hour from s.starts_at at time zone n.timezone) < 11
                             then 1 else 2 end half) h
  cross join (select id, account_id, row_number() over (order by created_at, id) n from tourism_contract
               where tenant_id = $1) c
  cross join lateral (select 14 + (extract(doy from s.day)::int * 7 + c.n * 5) % 31 people) g
 where s.tenant_id = $1 and s.day between $5 and $6 and (extract(doy from s.day)::int + c.n) % 3 = 0 and h.half = 1
"""
_THEIR_TICKETS = """
insert into tourism_ticket (tenant_id, id, created_at, order_id, site_id, product_id, bought_id, slot_id, number, day,
    valid_from, valid_until, begins_at, kind, visitor_kind, people, places, price_minor, policy, status, uses, used,
    inside, used_on)
select $1, new_id(), o.created_at, o.id, o.site_id, $2, $2, o.slot_id, o.number, o.day,
       s.starts_at - interval '30 minutes', s.ends_at, s.starts_at, 'group', 'adult', o.people, o.people,
       o.total_minor, '[]', case when u.used = o.people then 'used' when u.used = 0 then 'no_show' else 'part_used' end,
       1, u.used, 0, case when u.used > 0 then o.day end
  from tourism_order o join tourism_slot s on s.tenant_id = $1 and s.id = o.slot_id
  cross join lateral (select case extract(doy from o.day)::int % 9 when 0 then 0 when 3 then o.people - 2
                             else o.people end used) u
 where o.tenant_id = $1 and o.number like 'SA%'
"""


async def sign(tenant: Tenant, site: Site, manager: Actor, issuer: str) -> None:
    """Make the three contracts, and have one agency's clerk book for it."""
    group = await _group(tenant, site)
    palace = await Product.get(tenant_id=tenant.id, key="palace")
    prices = [
        {"product": str(group.id), "kind": "adult", "price_minor": GROUP_MINOR},
        {"product": str(palace.id), "kind": "adult", "price_minor": ADULT_MINOR},
        {"product": str(palace.id), "kind": "child", "price_minor": 0},
    ]
    now = today(tenant.timezone)
    common = {"since": now - timedelta(days=200), "until": now + timedelta(days=300), "prices": prices}
    for agency, number, terms in AGENCIES:
        account = await Account.create(
            tenant_id=tenant.id, scenario=SCENARIO_KEY, kind=AGENCY, number=number, name=agency.short_name,
            sort_key=number, attributes={},
        )  # fmt: skip
        parties = {"account_id": account.id, "site_id": site.id, "uscc": agency.uscc}
        facts = {**parties, **common, "cancel_tiers": FREE_DAY_BEFORE, **terms}
        contract = await contracts.add(manager, facts)
        if agency is SUNRISE:
            await _invite(contract, await persons.employee(BOOKER, issuer))


async def _group(tenant: Tenant, site: Site) -> Product:
    item = await FeeItem.get(tenant_id=tenant.id, key="admission")
    return await Product.create(
        tenant_id=tenant.id, site_id=site.id, fee_item_id=item.id, key="agency_group", kind="group",
        names={"en": "Tour group", "zh_CN": "旅行团"}, about={}, visitor_kinds=["adult"], parts=[],
        refund_tiers=[], real_name="none", least_people=10, is_on_sale=False, position=5,
    )  # fmt: skip


async def _invite(contract: Contract, person_id: Any) -> None:
    await Holder.create(
        tenant_id=contract.tenant_id, account_id=contract.account_id, relation="agent", name=BOOKER.name,
        email=BOOKER.email, person_id=person_id, confirmed_at=contract.created_at,
    )  # fmt: skip


async def remember(tenant: Tenant, first: date, last: date) -> None:
    """Write the groups that agencies brought."""
    group = await Product.get(tenant_id=tenant.id, key="agency_group")
    name = people.seal(people.NAMES, "Fang Min")
    contact = people.seal(people.CONTACTS, "guide@sunrise.example")
    await execute(_BOOKED, tenant.id, GROUP_MINOR, name, contact, first, last)
    await execute(_THEIR_TICKETS, tenant.id, group.id)


async def settle(tenant: Tenant, manager: Actor, clerk: Actor) -> None:
    """Bill the months that are over: the older one paid from the deposit, the last one issued for one agency."""
    found = await _contracts(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        wallet = await deposit_of(found[0])
    await take_top_up(
        clerk, wallet_id=wallet.id, amount_minor=1_500_000, method="cash", key="seed agency deposit",
        tendered_minor=1_500_000,
    )  # fmt: skip
    now = today(tenant.timezone)
    for back in range(MONTHS, 0, -1):
        for contract in found:
            await _bill(contract, months_after(now, -back), manager, is_last=back == 1)


async def _bill(contract: Contract, period: date, manager: Actor, *, is_last: bool) -> None:
    async with open_scope(tenant_scope(contract.tenant_id)):
        draft = await statements.work_out(contract, period)
        is_sunrise = contract.uscc == SUNRISE.uscc
        if is_last and not is_sunrise:
            return
        await statements.issue(manager, draft.id)
        if is_sunrise and not is_last and draft.total_minor:
            await statements.pay_from_deposit(manager, draft.id, key=f"seed {draft.id}")


async def _contracts(tenant: Tenant) -> list[Contract]:
    async with open_scope(tenant_scope(tenant.id)):
        return await Contract.filter(tenant_id=tenant.id).order_by("created_at", "id")


LIST = (
    "Name,Passport,Type\nHe Jun,E3456789A,Adult\nLu Ping,E3456790B,Adult\nLu Xiao,E3456791C,Child\n"
    "Somebody,12,Adult\nHe Jun,E3456789A,Adult\n"
)


async def book(tenant: Tenant, site: Site, issuer: str) -> int:
    """Have the agency's clerk book two groups, and try a list with two rows that are wrong."""
    async with open_scope(tenant_scope(tenant.id)):
        contract = await Contract.get(tenant_id=tenant.id, uscc=SUNRISE.uscc)
        booked = Order.filter(tenant_id=tenant.id, contract_id=contract.id)
        if await booked.exclude(number__startswith="SA").exists():
            return 0
        day = today(tenant.timezone) + timedelta(days=6)
        slots = await Slot.filter(tenant_id=tenant.id, day=day).order_by("starts_at")
        account = await Account.get(tenant_id=tenant.id, id=contract.account_id)
    who = persons.actor("payer", BOOKER.name, await persons.employee(BOOKER, issuer), BOOKER.email)
    desk = Desk(replace(who, tenant_id=tenant.id), account, contract, site, tenant)
    async with open_scope(tenant_scope(tenant.id)):
        await _book(desk, slots)
    return 2


async def _book(desk: Desk, slots: list[Slot]) -> None:
    group = await Product.get(tenant_id=desk.tenant.id, key="agency_group")
    palace = await Product.get(tenant_id=desk.tenant.id, key="palace")
    for slot, count in zip(slots, (38, 24), strict=False):
        asked = placing.Request(
            site_id=desk.site.id, day=slot.day, slot_id=slot.id, wishes=[Wish(group.id, "adult", count)],
            visitors=[], buyer=Buyer("Guide Wu", Address("email", "guide@sunrise.example")), channel="agency",
        )  # fmt: skip
        await booking.book(desk.actor, desk.contract, asked, key=f"seed {slot.id}")
    visit = lists.Visit(palace, slots[0].id, slots[0].day)
    await lists.keep(desk, visit, filename="group-of-may.csv", content=LIST.encode())
    mapped = LIST.replace("Name,Passport,Type", "Who,Papers,Kind")
    await lists.keep(desk, visit, filename="group-of-june.csv", content=mapped.encode())
