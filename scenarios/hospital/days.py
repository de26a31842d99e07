"""Days and minutes of a hospital's own zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = 60
DAY = 24 * HOUR
WEEKEND = 5
"""The first weekday (Monday is 0) of a weekend."""


def at(day: date, minute: int, zone: str) -> datetime:
    """Return the moment so many minutes after a day's midnight by the hospital's clocks."""
    more, left = divmod(minute, DAY)
    hour, rest = divmod(left, HOUR)
    return datetime.combine(day + timedelta(days=more), time(hour, rest), ZoneInfo(zone)).astimezone(UTC)


def local(moment: datetime, zone: str) -> datetime:
    """Return a moment by the hospital's clocks."""
    return moment.astimezone(ZoneInfo(zone))


def clock(minute: int) -> str:
    """Return minutes after midnight as people write them: 08:30."""
    return f"{minute // HOUR:02d}:{minute % HOUR:02d}"


def days_from(first: date, count: int) -> list[date]:
    """Return ``count`` days from ``first`` on."""
    return [first + timedelta(days=n) for n in range(count)]
