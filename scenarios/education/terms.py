"""What a school has decided about how it works with teachers and parents."""

from typing import ClassVar

from billing.terms import Section


class SchoolTerms(Section):
    """``teachers_see_payment``: a class teacher sees who of the class has paid or not, never how much."""

    section: ClassVar[str] = "education"
    teachers_see_payment: bool = False
