"""What a day is to a site: its season, its kind, when it begins, and when it is on sale."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from scenarios.tourism.models import DayRule, Site

SATURDAY = 6
DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Sale:
    """When a day is sold: from, until. ``until`` is the last moment of the day before where a day sells none itself."""

    since: datetime
    until: datetime

    def is_open(self, now: datetime) -> bool:
        """Tell whether tickets are sold at this moment."""
        return self.since <= now < self.until


def season_of(site: Site, day: date) -> str:
    """Return the season a day lies in; a season may run over the end of the year."""
    mark = f"{day:%m-%d}"
    for season in site.seasons:
        first, last = season["from"], season["until"]
        is_in = first <= mark <= last if first <= last else mark >= first or mark <= last
        if is_in:
            return season["key"]
    return "low"


def day_kind(day: date, rule: DayRule | None) -> str:
    """Return holiday, weekend or weekday."""
    if rule is not None and rule.is_holiday:
        return "holiday"
    return "weekend" if day.isoweekday() >= SATURDAY else "weekday"


def moment(day: date, minute: int, zone: str) -> datetime:
    """Return the moment of a minute of a local day; 1440 and beyond are of the next."""
    local = datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(minutes=minute)
    return local.astimezone(UTC)


class Window(Protocol):
    """A window of sale of its own, where it is not the site's."""

    @property
    def opens_days(self) -> int | None:
        """So many days ahead, or as the site."""

    @property
    def opens_minute(self) -> int | None:
        """At this minute of the local day, or as the site."""


def sale_of(site: Site, day: date, zone: str, *own: Window | None) -> Sale:
    """Return when tickets of a day are sold: as the site says, or the later of what slot and product say."""
    windows = [one for one in own if one is not None and one.opens_days is not None]
    since = max((_opens(site, day, zone, one) for one in windows), default=_opens(site, day, zone, None))
    until = moment(day, DAY_MINUTES, zone) if site.sells_on_the_day else moment(day, 0, zone)
    return Sale(since, until)


def _opens(site: Site, day: date, zone: str, own: Window | None) -> datetime:
    days = own.opens_days if own is not None and own.opens_days is not None else site.opens_days
    minute = own.opens_minute if own is not None and own.opens_minute is not None else site.opens_minute
    return moment(day - timedelta(days=days), minute, zone)
