"""Months: bills are for one, rules begin with one, and each institution's day ends in its own zone."""

from calendar import monthrange
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from tenants.models import Tenant

MONTHS = 12


def today(zone: str) -> date:
    """Return the day it is now in an institution's zone (IANA name)."""
    return datetime.now(UTC).astimezone(ZoneInfo(zone)).date()


async def today_at(tenant_id: UUID | None) -> date:
    """Return the day it is now at an institution."""
    return today((await Tenant.get(id=tenant_id)).timezone)


def months_after(day: date, count: int) -> date:
    """Return the first day of the month ``count`` months after ``day``'s (before it, when negative)."""
    months = day.year * MONTHS + day.month - 1 + count
    return date(months // MONTHS, months % MONTHS + 1, 1)


def last_day(period: date) -> date:
    """Return the last day of the month that begins with ``period``."""
    return period.replace(day=monthrange(period.year, period.month)[1])


def day_in(period: date, day: int) -> date:
    """Return the given day of the month, or its last where it is shorter."""
    return period.replace(day=min(day, last_day(period).day))
