"""What a school has decided about how it works with teachers and parents."""

from typing import ClassVar

from billing.terms import Section


class SchoolTerms(Section):
    """What holds for teachers and for meals.

    ``teachers_see_payment``: a class teacher sees who of the class has paid or not, never how much.
    ``meal_notice_days``: how many days ahead the kitchen has to know; ``meal_least_days``: how many school days away
    are refunded at the least. ``refund_groups``: groups of fees that are refunded by days when a pupil leaves;
    ``term_months``: how long a term is of which no dates are known.
    """

    section: ClassVar[str] = "education"
    teachers_see_payment: bool = False
    meal_notice_days: int = 1
    meal_least_days: int = 1
    refund_groups: tuple[str, ...] = ("tuition", "boarding", "services", "canteen")
    term_months: int = 5
