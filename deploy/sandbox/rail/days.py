"""The bank's calendar: a day is cut at 00:00 in UTC+8."""

from datetime import date, datetime, timedelta, timezone

from deploy.sandbox.world import World

_ZONE = timezone(timedelta(hours=8))


def zoned(moment: datetime) -> datetime:
    """A moment as the bank's clocks show it."""
    return moment.astimezone(_ZONE)


def today(world: World) -> date:
    """The day that runs in the bank's zone."""
    return zoned(world.clock.now()).date()
