"""The terms around an amount: rounding, due day, discounts and late fees."""

from typing import Annotated, Literal

from pydantic import Field

from billing.rules.nodes import Condition, Node, Part
from billing.rules.numbers import Number, Words


class Rounding(Part):
    """The one rounding step of the rule: the mode, and the step the amount becomes a multiple of."""

    mode: Literal["half_up", "half_even", "up", "down"] = "half_up"
    step: Annotated[Number, Field(gt=0)]


class Due(Part):
    """When it is to be paid: a day of the month, ``months_later`` than the period's first month.

    A day that the month does not have is its last day. ``grace_days`` pass before it counts as late.
    """

    day: Annotated[int, Field(ge=1, le=31)] = 1
    months_later: Annotated[int, Field(ge=0, le=24)] = 0
    grace_days: Annotated[int, Field(ge=0, le=366)] = 0


class Discount(Part):
    """Less for accounts that meet a condition. Discounts apply in their order and never go below zero.

    ``take`` reads ``value`` as a percentage or as an amount; a percentage is ``of`` what the earlier
    discounts left, or of the full amount.
    """

    label: Words
    take: Literal["percent", "amount"]
    value: Node
    of: Literal["rest", "full"] = "rest"
    when: Condition | None = None


class LateTerms(Part):
    """What is added to an unpaid charge, and when.

    ``each`` says whether the amount is due each time late fees are run, or for each month or day in arrears
    (then what was charged so far is taken off, so running twice adds nothing). ``after_days`` and
    ``after_months`` are what must pass first. With ``cap`` all late fees together stay within the
    principal. Simple: late fees bear no late fees, as long as the amount refers to the balance
    ``principal``.
    """

    amount: Node
    each: Literal["time", "month", "day"] = "time"
    after_days: Annotated[int, Field(ge=0, le=3660)] = 0
    after_months: Annotated[int, Field(ge=0, le=120)] = 0
    cap: Literal["principal"] | None = None
    at_most_once_months: Annotated[int, Field(ge=1, le=120)] | None = None
    eligible: Condition | None = None
    rounding: Rounding
