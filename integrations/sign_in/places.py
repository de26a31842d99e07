"""Where a signed-in person may go."""

from dataclasses import dataclass
from uuid import UUID

from tenants.navigation import start_of
from tenants.permissions import BANK_ROLES
from tenants.scope import rows, value
from ui.formats import datetime_text, listed
from ui.i18n import Text, current_locale, t


@dataclass(frozen=True, slots=True)
class Place:
    """One door: its name, what the person is there, and the address."""

    name: Text | str
    hint: Text | str
    href: str
    icon: str


_TENANTS = """
select distinct t.slug, t.short_name, t.name from tenants_membership m join tenants_tenant t on t.id = m.tenant_id
 where m.person_id = $1 and m.ended_at is null order by t.short_name limit 500
"""
_BANKS = """
select b.slug, b.name, b.name_en, array_agg(m.role order by m.role) roles
  from tenants_bank_membership m join tenants_bank b on b.id = m.bank_id
 where m.person_id = $1 and m.ended_at is null group by b.slug, b.name, b.name_en order by b.name_en
"""
_VENDORS = """
select v.slug, v.name from integrations_vendor_member m join integrations_vendor v on v.id = m.vendor_id
 where m.person_id = $1 and m.ended_at is null order by v.name
"""
_HOLDS = "select exists (select 1 from tenants_holder where person_id = $1 and confirmed_at is not null)"


_SUPPORTED = """
select t.slug, t.short_name, t.timezone, s.until
  from tenants_support_access s join tenants_tenant t on t.id = s.tenant_id
 where s.person_id = $1 and s.ended_at is null and s.until > now() order by t.short_name
"""


async def places_of(person_id: UUID) -> list[Place]:
    """Return the person's places in the open person scope: banks, institutions, their own bills."""
    found = [_bank(row["slug"], _name(row), row["roles"]) for row in await rows(_BANKS, person_id)]
    found += [
        Place(row["short_name"], row["name"], start_of(row["slug"]), "building")
        for row in await rows(_TENANTS, person_id)
    ]
    found += [
        Place(row["name"], t("Offers apps"), f"/vendor/{row['slug']}", "app")
        for row in await rows(_VENDORS, person_id)
    ]
    found += [
        Place(
            row["short_name"],
            t("Support access until {time}", time=datetime_text(row["until"], row["timezone"])),
            f"/t/{row['slug']}",
            "lock",
        )
        for row in await rows(_SUPPORTED, person_id)
    ]
    if await value(_HOLDS, person_id):
        found.append(Place(t("My bills"), t("See and pay what I owe"), "/my", "bill"))
    return found


def _bank(slug: str, name: str, roles: list[str]) -> Place:
    words = [str(Text(BANK_ROLES[role].name)) for role in roles if role in BANK_ROLES]
    return Place(name, listed(words), f"/bank/{slug}", "bank")


def _name(row: dict[str, str]) -> str:
    return row["name"] if current_locale() == "zh_CN" else row["name_en"]
