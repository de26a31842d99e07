"""A hospital's rules of booking, as a section of the institution's terms."""

from typing import ClassVar

from pydantic import Field

from billing.terms import Section


class BookingTerms(Section):
    """How long, how often and by whom numbers can be had. Times are minutes or days as named."""

    section: ClassVar[str] = "booking"
    hold_minutes: int = Field(15, ge=5, le=60)
    """How long a number waits for its payment."""
    per_day: int = Field(3, ge=1, le=20)
    """Appointments of one patient on one day."""
    per_department_day: int = Field(1, ge=1, le=10)
    missed_most: int = Field(3, ge=1, le=20)
    """So many missed appointments within a year block the patient."""
    block_days: int = Field(30, ge=1, le=366)
    late_behind: int = Field(3, ge=1, le=20)
    """Who did not come when called goes behind so many who wait."""
    offer_minutes: int = Field(30, ge=5, le=240)
    """How long a number that became free is kept for the first who waits for it."""
