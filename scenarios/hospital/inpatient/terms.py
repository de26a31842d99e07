"""A hospital's rules for stays, as a section of its terms. Amounts are minor units of its currency."""

from typing import ClassVar

from pydantic import Field

from billing.terms import Section


class StayTerms(Section):
    """When a deposit is low, who may be lent how much, and when what is lacking is due."""

    section: ClassVar[str] = "stays"
    threshold_minor: int = Field(100_000, ge=0)
    """With less than this left, the family is told."""
    remind_hours: int = Field(24, ge=1, le=240)
    """So long nobody is told again."""
    credit_most_minor: int = Field(1_000_000, ge=0)
    """The most that can be lent to one stay."""
    credit_days: int = Field(30, ge=1, le=366)
    """The longest time for which it is lent."""
