"""Everything that is sold on a day, and at what price, read in one statement each: for one order, or for a page.

Rows come as PostgreSQL's own records, which costs a round trip for all of them instead of one for each table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model

from scenarios.tourism.calendar.prices import PriceList, price_list
from scenarios.tourism.models import DayRule, Product, Site, Slot, SlotTemplate
from tenants.models import Tenant
from tenants.scope import row

Row = TypeVar("Row", bound=Model)
_RULES = """
  array(select (f.fee_item_id, f.document::text, f.effective_until) from billing_fee_rule f
         where f.tenant_id = $1 and f.status = 'active' and f.effective_from <= $3
           and f.fee_item_id in (select p.fee_item_id from tourism_product p where p.tenant_id = $1 and {which})
         order by f.effective_from) fee_rules,
  array(select p from tourism_product p where p.tenant_id = $1 and p.site_id = $2 and {which}
         order by p.position, p.key) products,
  (select r from tourism_day_rule r where r.tenant_id = $1 and r.site_id = $2 and r.day = $3) rule
"""
_ON_SALE = f"""
select {_RULES.format(which="p.is_on_sale")},
       array(select (r.id, r.name) from billing_receiver r where r.tenant_id = $1
                and r.id in (select p.receiver_id from tourism_product p where p.tenant_id = $1 and p.site_id = $2))
         receivers
"""
_VISIT = f"""
select s site, t tenant,
       (select l from tourism_slot l where l.tenant_id = $1 and l.site_id = $2 and l.id = $4 and l.day = $3) slot,
       (select m from tourism_slot l join tourism_slot_template m on m.tenant_id = $1 and m.id = l.template_id
         where l.tenant_id = $1 and l.id = $4) template,
       array(select (p.id, p.capacity - p.held - p.sold) from tourism_pool p
              where p.tenant_id = $1 and p.site_id = $2 and p.day = $3
                and (p.scope = 'day' or (p.slot_id = $4 and (p.scope = 'slot'
                     or (p.scope = 'channel' and p.channel = $6))))) free,
       {_RULES.format(which="p.id = any ($5::uuid[])")}
  from tourism_site s join tenants_tenant t on t.id = s.tenant_id where s.tenant_id = $1 and s.id = $2
"""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is sold on a day: products in their order, prices, the day's exception, and whose each product is."""

    rule: DayRule | None
    products: Sequence[Product]
    prices: PriceList
    merchants: dict[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that an order is judged by: when and where, the products asked for, and what is free in the pools."""

    site: Site
    tenant: Tenant
    slot: Slot | None
    template: SlotTemplate | None
    catalogue: Catalogue
    free: dict[UUID, int]


async def on_sale(site: Site, day: date) -> Catalogue:
    """Return everything that a site has on sale on a day."""
    found = await row(_ON_SALE, site.tenant_id, site.id, day)
    assert found is not None  # noqa: S101 - it is one row in any case
    names = {one[0]: one[1] for one in found["receivers"]}
    made = _catalogue(site, day, found)
    owners = {one.id: names[one.receiver_id] for one in made.products if one.receiver_id in names}
    return Catalogue(made.rule, made.products, made.prices, owners)


async def facts_of(  # noqa: PLR0917 - where, when and what
    tenant_id: UUID, site_id: UUID, day: date, slot_id: UUID | None, product_ids: Iterable[UUID], channel: str
) -> Facts | None:
    """Return what an order for a day and slot is judged by; nothing where there is no such site."""
    found = await row(_VISIT, tenant_id, site_id, day, slot_id, list(product_ids), channel)
    if found is None:
        return None
    site = read(Site, found["site"])
    assert site is not None  # noqa: S101 - the row that the others hang on
    tenant = read(Tenant, found["tenant"])
    assert tenant is not None  # noqa: S101 - likewise
    return Facts(
        site,
        tenant,
        read(Slot, found["slot"]),
        read(SlotTemplate, found["template"]),
        _catalogue(site, day, found),
        {one[0]: one[1] for one in found["free"]},
    )


def _catalogue(site: Site, day: date, found: Any) -> Catalogue:
    rule = read(DayRule, found["rule"])
    products = [made for one in found["products"] if (made := read(Product, one))]
    return Catalogue(rule, products, price_list(site, day, rule, found["fee_rules"]))


def read(model: type[Row], found: Any) -> Row | None:
    """Return a row of PostgreSQL's as what it is a row of."""
    return None if found is None else model._init_from_db(**dict(found))  # noqa: SLF001 - a row, however it was read
