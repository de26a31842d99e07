"""What planners type, and how it reads as facts of a row."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from scenarios.tourism.calendar.days import DAY_MINUTES
from ui.fields import Day, FieldError
from ui.i18n import N_, t

MOST_PEOPLE = 1_000_000
TIERS = 4
"""Refund tiers that the form offers."""


def _minute(value: object) -> object:
    """Read a time of the day as browsers send it."""
    if not isinstance(value, str):
        return value
    hours, _, minutes = value.strip().partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60):  # noqa: PLR2004
        raise FieldError(t("Enter a time like 08:30."))
    return int(hours) * 60 + int(minutes)


Minute = Annotated[int, BeforeValidator(_minute)]


def as_clock(minute: int) -> str:
    """Return a minute of the day as a time field shows it."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


class _Named(BaseModel):
    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str | None = Field(None, title=N_("Name in Chinese"), max_length=60)

    @property
    def names(self) -> dict[str, str]:
        """The names by locale."""
        return {"en": self.name_en, **({"zh_CN": self.name_zh} if self.name_zh else {})}


class SiteForm(_Named):
    """A site: its caps, and when its tickets are sold."""

    word: str = Field(
        title=N_("Word in addresses"), max_length=40, pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$"
    )
    about_en: str | None = Field(None, title=N_("For visitors, in English"), max_length=500)
    about_zh: str | None = Field(None, title=N_("For visitors, in Chinese"), max_length=500)
    day_cap: int = Field(title=N_("Approved cap: people a day"), ge=0, le=MOST_PEOPLE)
    instant_cap: int = Field(title=N_("Approved cap: people at once"), ge=0, le=MOST_PEOPLE)
    alarm_percent: int = Field(90, title=N_("Alarm from so many percent"), ge=1, le=100)
    opens_days: int = Field(7, title=N_("Days ahead that are on sale"), ge=0, le=365)
    opens: Minute = Field(1200, title=N_("A new day goes on sale at"))
    sells_on_the_day: bool = Field(False, title=N_("Tickets are sold on the day itself"))
    closes_minutes: int = Field(
        120, title=N_("Minutes after its start that a slot is sold"), ge=0, le=DAY_MINUTES
    )
    hold_minutes: int = Field(15, title=N_("Minutes to pay"), ge=5, le=DAY_MINUTES)
    most_per_order: int = Field(10, title=N_("People in one order, at most"), ge=1, le=200)
    peak_from: str | None = Field(None, title=N_("Peak season from (month-day)"), pattern=r"^\d\d-\d\d$")
    peak_until: str | None = Field(None, title=N_("Peak season until (month-day)"), pattern=r"^\d\d-\d\d$")
    is_open: bool = Field(False, title=N_("Sell tickets to visitors"))

    def facts(self) -> dict[str, Any]:
        """Return the facts of the row."""
        plain = ("word", "day_cap", "instant_cap", "alarm_percent", "opens_days", "sells_on_the_day")
        more = ("closes_minutes", "hold_minutes", "most_per_order", "is_open")
        peak = {"key": "peak", "from": self.peak_from, "until": self.peak_until}
        return {name: getattr(self, name) for name in (*plain, *more)} | {
            "names": self.names,
            "about": {"en": self.about_en or "", "zh_CN": self.about_zh or self.about_en or ""},
            "opens_minute": self.opens,
            "seasons": [peak] if self.peak_from and self.peak_until else [],
        }


class TierRow(BaseModel):
    """One refund tier; a row without hours counts for nothing."""

    hours: int | None = Field(None, title=N_("Hours before"), ge=-48, le=8760)
    percent: int | None = Field(None, title=N_("Percent back"), ge=0, le=100)
    strike: bool = Field(False, title=N_("Counts as not coming"))


class ProductForm(_Named):
    """A product: what it is, who may buy it, its fee, and when money comes back."""

    key: str = Field(title=N_("Short name"), max_length=40, pattern=r"^[a-z0-9_]+$")
    kind: str = Field("single", title=N_("Kind"), pattern=r"^(single|combo|group|pass|extra)$")
    about_en: str | None = Field(None, title=N_("For visitors, in English"), max_length=500)
    about_zh: str | None = Field(None, title=N_("For visitors, in Chinese"), max_length=500)
    fee_item_id: UUID = Field(title=N_("Fee"))
    visitor_kinds: list[str] = Field(title=N_("Sold to"), min_length=1)
    parts: list[str] = Field(default_factory=list, title=N_("Made of"))
    real_name: str = Field("none", title=N_("Names"), pattern=r"^(none|lead|each)$")
    is_slotted: bool = Field(False, title=N_("Bought for a time"))
    uses: int = Field(1, title=N_("Entries"), ge=1, le=255)
    valid_days: int = Field(0, title=N_("Days a pass is good for"), ge=0, le=1100)
    least_people: int = Field(1, title=N_("People of a group, at least"), ge=1, le=200)
    is_transferable: bool = Field(False, title=N_("May be passed on to somebody else"))
    is_on_sale: bool = Field(False, title=N_("On sale"))
    opens_days: int | None = Field(None, title=N_("Days ahead that it is on sale"), ge=0, le=365)
    opens: Minute | None = Field(None, title=N_("On sale from this time of day"))
    receiver_id: UUID | None = Field(None, title=N_("Merchant on site"))
    tiers: list[TierRow] = Field(default_factory=list, title=N_("Money back"))

    def facts(self) -> dict[str, Any]:
        """Return the facts of the row."""
        plain = ("key", "kind", "fee_item_id", "visitor_kinds", "parts", "real_name", "is_slotted", "uses")
        more = ("valid_days", "least_people", "is_transferable", "is_on_sale", "opens_days", "receiver_id")
        return {name: getattr(self, name) for name in (*plain, *more)} | {
            "opens_minute": self.opens,
            "names": self.names,
            "about": {"en": self.about_en or "", "zh_CN": self.about_zh or self.about_en or ""},
            "refund_tiers": [
                {"hours": one.hours, "percent": one.percent or 0, "strike": one.strike}
                for one in self.tiers
                if one.hours is not None
            ],
        }


class TemplateForm(_Named):
    """A slot that returns."""

    weekdays: list[int] = Field(title=N_("Days of the week"), min_length=1)
    start: Minute = Field(title=N_("Begins"))
    end: Minute = Field(title=N_("Ends"))
    grace_before: int = Field(0, title=N_("Minutes before that the gate lets in"), ge=0, le=DAY_MINUTES)
    grace_after: int = Field(
        0, title=N_("Minutes after its end that the gate still lets in"), ge=0, le=DAY_MINUTES
    )
    capacity: int = Field(title=N_("How many people"), ge=0, le=MOST_PEOPLE)
    for_agencies: int | None = Field(None, title=N_("Of these, for agencies at most"), ge=0, le=MOST_PEOPLE)
    since: Day = Field(title=N_("From"))
    until: Day | None = Field(None, title=N_("Last day"))
    opens_days: int | None = Field(None, title=N_("Days ahead that it is on sale"), ge=0, le=365)
    opens: Minute | None = Field(None, title=N_("On sale from this time of day"))

    def facts(self) -> dict[str, Any]:
        """Return the facts of the row."""
        return {
            "names": self.names,
            "weekdays": sorted(set(self.weekdays)),
            "start_minute": self.start,
            "end_minute": self.end,
            "grace_before": self.grace_before,
            "grace_after": self.grace_after,
            "capacity": self.capacity,
            "allotments": {} if self.for_agencies is None else {"agency": self.for_agencies},
            "since": self.since,
            "until": self.until,
            "opens_days": self.opens_days,
            "opens_minute": self.opens,
        }


class DayForm(BaseModel):
    """An exception of one day."""

    is_shut: bool = Field(False, title=N_("Closed on this day"))
    is_holiday: bool = Field(False, title=N_("Public holiday"))
    cap_percent: int = Field(100, title=N_("Percent of the approved cap"), ge=0, le=100)
    reason: str = Field("", title=N_("Reason"), max_length=200)
    weather: str = Field("", title=N_("Weather"), max_length=100)
