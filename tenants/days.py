"""The day it is: an institution's, and a bank's, begins at its own midnight, hours before or after UTC's.

This is the one place that asks what day it is; in SQL it is ``day_of(tenant)``, ``bank_day_of(bank)`` and
``day_in(zone)``, and nothing says ``current_date``. Moments are UTC everywhere. What is from one day until another has
both; ``lasts(until, day)`` and ``covers(since, until, day)`` ask it in SQL, and an open end is empty.
"""

from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from tenants.actor import Actor
from tenants.models import Bank, Tenant

ZONES = {
    "CN": "Asia/Shanghai",
    "HK": "Asia/Hong_Kong",
    "JP": "Asia/Tokyo",
    "MY": "Asia/Kuala_Lumpur",
    "SG": "Asia/Singapore",
}
"""The time zone of a bank's console and of its days, by the bank's country; elsewhere they are UTC's."""


def day_at(moment: datetime, zone: str) -> date:
    """Return the day a moment belongs to in a zone (IANA name)."""
    return moment.astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """Return the moment at which a day begins in a zone (IANA name)."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def today(zone: str) -> date:
    """Return the day it is now in an institution's zone (IANA name)."""
    return day_at(datetime.now(UTC), zone)


def day_named(text: str) -> date | None:
    """Return the day (``2026-03-10``) that an address or a form names, or nothing."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def today_at(tenant_id: UUID | None) -> date:
    """Return the day it is now at an institution."""
    return today((await Tenant.get(id=tenant_id)).timezone)


def today_of(actor: Actor) -> date:
    """Return the day it is now at the institution whose staff somebody is."""
    return today(actor.place["timezone"])


def bank_zone(country: str) -> str:
    """Return the zone in which the days of a country's banks begin and end."""
    return ZONES.get(country, "UTC")


async def today_at_bank(bank_id: UUID | None) -> date:
    """Return the day it is now at a bank, and at whoever has no institution with it yet."""
    return today(bank_zone((await Bank.get(id=bank_id)).country))
