"""When an institution reminds, and when it keeps quiet: terms, and moments worked out from them."""

from datetime import datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from billing.terms import Section

MOST_STEPS = 8
FURTHEST = 180


class Step(BaseModel):
    """``offset_days`` from the due day (negative: before). A final notice goes out to those who want no reminders."""

    offset_days: int
    is_final: bool = False

    @property
    def key(self) -> str:
        """The step's name; with its bill it makes a reminder that is sent once."""
        return f"day{self.offset_days:+d}"


PLAN = (Step(offset_days=-3), Step(offset_days=0), Step(offset_days=7), Step(offset_days=21, is_final=True))


class ReminderTerms(Section):
    """``channels`` in the order of trying an address; in the product it shows whenever the holder has signed up.

    Quiet hours are of the institution's zone; what falls into them is sent when they end. ``quiet_from`` equal to
    ``quiet_until`` means none.
    """

    section: ClassVar[str] = "reminders"
    is_on: bool = True
    steps: tuple[Step, ...] = PLAN
    has_email: bool = True
    has_sms: bool = False
    quiet_from: int = 21
    quiet_until: int = 8


def may_send_at(now: datetime, zone: str, terms: ReminderTerms) -> datetime:
    """Return the moment, now or later, at which a message may leave."""
    local = now.astimezone(ZoneInfo(zone))
    if not _is_quiet(local.hour, terms):
        return now
    ends = datetime.combine(local.date(), time(terms.quiet_until), ZoneInfo(zone))
    return ends if ends > local else ends + timedelta(days=1)


def _is_quiet(hour: int, terms: ReminderTerms) -> bool:
    start, end = terms.quiet_from, terms.quiet_until
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end
